//! Top-level errors. Every error has `extensions.code`. Causes of internal errors go to the log and never to the
//! client.

use crate::graphql::engine::excess::Excess;
use crate::graphql::engine::sentence::to_sentence;
use async_graphql::{Error, ErrorExtensionValues, ErrorExtensions, Pos, ServerError, Value};
use std::time::Duration;
use strum::VariantArray;

/// The kinds of top-level errors. Three of them share the code `BAD_REQUEST`, and differ in the HTTP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, VariantArray)]
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
    /// The position from which the client reads events is not in the event log any more. The client queries anew.
    CursorExpired,
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
    /// The request exceeded its time limit. Nothing was written.
    Timeout,
    /// The server depends on something that is not available now. Nothing was written.
    Unavailable,
    /// A change may have been made.
    OutcomeUnknown,
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
            Self::CursorExpired => "CURSOR_EXPIRED",
            Self::QueryTooComplex => "QUERY_TOO_COMPLEX",
            Self::RateLimited => "RATE_LIMITED",
            Self::Overloaded => "OVERLOADED",
            Self::TooManySubscriptions => "TOO_MANY_SUBSCRIPTIONS",
            Self::PersistedQueryNotFound => "PERSISTED_QUERY_NOT_FOUND",
            Self::Timeout => "TIMEOUT",
            Self::Unavailable => "UNAVAILABLE",
            Self::OutcomeUnknown => "OUTCOME_UNKNOWN",
            Self::Internal => "INTERNAL",
        }
    }

    /// The message of a failure of the server. It never contains the cause.
    #[must_use]
    pub const fn failure_message(self) -> &'static str {
        match self {
            Self::Unavailable => "The server cannot do this now. Try again later.",
            Self::Timeout => "The request took too long.",
            Self::OutcomeUnknown => "The change may have been made. Look at the interview before you repeat it.",
            Self::Overloaded => "The server is busy. Try again in a moment.",
            _ => "Something went wrong on the server.",
        }
    }

    /// Whether the same request may succeed later. Nothing of it was written.
    #[must_use]
    pub fn is_retryable(self) -> bool {
        matches!(self, Self::Unavailable | Self::Timeout | Self::Overloaded | Self::RateLimited)
    }
}

/// Why a request has no viewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoViewer {
    /// The value of `extensions.reason`.
    pub reason: &'static str,
    /// Whole sentences.
    pub message: &'static str,
    /// Whether there is no token at all.
    pub is_anonymous: bool,
}

impl NoViewer {
    /// The error of a field.
    #[must_use]
    pub fn into_field_error(self) -> Error {
        let error = error_with_code(Code::Unauthenticated, self.message);
        error.extend_with(|_, extensions| extensions.set("reason", self.reason))
    }
}

impl From<NoViewer> for RequestError {
    fn from(why: NoViewer) -> Self {
        let error = Self::new(Code::Unauthenticated, why.message, None).with_extension("reason", &why.reason.into());
        Self { no_viewer: Some(why), ..error }
    }
}

/// After how long a client may retry a request that failed because of an outage.
pub const RETRY_AFTER: Duration = Duration::from_secs(1);

/// A time to wait for clients, which read seconds: never too short, and never 0.
#[must_use]
pub fn whole_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

/// The message of [`Code::CursorExpired`].
pub const CURSOR_EXPIRED: &str =
    "The event log does not continue from this position. Query anew, then subscribe from now on.";

/// Why a request was rejected before anything of it ran.
#[derive(Clone, Debug)]
pub struct RequestError {
    /// The code of each error.
    pub code: Code,
    /// The errors; at least one.
    pub errors: Vec<ServerError>,
    /// After how long to retry, where retrying helps.
    pub retry_after: Option<Duration>,
    /// Why nobody is signed in, for [`Code::Unauthenticated`].
    pub no_viewer: Option<NoViewer>,
}

impl RequestError {
    /// One error.
    pub fn new(code: Code, message: impl Into<String>, position: Option<Pos>) -> Self {
        Self::with(code, vec![ServerError::new(message, position)])
    }

    /// A failure of the server, which is not at a position of the document.
    #[must_use]
    pub fn failed(code: Code, request_id: &str) -> Self {
        let mut error = failure_error(code, request_id).into_server_error(Pos::default());
        error.locations.clear();
        Self::with(code, vec![error])
    }

    /// An operation that exceeds a limit.
    #[must_use]
    pub fn too_complex(message: impl Into<String>, excess: Excess) -> Self {
        let error = Self::new(Code::QueryTooComplex, message, None);
        excess.extensions().into_iter().fold(error, |error, (name, value)| error.with_extension(name, &value))
    }

    /// Sets after how long to retry.
    #[must_use]
    pub fn retry_in(self, wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..self.with_extension("retryAfter", &whole_seconds(wait).into()) }
    }

    /// Adds a value to the extensions of every error.
    #[must_use]
    pub fn with_extension(mut self, name: &str, value: &Value) -> Self {
        for error in &mut self.errors {
            error.extensions.get_or_insert_default().set(name, value.clone());
        }
        self
    }

    /// Several errors with one code.
    #[must_use]
    pub fn with(code: Code, mut errors: Vec<ServerError>) -> Self {
        for error in &mut errors {
            set_code(error, code);
        }
        Self { code, errors, retry_after: code.is_retryable().then_some(RETRY_AFTER), no_viewer: None }
    }
}

/// An error with its code.
#[must_use]
pub fn error_with_code(code: Code, message: impl Into<String>) -> Error {
    let mut error = Error::new(message);
    set_extensions(error.extensions.get_or_insert_default(), code);
    error
}

/// A failure of the server for the client: a constant message. An internal error has the request id that finds the
/// cause in the log.
#[must_use]
pub fn failure_error(code: Code, request_id: &str) -> Error {
    let error = error_with_code(code, code.failure_message());
    if code != Code::Internal {
        return error;
    }
    error.extend_with(|_, extensions| extensions.set("requestId", request_id))
}

fn set_code(error: &mut ServerError, code: Code) {
    set_extensions(error.extensions.get_or_insert_default(), code);
}

fn set_extensions(extensions: &mut ErrorExtensionValues, code: Code) {
    extensions.set("code", code.as_str());
    if code.is_retryable() {
        extensions.set("retryable", true);
        extensions.set("retryAfter", whole_seconds(RETRY_AFTER));
    }
}

/// Sets `BAD_USER_INPUT` on an error of the executor itself, which has no code: the executor rejects only arguments.
pub fn tag_argument_error(error: &mut ServerError) {
    if error.extensions.as_ref().is_none_or(|extensions| extensions.get("code").is_none()) {
        set_code(error, Code::BadUserInput);
        error.message = to_sentence(std::mem::take(&mut error.message));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_to_wait_are_rounded_up() {
        for (wait, seconds) in [(0, 1), (1, 1), (1000, 1), (1001, 2), (1999, 2), (20_000, 20), (59_001, 60)] {
            assert_eq!(whole_seconds(Duration::from_millis(wait)), seconds, "{wait}");
        }
    }
}
