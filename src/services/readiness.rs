//! Whether the server can serve requests now.

use super::Services;
use crate::storage::StorageError;

/// Why the server is not ready.
#[derive(Clone, Debug, thiserror::Error)]
pub enum NotReady {
    /// The schema lacks migrations.
    #[error("the database's schema is behind: run `interviews migrate up`")]
    SchemaBehind,
    /// The database does not answer.
    #[error("the database does not answer")]
    Database(#[source] StorageError),
}

impl Services {
    /// Asks the database whether its schema is the one that this server needs.
    pub async fn check_readiness(&self) -> Result<(), NotReady> {
        let state = self.db.migration_state().await.map_err(NotReady::Database)?;
        if state.is_current() { Ok(()) } else { Err(NotReady::SchemaBehind) }
    }
}
