//! Why a use case did not do what was asked.

use crate::domain::Refusal;
use crate::storage::StorageError;

/// Either the request was refused, or the server failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ServiceError {
    /// The request was refused. The client gets the reason.
    #[error("refused: {0:?}")]
    Refused(Refusal),
    /// The database cannot be reached, or took too long.
    #[error(transparent)]
    Unavailable(StorageError),
    /// A row refers to a row that does not exist.
    #[error("there is no row {id} in {table}, to which another refers")]
    Dangling {
        /// The table that lacks the row.
        table: &'static str,
        /// The missing id.
        id: i64,
    },
    /// The follower of the event log stopped.
    #[error("the follower of the event log stopped")]
    FollowerStopped,
    /// The server failed. The cause goes to the log and never to the client.
    #[error(transparent)]
    Failed(StorageError),
}

impl From<Refusal> for ServiceError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<StorageError> for ServiceError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Unavailable(_) | StorageError::Timeout(_) => Self::Unavailable(error),
            error => Self::Failed(error),
        }
    }
}
