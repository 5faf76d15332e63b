//! Requests to the REST API, and the path and the entity tags of an interview.

use super::actor::{Actor, Answer};
use serde_json::Value;
use std::fmt::Display;

impl Actor {
    /// `PATCH /api/v1/interviews/{id}`
    pub async fn patch(&self, id: impl Display, body: &Value) -> Answer {
        self.patch_with(id, body, &[]).await
    }

    /// The same with further headers.
    pub async fn patch_with(&self, id: impl Display, body: &Value, headers: &[(&str, &str)]) -> Answer {
        self.rest_with("PATCH", &interview_path(id), body, headers).await
    }
}

pub fn interview_path(id: impl Display) -> String {
    format!("/api/v1/interviews/{id}")
}

/// The value of `ETag` and `If-Match` for an interview at this version.
pub fn etag(id: impl Display, version: impl Display) -> String {
    format!(r#"W/"{id}-{version}""#)
}
