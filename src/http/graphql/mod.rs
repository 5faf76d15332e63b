//! GraphQL over HTTP, by the working group's specification (<https://graphql.github.io/graphql-over-http/draft/>).

pub mod negotiation;
pub mod request;
mod response;
pub mod sse;

use crate::graphql::{AllowedOperations, Code, Execution, Outcome, RequestContext, RequestError, internal};
use crate::http::content_type::is_json;
use crate::http::error_response::{ErrorFormat, OVERLOADED};
use crate::http::middleware::RequestId;
use crate::http::{Server, authorization, websocket};
use crate::services::AuthenticationError;
use async_graphql::{BatchRequest, Request as Operation};
use axum::extract::{Extension, Request, State};
use axum::http::{HeaderMap, Method};
use axum::response::{Redirect, Response};
use negotiation::Media;
use response::Answer;

/// To the explorer, for whoever types the address alone.
pub async fn redirect() -> Redirect {
    Redirect::temporary("/graphql")
}

/// A WebSocket for whoever asks for one, the explorer for browsers; for others, one query.
pub async fn get(
    State(server): State<Server>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    request: Request,
) -> Response {
    if websocket::is_asked_for(request.headers()) {
        return websocket::accept(server, request_id, request);
    }
    let (headers, uri) = (request.headers(), request.uri());
    if negotiation::is_browser(headers) {
        return server.explorer.page();
    }
    let events = negotiation::prefers_events(headers);
    let Some(media) = media(headers, events) else { return response::not_acceptable() };
    let request = match request::from_query(uri.query().unwrap_or_default()) {
        Ok(request) => request,
        Err(message) => return response::malformed(media, message),
    };
    if events {
        return as_events(&server, headers, request_id, request, AllowedOperations::QueriesOnly).await;
    }
    let body = match authorization::viewer(&server.services, headers).await {
        Ok(viewer) => {
            let session = RequestContext { viewer, request_id };
            server.engine.execute(session, request, AllowedOperations::QueriesOnly).await
        }
        Err(error) => Outcome::Rejected(nobody(error, &request_id)),
    };
    Answer { media, outcome: body }.cacheable(headers)
}

/// One operation, or a batch of them, each with its own outcome.
pub async fn post(
    State(server): State<Server>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    request: Request,
) -> Response {
    let events = negotiation::prefers_events(request.headers());
    let Some(media) = media(request.headers(), events) else { return response::not_acceptable() };
    if !is_json(request.headers()) {
        return response::unsupported(media);
    }
    let headers = request.headers().clone();
    let batch = match request::from_body(request).await {
        Ok(batch) => batch,
        Err(message) => return response::malformed(media, message),
    };
    if events {
        return match batch {
            BatchRequest::Single(request) => {
                as_events(&server, &headers, request_id, request, AllowedOperations::All).await
            }
            BatchRequest::Batch(_) => response::malformed(media, "an event stream answers one operation, and no batch"),
        };
    }
    let viewer = match authorization::viewer(&server.services, &headers).await {
        Ok(viewer) => viewer,
        Err(error) => {
            return Answer { media, outcome: Outcome::Rejected(nobody(error, &request_id)) }.fresh();
        }
    };
    let execute = async |request| {
        let session = RequestContext { viewer: viewer.clone(), request_id: request_id.clone() };
        server.engine.execute(session, request, AllowedOperations::All).await
    };
    match batch {
        BatchRequest::Single(request) => Answer { media, outcome: execute(request).await }.fresh(),
        BatchRequest::Batch(requests) => {
            if requests.is_empty() || requests.len() > server.limits.batch {
                return response::malformed(media, format!("a batch has from 1 to {} operations", server.limits.batch));
            }
            let mut bodies = Vec::with_capacity(requests.len());
            for request in requests {
                bodies.push(execute(request).await); // one after the other: they may be mutations
            }
            response::batch(media, &bodies)
        }
    }
}

/// What goes out as one document; to whoever likes events best, only what is no operation at all.
fn media(headers: &HeaderMap, events: bool) -> Option<Media> {
    negotiation::media(headers).or(events.then_some(Media::Json))
}

/// Executes one operation whose answers are events. It is begun within the limits of a request; what comes after has its own.
///
/// A token that is no good is told as an event like every other reason not to execute: the client's library would take a 401 for a fault of
/// the network and try again with the same token, and a browser's own does not show what came with it.
async fn as_events(
    server: &Server,
    headers: &HeaderMap,
    request_id: String,
    request: Operation,
    permitted: AllowedOperations,
) -> Response {
    let bearer = match authorization::bearer(&server.services, headers).await {
        Ok(bearer) => bearer,
        Err(error) => return sse::once(&Outcome::Rejected(nobody(error, &request_id))),
    };
    match server.engine.open(bearer.as_ref(), request_id.clone(), request, permitted).await {
        Execution::Once(outcome) => sse::once(&outcome),
        Execution::Stream(answers) => match server.connections.try_acquire() {
            Some(permit) => sse::live(answers, permit, request_id, server.limits.ping),
            None => OVERLOADED.answer(ErrorFormat::GraphQl(Media::Json), &request_id),
        },
    }
}

/// Anything else.
pub async fn other(headers: HeaderMap, _: Method) -> Response {
    response::method_not_allowed(negotiation::media(&headers).unwrap_or(Media::Json))
}

/// Why nobody is signed in.
fn nobody(error: AuthenticationError, request_id: &str) -> RequestError {
    match error {
        AuthenticationError::Refused(why) => RequestError::new(Code::Unauthenticated, why, None),
        AuthenticationError::Failed(cause) => RequestError::failed(internal(request_id, &cause)),
    }
}
