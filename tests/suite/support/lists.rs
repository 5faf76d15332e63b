//! Lists, as a client pages through them.
#![allow(dead_code, reason = "no test file uses all of it")]

use crate::support::actor::Actor;
use serde_json::{Value, json};

/// A connection somewhere in the schema.
#[derive(Clone, Debug)]
pub struct List {
    parent: Option<&'static str>,
    field: &'static str,
    arguments: String,
}

/// One page of it.
#[derive(Debug)]
pub struct Page {
    pub ids: Vec<i64>,
    pub cursors: Vec<String>,
    pub has_previous: bool,
    pub has_next: bool,
}

impl List {
    /// One of the query's own lists.
    pub fn of(field: &'static str) -> Self {
        Self { parent: None, field, arguments: String::new() }
    }

    /// A list of an object, as in `interview(id: 27)`.
    pub fn below(parent: &'static str, field: &'static str) -> Self {
        Self { parent: Some(parent), field, arguments: String::new() }
    }

    /// With arguments that every page has.
    pub fn with(self, arguments: impl Into<String>) -> Self {
        Self { arguments: arguments.into(), ..self }
    }

    /// The document that asks for a window of the list.
    pub fn query(&self, window: &str, selection: &str) -> String {
        let arguments = format!("{} {window}", self.arguments);
        let arguments = if arguments.trim().is_empty() { String::new() } else { format!("({arguments})") };
        let list = format!("{}{arguments} {{ {selection} }}", self.field);
        match self.parent {
            Some(parent) => format!("{{ {parent} {{ {list} }} }}"),
            None => format!("{{ {list} }}"),
        }
    }

    /// The path of the list in an answer.
    pub fn path(&self) -> Vec<&'static str> {
        let parent = self.parent.map(|parent| parent.split('(').next().unwrap());
        parent.into_iter().chain([self.field]).collect()
    }

    /// A selection of the list that can be answered.
    pub async fn select(&self, actor: &Actor, window: &str, selection: &str) -> Value {
        let data = actor.ask(&self.query(window, selection), json!({})).await;
        data.pointer(&format!("/{}", self.path().join("/"))).unwrap().clone()
    }

    /// A page, whose parts agree with one another.
    pub async fn page(&self, actor: &Actor, window: &str) -> Page {
        let selection = "edges { cursor node { id } } nodes { id } \
            pageInfo { hasPreviousPage hasNextPage startCursor endCursor }";
        let list = self.select(actor, window, selection).await;
        let id = |node: &Value| node["id"].as_str().unwrap().parse().unwrap();
        let (edges, info) = (list["edges"].as_array().unwrap(), &list["pageInfo"]);
        let ids: Vec<i64> = list["nodes"].as_array().unwrap().iter().map(id).collect();
        let cursors: Vec<String> = edges.iter().map(|edge| edge["cursor"].as_str().unwrap().to_owned()).collect();
        assert_eq!(edges.iter().map(|edge| id(&edge["node"])).collect::<Vec<i64>>(), ids, "edges and nodes");
        assert_eq!(info["startCursor"], json!(cursors.first()));
        assert_eq!(info["endCursor"], json!(cursors.last()));
        let flag = |name: &str| info[name].as_bool().unwrap();
        Page { ids, cursors, has_previous: flag("hasPreviousPage"), has_next: flag("hasNextPage") }
    }

    /// Every id, page by page from the start.
    pub async fn walk(&self, actor: &Actor, size: usize) -> Vec<i64> {
        let mut page = self.page(actor, &format!("first: {size}")).await;
        assert!(!page.has_previous, "nothing comes before the first page");
        let mut ids = page.ids;
        while page.has_next {
            assert_eq!(page.cursors.len(), size, "a page before the last one is full");
            page = self.page(actor, &format!("first: {size}, after: {:?}", page.cursors.last().unwrap())).await;
            assert!(page.has_previous && !page.ids.is_empty(), "{page:?}");
            ids.extend(&page.ids);
        }
        ids
    }

    /// Every id, page by page from the end; in the order of the list all the same.
    pub async fn walk_back(&self, actor: &Actor, size: usize) -> Vec<i64> {
        let mut page = self.page(actor, &format!("last: {size}")).await;
        assert!(!page.has_next, "nothing comes after the last page");
        let mut ids = page.ids;
        while page.has_previous {
            assert_eq!(page.cursors.len(), size, "a page after the first one is full");
            page = self.page(actor, &format!("last: {size}, before: {:?}", page.cursors.first().unwrap())).await;
            assert!(page.has_next && !page.ids.is_empty(), "{page:?}");
            ids.splice(0..0, page.ids.iter().copied());
        }
        ids
    }

    /// Whether a window of it can be answered.
    pub async fn answers(&self, actor: &Actor, window: &str) -> bool {
        let answer = actor.graphql(&self.query(window, "nodes { id }"), json!({})).await;
        answer.get("errors").is_none()
    }

    /// The one error that an answer consists of: its code, its message. Nothing else comes with it.
    pub async fn refusal(&self, actor: &Actor, window: &str) -> (String, String) {
        let answer = actor.graphql(&self.query(window, "nodes { id } totalCount"), json!({})).await;
        let errors = answer["errors"].as_array().unwrap_or_else(|| panic!("{window} was answered: {answer}"));
        assert_eq!(errors.len(), 1, "{window}: {answer}");
        let extensions = errors[0]["extensions"].as_object().unwrap();
        assert_eq!(extensions.len(), 1, "nothing but a code: {answer}");
        if errors[0].get("path").is_some() {
            assert_eq!(errors[0]["path"], json!(self.path()), "{window}");
        }
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&extensions["code"]), text(&errors[0]["message"]))
    }
}
