//! The access log: one line for each request, and one for each operation of a batch or of a WebSocket. Its target is
//! `access`, and its lines have no variables, no query strings and no credentials.

use crate::domain::UserId;
use crate::graphql::OperationRecord;
use crate::http::middleware::request_id::RequestId;
use crate::http::traceparent::trace_id;
use crate::http::trusted_proxies::ClientAddress;
use axum::body::Body;
use axum::http::{Method, Request, Response};
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Instant;
use tracing::field::display;
use tracing::{Level, Span};

/// The length of a path above which it is not logged, in bytes. No route is as long; a token in a path is longer.
const MAX_PATH: usize = 80;
/// The same for a part between slashes. The token of a feed has 43 characters.
const MAX_SEGMENT: usize = 40;

/// Whether the access log is on. The answer is kept by `tracing`, so that it costs next to nothing.
pub(crate) fn is_on() -> bool {
    tracing::enabled!(target: "access", Level::INFO)
}

/// The path of a request for the log, without the query string, which may contain personal data, and without tokens.
pub(crate) fn shown_path(request: &Request<Body>) -> &str {
    match request.uri().path() {
        path if path.starts_with("/calendar/feeds/") => "/calendar/feeds/…",
        path if path.len() > MAX_PATH || path.split('/').any(|segment| segment.len() > MAX_SEGMENT) => "(too long)",
        path => path,
    }
}

/// What is known of a request, or of the connection that it became. Handlers fill it in.
#[derive(Debug)]
pub(crate) struct AccessRecord {
    request_id: String,
    client: Option<IpAddr>,
    trace_id: Option<String>,
    user: OnceLock<UserId>,
    /// The number of operations in a batch.
    batch: OnceLock<usize>,
    operation: Arc<OperationRecord>,
}

/// The first error code of a response that is no response of GraphQL, as an extension of it.
#[derive(Clone, Copy)]
pub(crate) struct ErrorCode(pub(crate) &'static str);

impl AccessRecord {
    /// The record of the operation of the request.
    pub(crate) fn operation(&self) -> Arc<OperationRecord> {
        self.operation.clone()
    }

    pub(crate) fn set_user(&self, user: UserId) {
        let _ = self.user.set(user);
    }

    pub(crate) fn set_batch(&self, operations: usize) {
        let _ = self.batch.set(operations);
    }

    /// Logs how the sign-in of a WebSocket ended: with the reason for which the connection was closed.
    pub(crate) fn signed_in(&self, refused: Option<&str>) {
        let (request_id, trace_id, client) = (&self.request_id, &self.trace_id, self.client.map(display));
        let (user, outcome) = (self.user.get().map(|user| user.0), outcome(refused));
        tracing::info!(target: "access", request_id, outcome, code = refused, user, client, trace_id, "sign-in");
    }
}

fn outcome(code: Option<&str>) -> &'static str {
    if code.is_some() { "error" } else { "ok" }
}

/// The time since then in milliseconds, with three decimals.
fn milliseconds_since(started: Instant) -> f64 {
    (started.elapsed().as_secs_f64() * 1_000_000.0).round() / 1000.0
}

/// The line of one request. Without a response it says that the request was cancelled.
#[derive(Debug)]
pub(crate) struct RequestLine {
    record: Arc<AccessRecord>,
    method: Method,
    path: String,
    started: Instant,
    is_logged: bool,
}

impl RequestLine {
    /// Begins the line, and lets handlers find the record.
    pub(crate) fn begin(request: &mut Request<Body>) -> Self {
        let RequestId(request_id) = RequestId::of(request.extensions());
        let record = Arc::new(AccessRecord {
            request_id,
            client: request.extensions().get().map(|ClientAddress(address)| *address),
            trace_id: trace_id(request.headers()).map(str::to_owned),
            user: OnceLock::new(),
            batch: OnceLock::new(),
            operation: Arc::default(),
        });
        request.extensions_mut().insert(record.clone());
        let (method, path) = (request.method().clone(), shown_path(request).to_owned());
        Self { record, method, path, started: Instant::now(), is_logged: false }
    }

    /// Logs the response.
    pub(crate) fn end<B>(mut self, response: &Response<B>) {
        let status = response.status();
        let code = response.extensions().get().map(|ErrorCode(code)| *code).or_else(|| self.record.operation.code());
        let outcome = if status.is_client_error() || status.is_server_error() { "error" } else { outcome(code) };
        self.log(Some(status.as_u16()), outcome, code);
    }

    fn log(&mut self, status: Option<u16>, outcome: &str, code: Option<&str>) {
        self.is_logged = true;
        let AccessRecord { trace_id, operation, user, batch, client, request_id } = &*self.record;
        // What the span of the request has is not repeated. A filter can switch the span off.
        let has_span = Span::current().metadata().is_some_and(|metadata| metadata.name() == "request");
        let request_id = (!has_span).then_some(request_id);
        let method = (!has_span).then(|| self.method.as_str());
        let path = (!has_span).then_some(&self.path);
        let milliseconds = milliseconds_since(self.started);
        let (user, client) = (user.get().map(|user| user.0), client.map(display));
        let (name, kind, batch) = (operation.name(), operation.kind(), batch.get());
        tracing::info!(
            target: "access",
            request_id, method, path, status, milliseconds, outcome, code, user, client, operation = name,
            operation_type = kind, batch, trace_id,
            "answered"
        );
    }
}

impl Drop for RequestLine {
    fn drop(&mut self) {
        if !self.is_logged {
            self.log(None, "cancelled", None);
        }
    }
}

/// The line of one operation of a batch or of a WebSocket. Without an end it says that the operation was cancelled.
#[derive(Debug)]
pub(crate) struct OperationLine {
    /// Of the request, or of the connection.
    record: Arc<AccessRecord>,
    operation: Arc<OperationRecord>,
    transport: &'static str,
    started: Instant,
    is_logged: bool,
}

impl OperationLine {
    /// Begins the line, if the log is on.
    pub(crate) fn begin(record: Option<&Arc<AccessRecord>>, transport: &'static str) -> Option<Box<Self>> {
        let (record, operation) = (record?.clone(), Arc::default());
        Some(Box::new(Self { record, operation, transport, started: Instant::now(), is_logged: false }))
    }

    /// The record of the operation.
    pub(crate) fn operation(&self) -> Arc<OperationRecord> {
        self.operation.clone()
    }

    /// Logs how the operation ended; a subscription, how its start ended.
    pub(crate) fn end(mut self) {
        let code = self.operation.code();
        if let Some(code) = code {
            self.record.operation.fail(code);
        }
        self.log(outcome(code), code);
    }

    fn log(&mut self, outcome: &str, code: Option<&str>) {
        self.is_logged = true;
        let AccessRecord { trace_id, user, client, request_id, .. } = &*self.record;
        let has_span = Span::current().metadata().is_some_and(|metadata| metadata.name() == "request");
        let request_id = (!has_span).then_some(request_id);
        let (milliseconds, transport) = (milliseconds_since(self.started), self.transport);
        let (user, client) = (user.get().map(|user| user.0), client.map(display));
        let (name, kind) = (self.operation.name(), self.operation.kind());
        tracing::info!(
            target: "access",
            request_id, transport, milliseconds, outcome, code, user, client, operation = name,
            operation_type = kind, trace_id,
            "operation"
        );
    }
}

impl Drop for OperationLine {
    fn drop(&mut self) {
        if !self.is_logged {
            self.log("cancelled", None);
        }
    }
}
