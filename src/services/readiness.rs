//! Whether the server can do its work now.

use crate::services::Services;
use crate::storage::StorageError;

/// Why it cannot.
#[derive(Clone, Debug, thiserror::Error)]
pub enum NotReady {
    /// Steps of the schema are missing.
    #[error("the database's schema is behind: run `interviews migrate up`")]
    Behind,
    /// The database does not answer.
    #[error("the database does not answer")]
    Database(#[source] StorageError),
}

impl Services {
    /// Asks the database, and compares its schema with what this server needs.
    ///
    /// # Errors
    /// [`NotReady`]
    pub async fn check_readiness(&self) -> Result<(), NotReady> {
        let state = self.db.migration_state().await.map_err(NotReady::Database)?;
        if state.is_current() { Ok(()) } else { Err(NotReady::Behind) }
    }
}
