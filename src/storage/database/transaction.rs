//! Transactions.

use crate::storage::Result;
use crate::storage::database::commit::commit;
use crate::storage::database::connection::{PooledConnection, closed};
use crate::storage::database::executor::{Access, ConnectionGuard, ConnectionSource, Executor, Observer};
use sea_orm::{ConnectionTrait, DbBackend, DbErr};
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

    /// Lets statements take as long as they need.
    pub(super) async fn remove_time_limits(&mut self) -> Result<()> {
        if let Some(connection) = self.source.0.get_mut() {
            connection.wait_for_responses();
        }
        if self.backend == DbBackend::Postgres {
            self.execute_unprepared("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0").await?;
        }
        Ok(())
    }

    /// Lets any time pass between two statements.
    pub(super) async fn allow_idleness(&self) -> Result<()> {
        if self.backend == DbBackend::Postgres {
            self.execute_unprepared("SET LOCAL idle_in_transaction_session_timeout = 0").await?;
        }
        Ok(())
    }

    /// Sends rows to PostgreSQL with a statement `COPY … FROM STDIN`.
    pub(crate) async fn copy_in(&self, sql: &str, rows: &[u8]) -> Result<(), DbErr> {
        self.notify_observer(sql);
        self.source.connection(Access::Write).await?.copy_in(sql, rows).await
    }

    /// Commits. After an error nothing was written, except after [`crate::storage::StorageError::OutcomeUnknown`].
    pub async fn commit(mut self) -> Result<()> {
        self.notify_observer("COMMIT");
        let connection = self.source.0.get_mut().take().ok_or_else(closed)?;
        commit(connection.commit(), |()| true).await
    }
}

impl ConnectionSource for OpenTransaction {
    const IS_TRANSACTION: bool = true;

    async fn connection(&self, _: Access) -> Result<ConnectionGuard<'_>, DbErr> {
        let connection = MutexGuard::try_map(self.0.lock().await, Option::as_mut).map_err(|_| closed())?;
        Ok(ConnectionGuard::Shared(connection))
    }
}
