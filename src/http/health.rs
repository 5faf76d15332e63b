//! Health checks for orchestrators and load balancers.

use crate::http::ServerState;
use crate::http::middleware::request_id::RequestId;
use crate::services::NotReady;
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::time::Duration;

/// The longest time for the readiness check: probes usually give up after less.
const READINESS_TIMEOUT: Duration = Duration::from_secs(5);

/// `GET /livez`: the process runs.
pub(crate) async fn live() -> Response {
    respond(StatusCode::OK, "ok")
}

/// `GET /readyz`: the database answers and has the schema that this server needs.
pub(crate) async fn ready(State(server): State<ServerState>, RequestId(request_id): RequestId) -> Response {
    match tokio::time::timeout(READINESS_TIMEOUT, server.services.check_readiness()).await {
        Ok(Ok(())) => respond(StatusCode::OK, "ok"),
        Ok(Err(NotReady::SchemaBehind)) => {
            respond(StatusCode::SERVICE_UNAVAILABLE, "the database's schema is behind: run `interviews migrate up`")
        }
        Ok(Err(NotReady::Database(cause))) => {
            tracing::warn!(request_id, %cause, "not ready");
            respond(StatusCode::SERVICE_UNAVAILABLE, "the database does not answer")
        }
        Err(_) => respond(StatusCode::SERVICE_UNAVAILABLE, "the database does not answer"),
    }
}

fn respond(code: StatusCode, status: &str) -> Response {
    (code, [(header::CACHE_CONTROL, "no-store")], Json(json!({"status": status}))).into_response()
}
