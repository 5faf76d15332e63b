//! Top-level errors. Every error has `extensions.code`. Causes of internal errors go to the log and never to the
//! client.

use async_graphql::{Error, ErrorExtensions, Pos, ServerError};
use std::fmt::Display;
use std::time::Duration;

/// The kinds of top-level errors. Three of them share the code `BAD_REQUEST`, and differ in the HTTP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The request has no token, or one that is not accepted.
    Unauthenticated,
    /// The viewer has no permission.
    Forbidden,
    /// The request is not a GraphQL request.
    BadRequest,
    /// `operationName` names no operation of the document, or is missing where the document has several.
    UnknownOperation,
    /// The HTTP method does not allow this operation.
    MethodNotAllowed,
    /// The document is not syntactically valid.
    GraphqlParseFailed,
    /// The document is not valid for the schema.
    GraphqlValidationFailed,
    /// An argument or variable is wrong.
    BadUserInput,
    /// The operation exceeds a limit on its size or its cost.
    QueryTooComplex,
    /// The viewer has spent the cost that is allowed in a minute.
    RateLimited,
    /// The server has reached its limit of concurrent requests or connections.
    Overloaded,
    /// The connection has reached its limit of concurrent operations.
    TooManySubscriptions,
    /// The hash of a persisted query is unknown to this server. The client sends the query with it.
    PersistedQueryNotFound,
    /// The request exceeded its time limit.
    Timeout,
    /// The server failed. The log has the cause.
    Internal,
}

impl Code {
    /// The value of `extensions.code`.
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

/// Why a request was rejected before anything of it ran.
#[derive(Clone, Debug)]
pub struct RequestError {
    /// The code of each error.
    pub code: Code,
    /// The errors; at least one.
    pub errors: Vec<ServerError>,
    /// After how long to retry, where retrying helps.
    pub retry_after: Option<Duration>,
}

impl RequestError {
    /// One error.
    pub fn new(code: Code, message: impl Into<String>, position: Option<Pos>) -> Self {
        Self::with(code, vec![ServerError::new(message, position)])
    }

    /// An internal error that is not at a position of the document.
    #[must_use]
    pub fn failed(error: Error) -> Self {
        let mut error = error.into_server_error(Pos::default());
        error.locations.clear();
        Self::with(Code::Internal, vec![error])
    }

    /// Several errors with one code.
    #[must_use]
    pub fn with(code: Code, mut errors: Vec<ServerError>) -> Self {
        for error in &mut errors {
            set_code(error, code);
        }
        Self { code, errors, retry_after: None }
    }
}

/// An error with its code.
#[must_use]
pub fn error_with_code(code: Code, message: impl Into<String>) -> Error {
    Error::new(message).extend_with(|_, extensions| extensions.set("code", code.as_str()))
}

/// Logs the cause of an internal error. Each cause is logged once.
pub fn log(request_id: &str, cause: &impl Display) {
    tracing::error!(request_id, %cause, "internal error");
}

/// Logs the cause of an internal error, and returns the error for the client.
#[must_use]
pub fn internal(request_id: &str, cause: &impl Display) -> Error {
    log(request_id, cause);
    internal_error(request_id)
}

/// An internal error for the client: a constant message, and the request id that finds the cause in the log.
#[must_use]
pub fn internal_error(request_id: &str) -> Error {
    error_with_code(Code::Internal, "internal error")
        .extend_with(|_, extensions| extensions.set("requestId", request_id))
}

fn set_code(error: &mut ServerError, code: Code) {
    error.extensions.get_or_insert_default().set("code", code.as_str());
}

/// Sets `BAD_USER_INPUT` on an error of the executor itself, which has no code: the executor rejects only arguments.
pub fn tag_argument_error(error: &mut ServerError) {
    if error.extensions.as_ref().is_none_or(|extensions| extensions.get("code").is_none()) {
        set_code(error, Code::BadUserInput);
    }
}
