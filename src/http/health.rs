//! For whatever watches the server.

use crate::http::Server;
use crate::http::middleware::RequestId;
use crate::services::NotReady;
use axum::Json;
use axum::extract::{Extension, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::time::Duration;

/// A probe's own patience is seldom longer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The process runs.
pub async fn alive() -> Response {
    status(StatusCode::OK, "ok")
}

/// The process can do its work: the database answers, and its schema is the one this server needs.
pub async fn ready(State(server): State<Server>, Extension(RequestId(request_id)): Extension<RequestId>) -> Response {
    match tokio::time::timeout(PATIENCE, server.services.check_readiness()).await {
        Ok(Ok(())) => status(StatusCode::OK, "ok"),
        Ok(Err(NotReady::SchemaBehind)) => {
            status(StatusCode::SERVICE_UNAVAILABLE, "the database's schema is behind: run `interviews migrate up`")
        }
        Ok(Err(NotReady::Database(cause))) => {
            tracing::warn!(request_id, %cause, "not ready");
            status(StatusCode::SERVICE_UNAVAILABLE, "the database does not answer")
        }
        Err(_) => status(StatusCode::SERVICE_UNAVAILABLE, "the database does not answer"),
    }
}

fn status(code: StatusCode, text: &str) -> Response {
    (code, [(header::CACHE_CONTROL, "no-store")], Json(json!({"status": text}))).into_response()
}
