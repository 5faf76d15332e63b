//! Why a use case did not do what it was asked to.

use crate::domain::Refusal;
use crate::storage::StorageError;

/// Either the request was refused, or the server failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ServiceError {
    /// The viewer's doing: it is explained to them.
    #[error("refused: {0:?}")]
    Refused(Refusal),
    /// The server's: its cause goes to the log and never to the viewer.
    #[error(transparent)]
    Failed(#[from] StorageError),
}

impl From<Refusal> for ServiceError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}
