//! A user, or a client without a token, that calls the server in process.

use crate::support::sentences;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::fmt::Display;
use tower::ServiceExt;

/// A client in process, with or without a token.
#[derive(Clone)]
pub struct Actor {
    router: Router,
    token: Option<String>,
}

/// The server's response.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// All scalar fields of an interview.
pub const FIELDS: &str = "id kind status startAt endAt amendStartAt amendEndAt amendedBy location intervieweeId \
    interviewerId awaiting allowOverlap reason version createdAt updatedAt";

/// All fields of user errors.
pub const ERRORS: &str = "userErrors { __typename code message path \
    ... on InvalidStateError { status availableActions } \
    ... on ScheduleConflictError { side conflicts { id } } \
    ... on StaleVersionError { current { version } } }";

impl Actor {
    pub fn new(router: Router, token: Option<String>) -> Self {
        Self { router, token }
    }

    /// The token, or an empty text.
    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    /// Sends the request with the token.
    pub async fn send(&self, mut request: Request<Body>) -> Answer {
        if let Some(token) = &self.token {
            let value = format!("Bearer {token}").parse().unwrap();
            request.headers_mut().insert(header::AUTHORIZATION, value);
        }
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(body.to_vec()).unwrap();
        sentences::check_body(&text);
        Answer { status: parts.status, headers: parts.headers, text }
    }

    /// The encoding of the response, which may be compressed.
    pub async fn encoding_of(&self, mut request: Request<Body>) -> Option<String> {
        request
            .headers_mut()
            .extend(self.token.iter().map(|token| (header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap())));
        let response = self.router.clone().oneshot(request).await.unwrap();
        response.headers().get(header::CONTENT_ENCODING).map(|value| value.to_str().unwrap().to_owned())
    }

    /// Sends the request with its own authorization if it has one, and without compression.
    pub async fn send_anything(&self, mut request: Request<Body>) -> Answer {
        request.headers_mut().remove(header::ACCEPT_ENCODING);
        if request.headers().contains_key(header::AUTHORIZATION) {
            return Self::new(self.router.clone(), None).send(request).await;
        }
        self.send(request).await
    }

    /// Executes a GraphQL operation; the whole response.
    pub async fn graphql(&self, query: &str, variables: Value) -> Value {
        let body = json!({"query": query, "variables": variables}).to_string();
        let request = Request::post("/graphql").header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(Body::from(body)).unwrap()).await.json()
    }

    /// Executes a GraphQL operation that has no errors; its data.
    pub async fn ask(&self, query: &str, variables: Value) -> Value {
        let mut answer = self.graphql(query, variables).await;
        assert!(answer.get("errors").is_none(), "{answer:#}");
        answer["data"].take()
    }

    /// The payload of a mutation, with its arguments as GraphQL literals.
    pub async fn mutate(&self, mutation: &str, arguments: &str) -> Value {
        let query = format!("mutation {{ {mutation}({arguments}) {{ interview {{ {FIELDS} }} {ERRORS} }} }}");
        self.ask(&query, json!({})).await[mutation].take()
    }

    /// The payload of `updateInterview`, with its input as a variable.
    pub async fn update(&self, id: impl Display, input: Value) -> Value {
        let query = format!(
            "mutation($id: ID!, $input: UpdateInterviewInput!) {{ \
             updateInterview(id: $id, input: $input) {{ interview {{ {FIELDS} }} {ERRORS} }} }}"
        );
        self.ask(&query, json!({"id": id.to_string(), "input": input})).await["updateInterview"].take()
    }

    /// The interview as this client sees it, or null.
    pub async fn interview(&self, id: impl Display) -> Value {
        let query = format!("query($id: ID!) {{ interview(id: $id) {{ {FIELDS} }} }}");
        self.ask(&query, json!({"id": id.to_string()})).await["interview"].take()
    }

    /// Sends a JSON body.
    pub async fn rest(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.rest_with(method, path, body, &[]).await
    }

    /// Sends a JSON body with further headers.
    pub async fn rest_with(&self, method: &str, path: &str, body: &Value, headers: &[(&str, &str)]) -> Answer {
        let request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, "application/json");
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }
}

/// The user errors of a payload as code and path: `END_NOT_AFTER_START input.endAt`.
pub fn refusals(payload: &Value) -> Vec<String> {
    let path = |error: &Value| {
        error["path"].as_array().unwrap().iter().map(|part| part.as_str().unwrap()).collect::<Vec<_>>().join(".")
    };
    let errors = payload["userErrors"].as_array().unwrap();
    errors.iter().map(|error| format!("{} {}", error["code"].as_str().unwrap(), path(error))).collect()
}
