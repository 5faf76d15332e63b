//! Transactions.

use crate::storage::database::connection::{PooledConnection, closed};
use crate::storage::database::executor::{ConnectionGuard, ConnectionSource, Executor, Observer};
use sea_orm::{DbBackend, DbErr};
use tokio::sync::{Mutex, MutexGuard};

/// An open transaction. Dropping it rolls back.
pub type Transaction = Executor<OpenTransaction>;

/// The connection of a transaction; none after the commit.
pub struct OpenTransaction(Mutex<Option<PooledConnection>>);

impl Transaction {
    /// `connection` has begun the transaction.
    pub(super) fn new(connection: PooledConnection, backend: DbBackend, observer: Option<Observer>) -> Self {
        Self { source: OpenTransaction(Mutex::new(Some(connection))), backend, observer }
    }

    /// Commits. After an error nothing was written, unless the connection broke during the commit.
    pub async fn commit(mut self) -> Result<(), DbErr> {
        self.notify_observer("COMMIT");
        match self.source.0.get_mut().take() {
            Some(mut connection) => connection.run("COMMIT").await.map(drop),
            None => Err(closed()),
        }
    }
}

impl ConnectionSource for OpenTransaction {
    async fn connection(&self) -> Result<ConnectionGuard<'_>, DbErr> {
        let connection = MutexGuard::try_map(self.0.lock().await, Option::as_mut).map_err(|_| closed())?;
        Ok(ConnectionGuard::OfTransaction(connection))
    }
}

impl Drop for OpenTransaction {
    fn drop(&mut self) {
        let Some(mut connection) = self.0.get_mut().take() else { return };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) if !connection.is_in_doubt() => {
                runtime.spawn(async move {
                    if let Err(error) = connection.run("ROLLBACK").await {
                        tracing::warn!(%error, "a transaction could not be rolled back in order");
                    }
                });
            }
            _ => connection.discard(),
        }
    }
}
