//! GraphQL over HTTP, by the specification of the GraphQL working group
//! (<https://graphql.github.io/graphql-over-http/draft/>).

pub(crate) mod negotiation;
pub(crate) mod request;
mod request_body;
mod response;
pub(crate) mod sse;

use crate::domain::Viewer;
use crate::graphql::{
    AllowedOperations, Client, Code, Execution, Outcome, RequestContext, RequestError, no_viewer, reject,
};
use crate::http::access_log::OperationLine;
use crate::http::caller::Caller;
use crate::http::error_response::{HttpError, OVERLOADED};
use crate::http::limit_per_key::UserPermit;
use crate::http::method_not_allowed::without_method;
use crate::http::{ServerState, websocket};
use crate::services::{AuthenticationError, LiveSession};
use async_graphql::{BatchRequest, Request as Operation};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use negotiation::{Accepted, Media};
use request::Operations;

/// `GET /graphql`: a WebSocket handshake, the explorer for browsers, or one query.
pub(crate) async fn get(
    State(server): State<ServerState>,
    caller: Caller,
    request: Request,
) -> Result<Response, HttpError> {
    let headers = request.headers();
    if websocket::is_upgrade(headers) {
        return websocket::accept(server, caller, request);
    }
    if negotiation::is_browser(headers) {
        return Ok(server.explorer.page(request.uri(), headers));
    }
    let accepted = Accepted::of(headers)?;
    let (operation, _charge) = request::from_query(request.uri().query().unwrap_or_default(), &server.memory)?;
    if accepted.events {
        let resume_after = sse::last_event_id(headers);
        let allowed = AllowedOperations::QueriesOnly;
        let events = event_stream(&server, &caller, accepted.media, operation, allowed, resume_after);
        return Box::pin(events).await;
    }
    let outcome = match caller.viewer(&server.services).await {
        Ok(viewer) => {
            let _permit = admit_viewer(&server, viewer.as_deref())?;
            let context = RequestContext { viewer, client: caller.client };
            let mut allowance = server.engine.allowance();
            server.engine.execute(context, operation, AllowedOperations::QueriesOnly, &mut allowance).await
        }
        Err(error) => Outcome::Rejected(authentication_error(error, &caller)),
    };
    Ok(response::cacheable(accepted.media, outcome, headers))
}

/// `POST /graphql`: one operation, or a batch of them with an outcome for each.
pub(crate) async fn post(
    State(server): State<ServerState>,
    caller: Caller,
    accepted: Accepted,
    headers: HeaderMap,
    Operations(operations): Operations,
) -> Result<Response, HttpError> {
    if accepted.events {
        return match operations {
            BatchRequest::Single(operation) => {
                let resume_after = sse::last_event_id(&headers);
                let allowed = AllowedOperations::All;
                let events = event_stream(&server, &caller, accepted.media, operation, allowed, resume_after);
                Box::pin(events).await
            }
            BatchRequest::Batch(_) => {
                Err(HttpError::bad_request("An event stream answers one operation, and no batch."))
            }
        };
    }
    let viewer = match caller.viewer(&server.services).await {
        Ok(viewer) => viewer,
        Err(error) => {
            let outcome = Outcome::Rejected(authentication_error(error, &caller));
            return Ok(response::uncacheable(accepted.media, outcome));
        }
    };
    let _permit = admit_viewer(&server, viewer.as_deref())?;
    let mut allowance = server.engine.allowance();
    let mut execute = async |operation, record| {
        let client = Client { record, ..caller.client.clone() };
        let context = RequestContext { viewer: viewer.clone(), client };
        server.engine.execute(context, operation, AllowedOperations::All, &mut allowance).await
    };
    match operations {
        BatchRequest::Single(operation) => {
            let outcome = execute(operation, caller.client.record.clone()).await;
            Ok(response::uncacheable(accepted.media, outcome))
        }
        BatchRequest::Batch(operations) => {
            if let Some(access) = &caller.access {
                access.set_batch(operations.len());
            }
            let mut batch = response::Batch::default();
            for operation in operations {
                let line = OperationLine::begin(caller.access.as_ref(), "batch");
                // In sequence, because they can be mutations.
                batch.push(execute(operation, line.as_ref().map(|line| line.operation())).await);
                if let Some(line) = line {
                    line.end();
                }
            }
            Ok(batch.into_response(accepted.media))
        }
    }
}

/// The share of the requests in flight of a user who has signed in.
fn admit_viewer(server: &ServerState, viewer: Option<&Viewer>) -> Result<Option<UserPermit>, HttpError> {
    viewer.map(|viewer| server.admission.admit_user(viewer.id)).transpose()
}

/// Other methods on `/graphql`.
pub(crate) async fn other(State(server): State<ServerState>, method: Method, headers: HeaderMap) -> impl IntoResponse {
    const ALLOW: HeaderValue = HeaderValue::from_static("GET,HEAD,POST");
    let message = "Operations come by POST, or queries by GET.";
    let error = HttpError::new(StatusCode::METHOD_NOT_ALLOWED, Code::BadRequest, message);
    ([(header::ALLOW, ALLOW)], without_method(&server.origins, &method, &headers, error))
}

/// Executes one operation and sends its responses as events. The limits of a request apply until the stream starts.
///
/// A refused token is sent as an event too: client libraries treat a status of 401 as a network error and retry with
/// the same token, and `EventSource` in browsers does not show the body of such a response. After an outage they have
/// to retry, so that it is a status.
async fn event_stream(
    server: &ServerState,
    caller: &Caller,
    media: Media,
    operation: Operation,
    allowed: AllowedOperations,
    resume_after: Option<String>,
) -> Result<Response, HttpError> {
    let session = match caller.session(&server.services).await {
        Ok(session) => session,
        Err(error) => {
            return Ok(single_event(media, Outcome::Rejected(authentication_error(error, caller))));
        }
    };
    let _permit = session.as_ref().map(|session| server.admission.admit_user(session.user())).transpose()?;
    match server.engine.open(session.as_ref(), caller.client.clone(), operation, allowed, resume_after.as_deref()).await
    {
        Execution::Once(outcome) => Ok(single_event(media, outcome)),
        Execution::Stream(responses) => {
            let user = session.as_ref().map(LiveSession::user).ok_or(OVERLOADED)?;
            let permit = server.long_lived.try_acquire(user)?;
            let request_id = caller.client.request_id.clone();
            Ok(sse::subscription(responses, permit, request_id, server.limits.ping_interval, server.memory.clone()))
        }
    }
}

/// The stream of an operation that has one response, or a response with a status when an outage prevents the stream.
fn single_event(media: Media, outcome: Outcome) -> Response {
    match outcome.rejection().map(|error| error.code) {
        Some(Code::Unavailable | Code::Timeout | Code::Overloaded) => response::uncacheable(media, outcome),
        _ => sse::single(outcome),
    }
}

fn authentication_error(error: AuthenticationError, caller: &Caller) -> RequestError {
    let error: RequestError = match error {
        AuthenticationError::Refused(problem) => no_viewer(problem).into(),
        AuthenticationError::Failed(cause) => reject(&cause, &caller.client.request_id),
    };
    if let Some(record) = &caller.client.record {
        record.fail(error.code.as_str());
    }
    error
}
