//! A request that can be sent over REST and over GraphQL, with its outcome in the form of the REST API.

use crate::support::actor::Actor;
use crate::support::rest::etag;
use serde_json::{Map, Value, json};

/// A request that both APIs have. Fields have their names in the REST API.
#[derive(Clone, Debug)]
pub enum Request {
    Create(Value),
    Update(&'static str, Value),
    Amend(Side, &'static str, Value),
    Accept(Side, &'static str),
    Cancel(&'static str),
    Reject(&'static str),
}

/// The side whose REST route is used.
#[derive(Clone, Copy, Debug)]
pub enum Side {
    Staff,
    Driver,
}

/// The interview as in a REST response, or the errors: code, message, path.
pub type Outcome = Result<Value, Vec<(String, String, String)>>;

impl Request {
    pub async fn by_rest(&self, who: &Actor, version: Option<i32>) -> (u16, Outcome) {
        let staff = "/api/v1/interviews";
        let of = |side: &Side| if matches!(side, Side::Staff) { staff } else { "/api/v1/users/interviews" };
        let (method, path, fields) = match self {
            Self::Create(fields) => ("POST", staff.to_owned(), fields.clone()),
            Self::Update(id, fields) => ("PATCH", format!("{staff}/{id}"), fields.clone()),
            Self::Amend(side, id, fields) => ("POST", format!("{}/{id}/amend", of(side)), fields.clone()),
            Self::Accept(side, id) => ("POST", format!("{}/{id}/accept", of(side)), json!({})),
            Self::Cancel(id) => ("POST", format!("{staff}/{id}/cancel"), json!({})),
            Self::Reject(id) => ("POST", format!("{}/{id}/reject", of(&Side::Driver)), json!({})),
        };
        let id = path.trim_start_matches(of(&Side::Driver)).trim_start_matches(staff).split('/').nth(1).unwrap_or("");
        let tag = version.map(|version| etag(id, version));
        let headers: Vec<(&str, &str)> = tag.iter().map(|tag| ("if-match", tag.as_str())).collect();
        let answer = who.rest_with(method, &path, &json!({"interview": fields}), &headers).await;
        let mut body = answer.json();
        let outcome = match body.get("errors") {
            None => Ok(body["interview"].take()),
            Some(errors) => Err(refusals(errors)),
        };
        (answer.status.as_u16(), outcome)
    }

    pub async fn by_graphql(&self, who: &Actor, version: Option<i32>) -> Outcome {
        let (mutation, declared, given, variables) = match self {
            Self::Create(fields) => {
                ("createInterview", "$input: CreateInterviewInput!", "input: $input", json!({"input": input(fields)}))
            }
            Self::Update(id, fields) => (
                "updateInterview",
                "$id: ID!, $input: UpdateInterviewInput!, $version: Int",
                "id: $id, input: $input, expectedVersion: $version",
                json!({"id": id, "input": input(fields)}),
            ),
            Self::Amend(side, id, fields) => {
                let mut input = input(fields);
                input["as"] = side.name();
                (
                    "amendInterview",
                    "$id: ID!, $input: AmendInterviewInput!, $version: Int",
                    "id: $id, input: $input, expectedVersion: $version",
                    json!({"id": id, "input": input}),
                )
            }
            Self::Accept(side, id) => (
                "acceptInterview",
                "$id: ID!, $as: Side, $version: Int",
                "id: $id, as: $as, expectedVersion: $version",
                json!({"id": id, "as": side.name()}),
            ),
            Self::Cancel(id) => ("cancelInterview", PLAIN.0, PLAIN.1, json!({"id": id})),
            Self::Reject(id) => ("rejectInterview", PLAIN.0, PLAIN.1, json!({"id": id})),
        };
        let mut variables = variables;
        if let Some(version) = version {
            variables["version"] = json!(version);
        }
        let query = format!(
            "mutation({declared}) {{ {mutation}({given}) {{ \
                interview {{ {SHOWN} }} userErrors {{ code message path }} }} }}"
        );
        let mut payload = who.ask(&query, variables).await[mutation].take();
        match &payload["interview"] {
            Value::Null => Err(refusals(&payload["userErrors"]).into_iter().map(|it| self.in_rest_terms(it)).collect()),
            _ => Ok(rest_spelling("interview", payload["interview"].take())),
        }
    }

    fn in_rest_terms(&self, (code, message, path): (String, String, String)) -> (String, String, String) {
        let amended = if matches!(self, Self::Amend(..)) { "amend_" } else { "" };
        let path = match path.split_once('.') {
            Some(("input", field)) if field.ends_with("At") => format!("interview.{amended}{}", snake(field)),
            Some(("input", field)) => format!("interview.{}", snake(field)),
            _ => path.replace("input", "interview").replace("expectedVersion", "If-Match"),
        };
        (code, message, path)
    }
}

impl Side {
    fn name(self) -> Value {
        json!(if matches!(self, Self::Staff) { "INTERVIEWER" } else { "INTERVIEWEE" })
    }
}

const PLAIN: (&str, &str) = ("$id: ID!, $version: Int", "id: $id, expectedVersion: $version");

/// The fields of a REST response.
const SHOWN: &str = "id amendEndAt amendStartAt amendedBy endAt \
    interviewee { id driver { id image phoneNumber title } kind updatedAt } intervieweeId \
    interviewer { id contactPhoneNumber image title } interviewerId kind location startAt status";

fn refusals(errors: &Value) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let path = |value: &Value| value.as_array().unwrap().iter().map(text).collect::<Vec<_>>().join(".");
    let errors = errors.as_array().unwrap().iter();
    errors.map(|error| (text(&error["code"]), text(&error["message"]), path(&error["path"]))).collect()
}

/// The GraphQL input of REST fields: names in camel case, enum values in upper case, ids as text.
fn input(fields: &Value) -> Value {
    let mut input = Map::new();
    for (field, value) in fields.as_object().unwrap() {
        let mut words = field.trim_start_matches("amend_").split('_');
        let first = words.next().unwrap().to_owned();
        let name = words.fold(first, |name, word| name + &word[..1].to_uppercase() + &word[1..]);
        let value = match value {
            Value::String(kind) if name == "kind" => json!(kind.to_uppercase()),
            Value::Number(id) => json!(id.to_string()),
            value => value.clone(),
        };
        input.insert(name, value);
    }
    Value::Object(input)
}

fn snake(name: &str) -> String {
    name.chars().map(|c| if c.is_uppercase() { format!("_{}", c.to_lowercase()) } else { c.to_string() }).collect()
}

/// A GraphQL value in the form of the REST API.
fn rest_spelling(name: &str, value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let spelled = |(name, value): (String, Value)| {
                let value = rest_spelling(&name, value);
                (snake(&name), value)
            };
            Value::Object(fields.into_iter().map(spelled).collect())
        }
        Value::String(text) if name == "id" || name.ends_with("Id") => json!(text.parse::<i64>().unwrap()),
        Value::String(text) if ["kind", "status", "amendedBy"].contains(&name) => json!(text.to_lowercase()),
        value => value,
    }
}
