//! Top-level errors: every one has `extensions.code`, and none shows what is inside.

use crate::services::ServiceError;
use async_graphql::{Error, ErrorExtensions, ServerError};

/// The codes of top-level errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// No token, or one that is not accepted.
    Unauthenticated,
    /// The viewer may not do this.
    Forbidden,
    /// Not a GraphQL request.
    BadRequest,
    /// The document has no such operation, or several to pick from.
    UnknownOperation,
    /// Not by this method.
    MethodNotAllowed,
    /// The document is not GraphQL.
    GraphqlParseFailed,
    /// The document does not fit the schema.
    GraphqlValidationFailed,
    /// An argument or variable is wrong.
    BadUserInput,
    /// The request asks for more than one request may.
    QueryTooComplex,
    /// The viewer asked for too much in too short a time.
    RateLimited,
    /// The server has as much to do as it takes on.
    Overloaded,
    /// The connection has as many operations open as it may.
    TooManySubscriptions,
    /// The hash of a persisted query is not known here: send the query along.
    PersistedQueryNotFound,
    /// It took too long.
    Timeout,
    /// The server failed; the log knows why.
    Internal,
}

impl Code {
    /// As it stands in `extensions.code`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::Forbidden => "FORBIDDEN",
            Self::BadRequest | Self::UnknownOperation | Self::MethodNotAllowed => "BAD_REQUEST",
            Self::GraphqlParseFailed => "GRAPHQL_PARSE_FAILED",
            Self::GraphqlValidationFailed => "GRAPHQL_VALIDATION_FAILED",
            Self::BadUserInput => "BAD_USER_INPUT",
            Self::QueryTooComplex => "QUERY_TOO_COMPLEX",
            Self::RateLimited => "RATE_LIMITED",
            Self::Overloaded => "OVERLOADED",
            Self::TooManySubscriptions => "TOO_MANY_SUBSCRIPTIONS",
            Self::PersistedQueryNotFound => "PERSISTED_QUERY_NOT_FOUND",
            Self::Timeout => "TIMEOUT",
            Self::Internal => "INTERNAL",
        }
    }
}

/// An error with its code.
#[must_use]
pub fn error_with_code(code: Code, message: impl Into<String>) -> Error {
    Error::new(message).extend_with(|_, extensions| extensions.set("code", code.as_str()))
}

/// The boundary at which a failure is logged, once.
pub(super) fn log(request_id: &str, cause: &ServiceError) {
    tracing::error!(request_id, %cause, "internal error");
}

/// A failure, logged, and what the client is told of it.
#[must_use]
pub fn internal(request_id: &str, cause: &ServiceError) -> Error {
    log(request_id, cause);
    internal_error(request_id)
}

/// What a client sees of a failure: by the request's id, its cause is found in the log.
#[must_use]
pub fn internal_error(request_id: &str) -> Error {
    error_with_code(Code::Internal, "internal error")
        .extend_with(|_, extensions| extensions.set("requestId", request_id))
}

pub(super) fn set_code(error: &mut ServerError, code: Code) {
    error.extensions.get_or_insert_default().set("code", code.as_str());
}

/// Gives the errors of the executor itself, which have no code, theirs: all it refuses by itself is arguments.
pub(super) fn tag_argument_error(error: &mut ServerError) {
    if error.extensions.as_ref().is_none_or(|extensions| extensions.get("code").is_none()) {
        set_code(error, Code::BadUserInput);
    }
}
