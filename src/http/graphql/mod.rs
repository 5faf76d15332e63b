//! GraphQL over HTTP, by the working group's specification (<https://graphql.github.io/graphql-over-http/draft/>).

mod answer;
pub mod negotiation;
mod parameters;

use super::content_type::is_json;
use super::middleware::RequestId;
use super::{Server, authorization};
use crate::domain::Viewer;
use crate::graphql::{Code, Outcome, Permitted, Refused, Session, internal};
use crate::services::AuthenticationError;
use answer::{Answer, Body};
use async_graphql::{BatchRequest, Pos};
use axum::extract::{Extension, Request, State};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::{Redirect, Response};
use negotiation::Media;
use std::sync::Arc;

/// To the explorer, for whoever types the address alone.
pub async fn redirect() -> Redirect {
    Redirect::temporary("/graphql")
}

/// The explorer for browsers; for others, one query.
pub async fn get(
    State(server): State<Server>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    if negotiation::is_browser(&headers) {
        return server.explorer.page();
    }
    let Some(media) = negotiation::media(&headers) else { return answer::not_acceptable() };
    let request = match parameters::from_query(uri.query().unwrap_or_default()) {
        Ok(request) => request,
        Err(message) => return answer::malformed(media, message),
    };
    let body = match viewer(&server, &headers, &request_id).await {
        Ok(viewer) => {
            let session = Session { viewer, request_id };
            Body::from(server.engine.execute(session, request, Permitted::QueriesOnly).await)
        }
        Err(body) => body,
    };
    Answer { media, body }.cacheable(&headers)
}

/// One operation, or a batch of them, each with its own outcome.
pub async fn post(
    State(server): State<Server>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    request: Request,
) -> Response {
    let Some(media) = negotiation::media(request.headers()) else { return answer::not_acceptable() };
    if !is_json(request.headers()) {
        return answer::unsupported(media);
    }
    let headers = request.headers().clone();
    let batch = match parameters::from_body(request).await {
        Ok(batch) => batch,
        Err(message) => return answer::malformed(media, message),
    };
    let viewer = match viewer(&server, &headers, &request_id).await {
        Ok(viewer) => viewer,
        Err(body) => return Answer { media, body }.fresh(),
    };
    let execute = async |request| {
        let session = Session { viewer: viewer.clone(), request_id: request_id.clone() };
        Body::from(server.engine.execute(session, request, Permitted::All).await)
    };
    match batch {
        BatchRequest::Single(request) => Answer { media, body: execute(request).await }.fresh(),
        BatchRequest::Batch(requests) => {
            if requests.is_empty() || requests.len() > server.limits.batch {
                return answer::malformed(media, format!("a batch has from 1 to {} operations", server.limits.batch));
            }
            let mut bodies = Vec::with_capacity(requests.len());
            for request in requests {
                bodies.push(execute(request).await); // one after the other: they may be mutations
            }
            answer::batch(media, &bodies)
        }
    }
}

/// Anything else.
pub async fn other(headers: HeaderMap, _: Method) -> Response {
    answer::method_not_allowed(negotiation::media(&headers).unwrap_or(Media::Json))
}

async fn viewer(server: &Server, headers: &HeaderMap, request_id: &str) -> Result<Option<Arc<Viewer>>, Body> {
    authorization::viewer(&server.services, headers).await.map_err(|error| match error {
        AuthenticationError::Refused(why) => {
            Body::from(Outcome::Refused(Refused::new(Code::Unauthenticated, why, None)))
        }
        AuthenticationError::Failed(cause) => {
            let mut error = internal(request_id, &cause).into_server_error(Pos::default());
            error.locations.clear();
            Body::from(Outcome::Refused(Refused { code: Code::Internal, errors: vec![error], retry_after: None }))
        }
    })
}
