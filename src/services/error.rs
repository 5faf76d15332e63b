//! Why a use case did not do what it was asked to.

use crate::domain::Refusal;
use crate::storage::StorageError;

/// Either the request was refused, or the server failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ServiceError {
    /// The viewer's doing: it is explained to them.
    #[error("refused: {0:?}")]
    Refused(Refusal),
    /// There is no database at the moment.
    #[error(transparent)]
    Unavailable(StorageError),
    /// A row refers to one that is not there.
    #[error("there is no row {id} in {table}, to which another refers")]
    Dangling {
        /// Where it should be.
        table: &'static str,
        /// Its id.
        id: i64,
    },
    /// The follower of the event log ended.
    #[error("nobody follows the event log any more")]
    FollowerStopped,
    /// The server's doing: its cause goes to the log and never to the viewer.
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
            StorageError::Unavailable(_) => Self::Unavailable(error),
            error => Self::Failed(error),
        }
    }
}
