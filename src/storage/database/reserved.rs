//! One connection for several statements outside of a transaction.

use crate::storage::database::connection::PooledConnection;
use crate::storage::database::executor::{Access, ConnectionGuard, ConnectionSource, Executor, Observer};
use sea_orm::{DbBackend, DbErr};
use tokio::sync::{Mutex, MutexGuard};

/// A connection for a read and the change that depends on it. The read shows that the connection is alive: otherwise
/// the change would be the first statement on a connection that broke while it was idle, and whether it was executed
/// would be unknown.
pub type ReservedConnection = Executor<Reserved>;

/// The connection.
pub struct Reserved(Mutex<PooledConnection>);

impl ReservedConnection {
    pub(super) fn new(connection: PooledConnection, backend: DbBackend, observer: Option<Observer>) -> Self {
        Self { source: Reserved(Mutex::new(connection)), backend, observer }
    }

    /// Whether the connection cannot be used any more.
    pub(crate) fn is_broken(&mut self) -> bool {
        self.source.0.get_mut().is_broken()
    }
}

impl ConnectionSource for Reserved {
    const IS_TRANSACTION: bool = false;

    async fn connection(&self, _: Access) -> Result<ConnectionGuard<'_>, DbErr> {
        Ok(ConnectionGuard::Shared(MutexGuard::map(self.0.lock().await, |connection| connection)))
    }
}
