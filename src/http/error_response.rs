//! Errors that are found before an operation runs, and their response in the format of each transport.

use crate::graphql::{self, Code, NoViewer, Outcome, RequestError, whole_seconds};
use crate::http::graphql::negotiation::{Media, media};
use crate::http::server::long_lived::PermitError;
use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::borrow::Cow;
use std::time::Duration;

/// Why a request is not served. As a response it has no body until the middleware writes one in the client's format.
#[derive(Clone, Debug)]
pub(crate) struct HttpError {
    status: StatusCode,
    code: Code,
    message: Cow<'static, str>,
}

/// How the body of an error is written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ErrorFormat {
    Rest,
    GraphQl(Media),
}

/// The server is at its limit of requests in flight, of connections or of long-lived ones.
pub(crate) const OVERLOADED: HttpError =
    HttpError::new(StatusCode::SERVICE_UNAVAILABLE, Code::Overloaded, Code::Overloaded.failure_message());
/// The memory for requests and responses is in use.
pub(crate) const NO_MEMORY: HttpError =
    HttpError::new(StatusCode::SERVICE_UNAVAILABLE, Code::Overloaded, graphql::NO_MEMORY);
/// The user has as many long-lived connections as one user may have.
const TOO_MANY_CONNECTIONS: HttpError = HttpError::new(
    StatusCode::TOO_MANY_REQUESTS,
    Code::TooManySubscriptions,
    "You have too many connections open. Close one first.",
);
/// The request reached its deadline, and nothing was written.
pub(crate) const TIMED_OUT: HttpError =
    HttpError::new(StatusCode::SERVICE_UNAVAILABLE, Code::Timeout, Code::Timeout.failure_message());
/// The request reached its deadline when a change of it was committed, or may have been. The status is not 503, which
/// clients and proxies take as permission to repeat a request.
pub(crate) const OUTCOME_UNKNOWN: HttpError =
    HttpError::new(StatusCode::INTERNAL_SERVER_ERROR, Code::OutcomeUnknown, Code::OutcomeUnknown.failure_message());
/// The start of the server is not finished.
pub(crate) const STARTING: HttpError =
    HttpError::new(StatusCode::SERVICE_UNAVAILABLE, Code::Unavailable, Code::Unavailable.failure_message());
/// No route has this path.
pub(crate) const NO_ROUTE: HttpError =
    HttpError::new(StatusCode::NOT_FOUND, Code::BadRequest, "There is nothing at this address.");

/// The value of `WWW-Authenticate` (RFC 6750, section 3): without an error for a request that has no token.
pub(crate) fn challenge(why: NoViewer) -> HeaderValue {
    let description = why.message;
    let problem = format!("Bearer error=\"invalid_token\", error_description=\"{description}\"");
    let problem = HeaderValue::from_str(&problem).ok().filter(|_| !why.is_anonymous);
    problem.unwrap_or(HeaderValue::from_static("Bearer"))
}

/// The value of `Retry-After`, in seconds.
pub(crate) fn retry_after(wait: Duration) -> HeaderValue {
    whole_seconds(wait).into()
}

impl ErrorFormat {
    /// REST's under `/api/` and `/calendar/`, GraphQL's elsewhere. `uri` is the whole one, not the part that a nested
    /// router sees.
    pub(crate) fn of(uri: &Uri, headers: &HeaderMap) -> Self {
        let is_rest = ["/api/", "/calendar/"].iter().any(|prefix| uri.path().starts_with(prefix));
        if is_rest { Self::Rest } else { Self::GraphQl(media(headers).unwrap_or(Media::Json)) }
    }
}

impl HttpError {
    pub(crate) const fn new(status: StatusCode, code: Code, message: &'static str) -> Self {
        Self { status, code, message: Cow::Borrowed(message) }
    }

    /// The request is malformed.
    pub(crate) fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code: Code::BadRequest, message: message.into() }
    }

    pub(crate) fn code(&self) -> Code {
        self.code
    }

    /// The response with a body in this format.
    pub(crate) fn format(self, format: ErrorFormat, request_id: &str) -> Response {
        let (status, code) = (self.status, self.code);
        let (content_type, body): (_, Bytes) = match format {
            ErrorFormat::Rest => {
                let error = json!({"code": code.as_str(), "message": self.message, "path": []});
                (Media::Json.content_type(), json!({"errors": [error]}).to_string().into())
            }
            ErrorFormat::GraphQl(media) => {
                let error = match code {
                    Code::Internal => RequestError::failed(code, request_id),
                    _ => self.into_request_error(),
                };
                (media.content_type(), Outcome::Rejected(error).into_json().into())
            }
        };
        let headers = [(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, "no-store")];
        let mut response = (status, headers, body).into_response();
        if code.is_retryable() {
            response.headers_mut().insert(header::RETRY_AFTER, retry_after(graphql::RETRY_AFTER));
        }
        response
    }

    /// The error for transports that have no status code.
    pub(crate) fn into_request_error(self) -> RequestError {
        RequestError::new(self.code, self.message, None)
    }
}

impl From<PermitError> for HttpError {
    fn from(why: PermitError) -> Self {
        match why {
            PermitError::ServerFull => OVERLOADED,
            PermitError::UserFull => TOO_MANY_CONNECTIONS,
        }
    }
}

impl IntoResponse for HttpError {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
