//! Reads and writes the rows that the platform owns, many with one statement.

pub(crate) mod interviews;
pub(in crate::storage) mod json_insert;
mod references;
mod upsert;

pub(crate) use upsert::{PlatformTable, Replacement};

use crate::domain::UserId;
use crate::domain::provisioning::{References, Wanted};
use crate::storage::database::array_parameter::is_any_of;
use crate::storage::database::commit::commit;
use crate::storage::database::{ReservedConnection, UserPermit, fetch};
use crate::storage::{Db, LockWait, Result, Transaction};
use sea_orm::sea_query::Expr;
use sea_orm::{ConnectionTrait, EntityTrait, QueryFilter};

/// Where rows are read and written.
pub enum PlatformStore<'a> {
    /// Each statement is a transaction of its own.
    Statements { connection: ReservedConnection, _permit: UserPermit },
    /// All statements belong to a transaction.
    Transaction(&'a Transaction),
}

impl PlatformStore<'_> {
    /// Waits for a connection of the user's share.
    pub(crate) async fn reserve(db: &Db, user: UserId) -> Result<Self> {
        let permit = db.permit_change(user, LockWait::Full).await?;
        Ok(Self::Statements { connection: db.reserve_to_wait_for_locks().await?, _permit: permit })
    }

    pub(crate) fn is_transaction(&self) -> bool {
        matches!(self, Self::Transaction(_))
    }

    /// The stored rows with these ids.
    pub(crate) async fn stored<T: PlatformTable>(&self, ids: Vec<i64>) -> Result<Vec<T>> {
        match self {
            Self::Statements { connection, .. } => stored(connection, ids).await,
            Self::Transaction(transaction) => stored(*transaction, ids).await,
        }
    }

    /// What was found of these. No statement if nothing is wanted.
    pub(crate) async fn references(&self, wanted: &Wanted) -> Result<References> {
        match self {
            Self::Statements { connection, .. } => references::find(connection, wanted).await,
            Self::Transaction(transaction) => references::find(*transaction, wanted).await,
        }
    }

    /// Stores the rows with one statement, and returns the ids of those that were stored. The others are no longer as
    /// they were read, and have to be judged anew.
    pub(crate) async fn upsert<T: PlatformTable>(&self, rows: Vec<Replacement<T>>) -> Result<Vec<i64>> {
        match self {
            Self::Statements { connection, .. } => {
                commit(upsert::upsert(connection, rows), |stored| !stored.is_empty()).await
            }
            Self::Transaction(transaction) => Ok(upsert::upsert(*transaction, rows).await?),
        }
    }
}

async fn stored<T: PlatformTable>(connection: &impl ConnectionTrait, ids: Vec<i64>) -> Result<Vec<T>> {
    let id = Expr::col((T::Entity::default(), T::ID));
    let query = T::Entity::find().filter(is_any_of(connection.get_database_backend(), id, ids));
    fetch::all(connection, query).await?.into_iter().map(T::read).collect()
}
