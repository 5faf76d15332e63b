//! Fills an empty database with many rows at once, in one transaction: on PostgreSQL with `COPY`, and with indexes and
//! constraints after the rows.

mod binary_rows;
mod deferred_indexes;

use crate::domain::{Account, Company, Event, Interview, Interviewee};
use crate::storage::Result;
use crate::storage::database::Transaction;
use crate::storage::entities::{account, company, event, interviewee, stored_interview};
use binary_rows::BinaryRows;
use deferred_indexes::DeferredIndexes;
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DbBackend, EntityTrait, IntoActiveModel, Iterable, PaginatorTrait, Set,
};

/// An empty database that is being filled. Nothing is stored before [`BulkInsert::finish`].
pub(crate) struct BulkInsert {
    transaction: Transaction,
    /// None where they stay: on SQLite, and where the role may not drop them.
    deferred: Option<DeferredIndexes>,
}

/// Interviews and their events, in the form in which the database takes them. Making it is half of the work, and needs
/// no connection.
pub(crate) struct Histories {
    interviews: Rows<stored_interview::ActiveModel>,
    events: Rows<event::ActiveModel>,
}

/// The form in which a database takes rows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowFormat(DbBackend);

/// Rows of one table.
enum Rows<A> {
    Binary(BinaryRows),
    Models(Vec<A>),
}

/// Whether there are neither companies nor users.
pub(crate) async fn is_empty(connection: &impl ConnectionTrait) -> Result<bool> {
    let companies = company::Entity::find().count(connection).await?;
    Ok(companies == 0 && account::Entity::find().count(connection).await? == 0)
}

impl Histories {
    /// The interviews have ids, and keep them. Their events get new ones, in this order.
    pub fn new(RowFormat(backend): RowFormat, interviews: &[Interview], events: Vec<Event>) -> Self {
        let with_id = |interview: &Interview| stored_interview::ActiveModel {
            id: Set(interview.id.0),
            ..stored_interview::ActiveModel::from(interview)
        };
        Self {
            interviews: Rows::new(backend, interviews.iter().map(with_id)),
            events: Rows::new(backend, events.into_iter().map(event::ActiveModel::from)),
        }
    }
}

impl BulkInsert {
    /// Begins to fill the database of this transaction, in which [`is_empty`] holds. Other sessions wait for its tables
    /// until it ends.
    pub async fn begin(transaction: Transaction) -> Result<Self> {
        let deferred = if transaction.get_database_backend() == DbBackend::Postgres {
            DeferredIndexes::drop_from_empty_tables(&transaction).await?
        } else {
            None
        };
        Ok(Self { transaction, deferred })
    }

    /// For other rows.
    pub fn transaction(&self) -> &Transaction {
        &self.transaction
    }

    pub fn row_format(&self) -> RowFormat {
        RowFormat(self.backend())
    }

    fn backend(&self) -> DbBackend {
        self.transaction.get_database_backend()
    }

    /// Inserts companies with their ids.
    pub async fn insert_companies(&self, companies: Vec<Company>) -> Result<()> {
        self.insert(Rows::new(self.backend(), companies.into_iter().map(company::Model::from).map(with_id))).await
    }

    /// Inserts users with their ids.
    pub async fn insert_users(&self, users: Vec<Account>) -> Result<()> {
        self.insert(Rows::new(self.backend(), users.into_iter().map(account::Model::from).map(with_id))).await
    }

    /// Inserts applications with their ids.
    pub async fn insert_interviewees(&self, interviewees: Vec<Interviewee>) -> Result<()> {
        let rows = interviewees.into_iter().map(interviewee::Model::from).map(with_id);
        self.insert(Rows::new(self.backend(), rows)).await
    }

    pub async fn insert_histories(&self, histories: Histories) -> Result<()> {
        self.insert(histories.interviews).await?;
        self.insert(histories.events).await
    }

    /// Makes the indexes and constraints that come after the rows, and commits. `on_step` is called with the number of
    /// those that are made, and of all.
    pub async fn finish(self, mut on_step: impl FnMut(usize, usize)) -> Result<()> {
        if let Some(deferred) = &self.deferred {
            deferred.create(&self.transaction, &mut on_step).await?;
        }
        continue_ids(&self.transaction).await?;
        self.transaction.commit().await
    }

    async fn insert<A: ActiveModelTrait>(&self, rows: Rows<A>) -> Result<()> {
        match rows {
            Rows::Models(models) => insert(&self.transaction, models).await,
            Rows::Binary(rows) => {
                // PostgreSQL takes rows as frozen where their table was emptied in the same transaction: it neither
                // writes them again to say that they are committed, nor has VACUUM do so.
                let is_emptied = self.deferred.is_some() && deferred_indexes::empties(rows.table());
                Ok(rows.copy_to(&self.transaction, is_emptied).await?)
            }
        }
    }
}

impl<A: ActiveModelTrait> Rows<A> {
    fn new(backend: DbBackend, rows: impl Iterator<Item = A>) -> Self {
        if backend == DbBackend::Postgres { Self::Binary(BinaryRows::new(rows)) } else { Self::Models(rows.collect()) }
    }
}

/// Makes new rows get ids above the inserted ones. PostgreSQL's identity columns do not notice ids that a statement
/// sets.
async fn continue_ids(connection: &impl ConnectionTrait) -> Result<()> {
    if connection.get_database_backend() == DbBackend::Postgres {
        for table in ["companies", "users", "interviewees", "interviews"] {
            let sql = format!("SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))");
            connection.execute_unprepared(&sql).await?;
        }
    }
    Ok(())
}

/// Sets every column, including the id.
fn with_id<M: IntoActiveModel<A>, A: ActiveModelTrait>(row: M) -> A {
    row.into_active_model().reset_all()
}

/// The maximum number of parameters of a statement. Larger statements are hardly faster, and take memory that is never
/// released.
const PARAMETERS: usize = 4_000;

async fn insert<A: ActiveModelTrait>(connection: &impl ConnectionTrait, rows: Vec<A>) -> Result<()> {
    let columns = <A::Entity as EntityTrait>::Column::iter().count();
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let batch: Vec<A> = rows.by_ref().take(PARAMETERS / columns).collect();
        A::Entity::insert_many(batch).exec_without_returning(connection).await?;
    }
    Ok(())
}
