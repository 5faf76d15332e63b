//! Why a use case did not do what was asked.

use crate::domain::Refusal;
use crate::storage::StorageError;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The log warns about timeouts this often, for as long as there are any. Nothing says when they are over.
const TIMEOUT_WARNING_INTERVAL: Duration = Duration::from_mins(1);

/// Either the request was refused, or the server failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ServiceError {
    /// The request was refused. The client gets the reason.
    #[error("refused: {0:?}")]
    Refused(Refusal),
    /// The position from which a client reads is not in the present history of the event log.
    #[error("the cursor is not in the present history of the event log")]
    CursorExpired,
    /// The database cannot do this now. Nothing was written.
    #[error(transparent)]
    Unavailable(StorageError),
    /// The database took too long, or was too busy. Nothing was written.
    #[error(transparent)]
    TimedOut(StorageError),
    /// The change is written in full, or not at all.
    #[error(transparent)]
    OutcomeUnknown(StorageError),
    /// The change is written, and what the response shows of it could not be read.
    #[error("the change is made, and its result cannot be read: {0}")]
    ResultUnreadable(Box<ServiceError>),
    /// A row refers to a row that does not exist.
    #[error("there is no row {id} in {table}, to which another refers")]
    Dangling {
        /// The table that lacks the row.
        table: &'static str,
        /// The missing id.
        id: i64,
    },
    /// The keys of the identity provider are not known, so that its tokens cannot be verified.
    #[error("the keys of the identity provider are not known")]
    NoKeys,
    /// The follower of the event log stopped.
    #[error("the follower of the event log stopped")]
    FollowerStopped,
    /// The server failed. The cause goes to the log and never to the client.
    #[error(transparent)]
    Failed(StorageError),
}

/// How the server failed, as clients learn it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The server cannot do this now. Nothing was written, and the request can be repeated.
    Unavailable,
    /// The request took too long. Nothing was written, and the request can be repeated.
    Timeout,
    /// A change may be made. The client has to find out before it repeats the request.
    OutcomeUnknown,
    /// A bug, or data that this server cannot read.
    Internal,
}

impl ServiceError {
    /// How the server failed.
    #[must_use]
    pub fn failure(&self) -> Failure {
        match self {
            Self::Unavailable(_) | Self::NoKeys => Failure::Unavailable,
            Self::TimedOut(_) => Failure::Timeout,
            Self::OutcomeUnknown(_) | Self::ResultUnreadable(_) => Failure::OutcomeUnknown,
            Self::Refused(_)
            | Self::CursorExpired
            | Self::Dangling { .. }
            | Self::FollowerStopped
            | Self::Failed(_) => Failure::Internal,
        }
    }

    /// The same error of a read that follows a committed change.
    #[must_use]
    pub fn after_change(self) -> Self {
        match self {
            Self::Unavailable(_) | Self::TimedOut(_) => Self::ResultUnreadable(Box::new(self)),
            error => error,
        }
    }

    /// Logs the cause with the id of the request. An outage has a line of its own, written by the storage, so that its
    /// requests are in the log only at the level `debug`.
    pub fn log(&self, request_id: &str) {
        match self.failure() {
            Failure::Timeout if is_time_to_warn() => {
                tracing::warn!(request_id, cause = %self, "requests take too long in the database");
            }
            Failure::Unavailable | Failure::Timeout => tracing::debug!(request_id, cause = %self, "request failed"),
            Failure::OutcomeUnknown => tracing::info!(request_id, cause = %self, "a change may have been made"),
            Failure::Internal => tracing::error!(request_id, cause = %self, "internal error"),
        }
    }

    /// Whether the database gave up waiting for a lock.
    pub(crate) fn is_lock_timeout(&self) -> bool {
        matches!(self, Self::TimedOut(error) if error.is_lock_timeout())
    }
}

/// Whether the log has had no warning about timeouts for a while.
fn is_time_to_warn() -> bool {
    static LAST: Mutex<Option<Instant>> = Mutex::new(None);
    let (mut last, now) = (LAST.lock().unwrap_or_else(PoisonError::into_inner), Instant::now());
    let is_time = last.is_none_or(|last| now.duration_since(last) >= TIMEOUT_WARNING_INTERVAL);
    if is_time {
        *last = Some(now);
    }
    is_time
}

impl From<Refusal> for ServiceError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<StorageError> for ServiceError {
    fn from(error: StorageError) -> Self {
        match error {
            // An overlap arrives here if the other interview was gone again at every attempt.
            StorageError::Unavailable(_)
            | StorageError::ConnectionLost(_)
            | StorageError::Transient(_)
            | StorageError::Overlap => Self::Unavailable(error),
            StorageError::Timeout(_) => Self::TimedOut(error),
            StorageError::OutcomeUnknown(_) => Self::OutcomeUnknown(error),
            StorageError::Url(_)
            | StorageError::Unusable(_)
            | StorageError::Corrupt { .. }
            | StorageError::Database(_) => Self::Failed(error),
        }
    }
}
