//! Health checks for orchestrators and load balancers.

use crate::http::ServerState;
use crate::services::{DatabaseState, KeySetState, Readiness, SchemaState};
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::time::Duration;

/// `GET /livez`: the process runs.
pub(crate) async fn live() -> Response {
    respond(StatusCode::OK, &json!({"status": "ok"}))
}

/// `GET /readyz`: whether requests can be served, and the state of each part that was checked.
pub(crate) async fn ready(State(server): State<ServerState>) -> Response {
    if server.connections.is_draining() {
        return respond(StatusCode::SERVICE_UNAVAILABLE, &json!({"status": "draining"}));
    }
    if server.start.holds_requests() {
        return respond(StatusCode::SERVICE_UNAVAILABLE, &json!({"status": "the server waits for the database"}));
    }
    let readiness = server.services.readiness().await;
    let code = if readiness.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    respond(code, &body(readiness, server.services.event_log_delay()))
}

/// A delayed event log makes no server unready, because the others have the same log.
fn body(readiness: Readiness, event_log_delay: Option<Duration>) -> Value {
    let Readiness { database, schema, keys } = readiness;
    let status = match (database, schema) {
        (DatabaseState::Unreachable, _) => "the database does not answer",
        (DatabaseState::SharedSessions, _) => {
            "the connection pooler shares sessions: configure it for session mode, or connect to PostgreSQL directly"
        }
        (_, SchemaState::Behind) => "the database's schema is behind: run `interviews migrate up`",
        _ if keys == Some(KeySetState::Unavailable) => "the keys of the identity provider cannot be read",
        _ if keys == Some(KeySetState::Empty) => "the identity provider has no key that can be used",
        (DatabaseState::ReadOnly, _) => "the database is read-only: changes fail",
        (DatabaseState::Full, _) => "the database has no space or memory left: changes fail",
        (DatabaseState::IoError, _) => "the database cannot read or write its files: requests fail",
        (DatabaseState::Ok | DatabaseState::Busy, SchemaState::Current | SchemaState::Unknown) => "ok",
    };
    let (database, schema): (&str, &str) = (database.into(), schema.into());
    let mut body = json!({"status": status, "checks": {"database": database, "schema": schema}});
    if let Some(keys) = keys {
        body["checks"]["jwks"] = <&str>::from(keys).into();
    }
    if let Some(delay) = event_log_delay {
        body["checks"]["event_log"] = format!("delayed by {} s", delay.as_secs()).into();
    }
    body
}

fn respond(code: StatusCode, body: &Value) -> Response {
    (code, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}
