//! Errors of the REST API: `{"errors": [{"code", "message", "path"}]}`, and `reason` if nobody is signed in.

use crate::domain::{Field, FieldError, Refusal, RefusalCode};
use crate::graphql::{Code, NoViewer, RETRY_AFTER, RequestError};
use crate::http::access_log::{self, ErrorCode};
use crate::http::error_response::{challenge, retry_after};
use crate::http::rest::response::HEADERS;
use crate::services::{Failure, ServiceError};
use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;
use std::time::Duration;

/// Why a request failed, with its status.
#[derive(Debug)]
pub(crate) struct RestError {
    status: StatusCode,
    errors: Vec<ErrorObject>,
    /// After how long to retry, where retrying helps.
    retry_after: Option<Duration>,
    no_viewer: Option<NoViewer>,
}

/// One element of `errors`.
#[derive(Debug, Serialize)]
pub(super) struct ErrorObject {
    code: &'static str,
    message: String,
    /// The location of the wrong value in the request.
    path: Vec<&'static str>,
    /// Why nobody is signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

/// The `path` of errors for which no single field is wrong. It depends on the route.
#[derive(Clone, Copy)]
pub(super) struct ErrorPaths {
    /// What names the interview.
    interview: &'static [&'static str],
    /// What requests the time that is not free.
    time: &'static [&'static str],
}

impl ErrorPaths {
    pub(super) const CREATE: Self = Self { interview: &["interview"], time: &["interview", "start_at"] };
    pub(super) const UPDATE: Self = Self { interview: &["id"], ..Self::CREATE };
    /// Actions have only the id.
    pub(super) const ACTION: Self = Self { interview: &["id"], time: &["id"] };
}

impl ErrorObject {
    pub(super) fn of_field(code: &'static str, field: Field, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), path: vec!["interview", field.into_str()], reason: None }
    }

    /// A required field is absent or null.
    pub(super) fn missing(field: Field) -> Self {
        Self::from(&FieldError::missing(field))
    }

    pub(super) fn is_about(&self, field: Field) -> bool {
        self.path.contains(&field.into_str())
    }
}

impl From<&FieldError> for ErrorObject {
    fn from(error: &FieldError) -> Self {
        Self::of_field(error.code.into_str(), error.field, error.message.clone())
    }
}

impl RestError {
    pub(super) fn new(status: StatusCode, code: &'static str, message: &str, path: &[&'static str]) -> Self {
        let error = ErrorObject { code, message: message.to_owned(), path: path.to_vec(), reason: None };
        Self::with(status, vec![error])
    }

    fn with(status: StatusCode, errors: Vec<ErrorObject>) -> Self {
        Self { status, errors, retry_after: None, no_viewer: None }
    }

    pub(super) fn bad_request(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", message, &[])
    }

    pub(super) fn unauthenticated(why: NoViewer) -> Self {
        let error = ErrorObject {
            code: Code::Unauthenticated.as_str(),
            message: why.message.to_owned(),
            path: Vec::new(),
            reason: Some(why.reason),
        };
        Self { no_viewer: Some(why), ..Self::with(StatusCode::UNAUTHORIZED, vec![error]) }
    }

    /// The caller has spent the points of this minute.
    pub(crate) fn rate_limited(error: &RequestError) -> Self {
        let message = error.errors.first().map_or_else(String::new, |error| error.message.clone());
        let retry_after = error.retry_after;
        Self { retry_after, ..Self::new(StatusCode::TOO_MANY_REQUESTS, error.code.as_str(), &message, &[]) }
    }

    /// The interview has a version that `If-None-Match` excludes.
    pub(super) fn excluded_version() -> Self {
        let message = "This interview still has a version that the request excludes.";
        Self::new(StatusCode::PRECONDITION_FAILED, "PRECONDITION_FAILED", message, &["If-None-Match"])
    }

    /// The header `Idempotency-Key` is malformed.
    pub(super) fn invalid_key() -> Self {
        let code = RefusalCode::InvalidIdempotencyKey.into_str();
        Self::new(StatusCode::BAD_REQUEST, code, Refusal::INVALID_KEY, &["Idempotency-Key"])
    }

    /// All wrong fields of the request.
    pub(super) fn invalid(errors: Vec<ErrorObject>) -> Self {
        Self::with(StatusCode::UNPROCESSABLE_ENTITY, errors)
    }

    /// Logs the cause; the client gets a code and a constant text.
    pub(crate) fn failed(cause: &ServiceError, request_id: &str) -> Self {
        cause.log(request_id);
        let failure = cause.failure();
        let status = match failure {
            Failure::Unavailable | Failure::Timeout => StatusCode::SERVICE_UNAVAILABLE,
            Failure::OutcomeUnknown | Failure::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let code = Code::from(failure);
        let retry_after = code.is_retryable().then_some(RETRY_AFTER);
        Self { retry_after, ..Self::new(status, code.as_str(), code.failure_message(), &[]) }
    }

    pub(super) fn from_service(error: &ServiceError, paths: ErrorPaths, request_id: &str) -> Self {
        match error {
            ServiceError::Refused(refusal) => Self::refused(refusal, paths),
            cause => Self::failed(cause, request_id),
        }
    }

    fn refused(refusal: &Refusal, ErrorPaths { interview, time }: ErrorPaths) -> Self {
        let new = |status, code: RefusalCode, message: &str, path| Self::new(status, code.into_str(), message, path);
        match refusal {
            Refusal::Invalid(errors) => Self::invalid(errors.iter().map(ErrorObject::from).collect()),
            Refusal::NotFound => new(StatusCode::NOT_FOUND, RefusalCode::NotFound, Refusal::NOT_FOUND, interview),
            Refusal::Forbidden(why) => new(StatusCode::FORBIDDEN, RefusalCode::Forbidden, why, interview),
            Refusal::InvalidState { action, current, .. } => {
                let message = Refusal::state_message(*action, current.status());
                new(StatusCode::CONFLICT, RefusalCode::InvalidState, &message, interview)
            }
            Refusal::Conflicts(conflicts) => {
                let code = RefusalCode::ScheduleConflict.into_str();
                let errors = conflicts
                    .iter()
                    .map(|conflict| ErrorObject {
                        code,
                        message: conflict.message(),
                        path: time.to_vec(),
                        reason: None,
                    })
                    .collect();
                Self::with(StatusCode::CONFLICT, errors)
            }
            Refusal::Stale(_) => {
                new(StatusCode::PRECONDITION_FAILED, RefusalCode::StaleVersion, Refusal::STALE, &["If-Match"])
            }
            Refusal::InvalidKey => Self::invalid_key(),
            Refusal::KeyReused => {
                let (code, path) = (RefusalCode::IdempotencyKeyReused, &["Idempotency-Key"]);
                new(StatusCode::UNPROCESSABLE_ENTITY, code, Refusal::KEY_REUSED, path)
            }
        }
    }
}

impl IntoResponse for RestError {
    fn into_response(self) -> Response {
        let mut response = (self.status, HEADERS, Json(json!({"errors": self.errors}))).into_response();
        if let Some(error) = self.errors.first()
            && access_log::is_on()
        {
            response.extensions_mut().insert(ErrorCode(error.code));
        }
        if let Some(wait) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, retry_after(wait));
        }
        if let Some(why) = self.no_viewer {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge(why));
        }
        response
    }
}
