//! Top-level errors. Every error has `extensions.code`. Causes of internal errors go to the log and never to the
//! client.

use async_graphql::{Error, ErrorExtensionValues, ErrorExtensions, Pos, ServerError, Value};
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

/// After how long a client may retry a request that failed because of an outage.
pub const RETRY_AFTER: Duration = Duration::from_secs(1);

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
        let retry_after = (code == Code::Unavailable || code == Code::Timeout).then_some(RETRY_AFTER);
        Self { retry_after, ..Self::with(code, vec![error]) }
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
        Self { code, errors, retry_after: None }
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
    }
}

/// Sets `BAD_USER_INPUT` on an error of the executor itself, which has no code: the executor rejects only arguments.
pub fn tag_argument_error(error: &mut ServerError) {
    if error.extensions.as_ref().is_none_or(|extensions| extensions.get("code").is_none()) {
        set_code(error, Code::BadUserInput);
        error.message = to_sentence(std::mem::take(&mut error.message));
    }
}

/// The message of a library as a sentence: libraries begin in lower case and have no full stop.
#[must_use]
pub fn to_sentence(message: String) -> String {
    // A name in backticks has to stay as it is.
    let mut sentence = if message.starts_with('`') { format!("The {message}") } else { message };
    if let Some(first) = sentence.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    if !sentence.ends_with(['.', '?', '…']) {
        sentence.push('.');
    }
    sentence
}
