//! Connections of the schema as a client pages through them.

use crate::support::actor::Actor;
use interviews::domain::{InterviewId, IntervieweeId};
use serde_json::{Value, json};

/// A connection field of the query or of an object.
#[derive(Clone, Debug)]
pub struct List {
    /// The field of the query that holds the list, with its arguments.
    parent: Option<String>,
    field: &'static str,
    arguments: String,
}

#[derive(Debug)]
pub struct Page {
    pub ids: Vec<i64>,
    pub cursors: Vec<String>,
    pub has_previous: bool,
    pub has_next: bool,
}

impl List {
    /// A list of the query.
    pub fn of(field: &'static str) -> Self {
        Self { parent: None, field, arguments: String::new() }
    }

    /// The interviews of an application.
    pub fn interviews_of(application: IntervieweeId) -> Self {
        Self { parent: Some(format!("interviewee(id: {application})")), ..Self::of("interviews") }
    }

    /// The history of an interview.
    pub fn history_of(interview: InterviewId) -> Self {
        Self { parent: Some(format!("interview(id: {interview})")), ..Self::of("history") }
    }

    /// Adds arguments of every page.
    pub fn with(self, arguments: impl Into<String>) -> Self {
        Self { arguments: arguments.into(), ..self }
    }

    /// A query of the page that these arguments select.
    fn query(&self, window: &str, selection: &str) -> String {
        let arguments = format!("{} {window}", self.arguments);
        let arguments = if arguments.trim().is_empty() { String::new() } else { format!("({arguments})") };
        let list = format!("{}{arguments} {{ {selection} }}", self.field);
        match &self.parent {
            Some(parent) => format!("{{ {parent} {{ {list} }} }}"),
            None => format!("{{ {list} }}"),
        }
    }

    /// The path of the list in an answer.
    fn path(&self) -> Vec<&str> {
        let parent = self.parent.as_deref().map(|parent| parent.split('(').next().unwrap());
        parent.into_iter().chain([self.field]).collect()
    }

    /// A selection of the list; fails if the answer has errors.
    pub async fn select(&self, actor: &Actor, window: &str, selection: &str) -> Value {
        let data = actor.ask(&self.query(window, selection), json!({})).await;
        data.pointer(&format!("/{}", self.path().join("/"))).unwrap().clone()
    }

    /// A page; fails if its edges, nodes and cursors do not agree.
    pub async fn page(&self, actor: &Actor, window: &str) -> Page {
        let selection = "edges { cursor node { id } } nodes { id } \
            pageInfo { hasPreviousPage hasNextPage startCursor endCursor }";
        let list = self.select(actor, window, selection).await;
        let id = |node: &Value| node["id"].as_str().unwrap().parse().unwrap();
        let (edges, info) = (list["edges"].as_array().unwrap(), &list["pageInfo"]);
        let ids: Vec<i64> = list["nodes"].as_array().unwrap().iter().map(id).collect();
        let cursors: Vec<String> = edges.iter().map(|edge| edge["cursor"].as_str().unwrap().to_owned()).collect();
        assert_eq!(edges.iter().map(|edge| id(&edge["node"])).collect::<Vec<i64>>(), ids, "edges and nodes differ");
        assert_eq!(info["startCursor"], json!(cursors.first()));
        assert_eq!(info["endCursor"], json!(cursors.last()));
        let flag = |name: &str| info[name].as_bool().unwrap();
        Page { ids, cursors, has_previous: flag("hasPreviousPage"), has_next: flag("hasNextPage") }
    }

    /// All ids, read page by page from the start.
    pub async fn walk(&self, actor: &Actor, size: usize) -> Vec<i64> {
        let mut page = self.page(actor, &format!("first: {size}")).await;
        assert!(!page.has_previous, "the first page has a previous one");
        let mut ids = page.ids;
        while page.has_next {
            assert_eq!(page.cursors.len(), size, "a page before the last one is not full");
            page = self.page(actor, &format!("first: {size}, after: {:?}", page.cursors.last().unwrap())).await;
            assert!(page.has_previous && !page.ids.is_empty(), "{page:?}");
            ids.extend(&page.ids);
        }
        ids
    }

    /// All ids in the order of the list, read page by page from the end.
    pub async fn walk_back(&self, actor: &Actor, size: usize) -> Vec<i64> {
        let mut page = self.page(actor, &format!("last: {size}")).await;
        assert!(!page.has_next, "the last page has a next one");
        let mut ids = page.ids;
        while page.has_previous {
            assert_eq!(page.cursors.len(), size, "a page after the first one is not full");
            page = self.page(actor, &format!("last: {size}, before: {:?}", page.cursors.first().unwrap())).await;
            assert!(page.has_next && !page.ids.is_empty(), "{page:?}");
            ids.splice(0..0, page.ids.iter().copied());
        }
        ids
    }

    /// The code and the message of the one error of an answer. Fails if there is anything else in its extensions but
    /// the reason of `UNAUTHENTICATED`, or a path to another field.
    pub async fn error(&self, actor: &Actor, window: &str) -> (String, String) {
        let answer = actor.graphql(&self.query(window, "nodes { id } totalCount"), json!({})).await;
        let errors = answer["errors"].as_array().unwrap_or_else(|| panic!("{window} was answered: {answer}"));
        assert_eq!(errors.len(), 1, "{window}: {answer}");
        let extensions = errors[0]["extensions"].as_object().unwrap();
        let others = extensions.keys().filter(|name| !["code", "reason"].contains(&name.as_str())).count();
        assert_eq!(others, 0, "more than a code: {answer}");
        if errors[0].get("path").is_some() {
            assert_eq!(errors[0]["path"], json!(self.path()), "{window}");
        }
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&extensions["code"]), text(&errors[0]["message"]))
    }
}

/// The error with code `BAD_USER_INPUT` and this message.
pub fn bad_user_input(message: &str) -> (String, String) {
    ("BAD_USER_INPUT".to_owned(), message.to_owned())
}
