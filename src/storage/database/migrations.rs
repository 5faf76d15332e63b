//! Migrations: applies and reverts steps, and tells which of them a database has.

use crate::storage::database::migration_session::MigrationSession;
use crate::storage::database::{Db, privileges};
use crate::storage::{Result, StorageError, folded_names, reminder_times};
use migration::{MigrationTrait, Migrator, MigratorTrait, SchemaManager};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, Statement};
use std::time::Duration;

/// How often a step is tried that waits too long for a lock, and the pause before the next try.
const LOCK_TRIES: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_secs(1);

/// The migrations that this release knows, and those that the database has.
#[derive(Clone, Debug)]
pub struct MigrationState {
    /// Each migration of this release with whether it is applied, in order.
    pub steps: Vec<(String, bool)>,
    /// Applied migrations that this release does not know.
    pub unknown: Vec<String>,
}

impl MigrationState {
    /// Reads the state. Writes nothing.
    pub async fn read(connection: &impl ConnectionTrait) -> Result<Self> {
        let applied = applied_steps(connection).await?;
        let known: Vec<String> = Migrator::migrations().iter().map(|step| step.name().to_owned()).collect();
        let unknown = applied.iter().filter(|step| !known.contains(step)).cloned().collect();
        let steps = known.into_iter().map(|step| (applied.contains(&step), step));
        Ok(Self { steps: steps.map(|(applied, step)| (step, applied)).collect(), unknown })
    }

    /// Whether all migrations of this release are applied. A newer release may have applied more: the server works with
    /// the schema of the next release.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.steps.iter().all(|(_, applied)| *applied)
    }

    /// Fails for the database of another application.
    pub fn require_own_database(&self) -> Result<()> {
        match &self.unknown[..] {
            [first, ..] if !self.steps.iter().any(|(_, applied)| *applied) => Err(StorageError::Unusable(format!(
                "the database belongs to another application: it has the migration {first}, and none of this one"
            ))),
            _ => Ok(()),
        }
    }

    /// Fails if a newer release applied a migration, which this release cannot revert, and cannot build upon.
    fn require_no_newer_steps(&self) -> Result<()> {
        self.require_own_database()?;
        match &self.unknown[..] {
            [] => Ok(()),
            unknown => Err(StorageError::Unusable(format!(
                "the database has migrations of a newer release ({}): run the command of that release",
                unknown.join(", ")
            ))),
        }
    }
}

impl Db {
    /// Applies all missing migrations, and fills the columns that the server fills: it folds names, and derives the
    /// times of reminders. Waits for migrations of other processes. A migration that fails leaves no changes.
    pub async fn migrate_up(&self) -> Result<()> {
        let session = MigrationSession::open(&self.options).await?;
        let outcome = async {
            apply(&session).await?;
            folded_names::fold_all(&session.executor()).await?;
            reminder_times::fill_all(&session.executor()).await
        };
        let outcome = outcome.await;
        session.close(outcome).await
    }

    /// Reverts the last `steps` migrations. The data of dropped tables is lost. Waits for migrations of other
    /// processes.
    pub async fn migrate_down(&self, steps: u32) -> Result<()> {
        let session = MigrationSession::open(&self.options).await?;
        let outcome = revert(&session, steps).await;
        session.close(outcome).await
    }

    /// Compares the database with the migrations that this server knows. Writes nothing.
    pub async fn migration_state(&self) -> Result<MigrationState> {
        MigrationState::read(&self.monitor).await
    }
}

async fn apply(session: &MigrationSession) -> Result<()> {
    let state = MigrationState::read(&session.executor()).await?;
    if state.is_current() {
        return Ok(());
    }
    state.require_no_newer_steps()?;
    privileges::require_for_migrations(&session.executor()).await?;
    for step in steps_that_are(false, &state) {
        run_step(session, async |transaction| {
            if !has_list(transaction).await? {
                Migrator::install(transaction).await?;
            }
            step.up(&SchemaManager::new(transaction)).await?;
            record(transaction, step.name()).await
        })
        .await?;
        tracing::info!(step = step.name(), "migration applied");
    }
    Ok(())
}

async fn revert(session: &MigrationSession, steps: u32) -> Result<()> {
    let state = MigrationState::read(&session.executor()).await?;
    let mut applied = steps_that_are(true, &state);
    let first = applied.len().saturating_sub(usize::try_from(steps).unwrap_or(usize::MAX));
    let last = applied.split_off(first);
    if !last.is_empty() {
        state.require_no_newer_steps()?;
        privileges::require_ownership(&session.executor()).await?;
    }
    for step in last.into_iter().rev() {
        run_step(session, async |transaction| {
            step.down(&SchemaManager::new(transaction)).await?;
            remove_record(transaction, step.name()).await
        })
        .await?;
        tracing::info!(step = step.name(), "migration reverted");
    }
    Ok(())
}

/// The steps of this release that are applied, or those that are not.
fn steps_that_are(applied: bool, state: &MigrationState) -> Vec<Box<dyn MigrationTrait>> {
    let wanted = state.steps.iter().map(|(_, is_applied)| *is_applied == applied);
    Migrator::migrations().into_iter().zip(wanted).filter_map(|(step, wanted)| wanted.then_some(step)).collect()
}

/// Runs a step as one transaction. If it waits for a lock on a table for too long, it is rolled back and tried again,
/// so that the statements that wait behind it get their turn.
async fn run_step(session: &MigrationSession, step: impl AsyncFn(&DatabaseTransaction) -> Result<()>) -> Result<()> {
    let mut tries = 1;
    loop {
        let transaction = session.begin_step().await?;
        let outcome = step(&transaction).await;
        match outcome {
            Err(error) if error.is_lock_timeout() && tries < LOCK_TRIES => {
                transaction.rollback().await?;
                tracing::info!(tries, "waiting: another session uses a table that the migration changes");
                tries += 1;
                tokio::time::sleep(LOCK_PAUSE).await;
            }
            outcome => {
                outcome?;
                require_valid_references(&transaction).await?;
                return Ok(transaction.commit().await?);
            }
        }
    }
}

/// SQLite does not enforce foreign keys during a step, so that it can rebuild tables.
async fn require_valid_references(transaction: &DatabaseTransaction) -> Result<()> {
    if transaction.get_database_backend() == DbBackend::Sqlite {
        let check = Statement::from_string(DbBackend::Sqlite, "SELECT \"table\" FROM pragma_foreign_key_check LIMIT 1");
        if let Some(row) = transaction.query_one_raw(check).await? {
            let table: String = row.try_get_by_index(0)?;
            return Err(StorageError::Unusable(format!("after the migration, rows of {table} refer to missing rows")));
        }
    }
    Ok(())
}

async fn applied_steps(connection: &impl ConnectionTrait) -> Result<Vec<String>> {
    if !has_list(connection).await? {
        return Ok(Vec::new());
    }
    let rows = "SELECT version FROM seaql_migrations ORDER BY version";
    let rows = connection.query_all_raw(Statement::from_string(connection.get_database_backend(), rows)).await?;
    Ok(rows.into_iter().map(|row| row.try_get("", "version")).collect::<Result<_, _>>()?)
}

/// Whether the list of applied steps exists.
async fn has_list(connection: &impl ConnectionTrait) -> Result<bool> {
    let backend = connection.get_database_backend();
    let exists = match backend {
        DbBackend::Postgres => {
            "SELECT 1 FROM pg_tables WHERE tablename = 'seaql_migrations' AND schemaname = current_schema()"
        }
        _ => "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'seaql_migrations'",
    };
    Ok(connection.query_one_raw(Statement::from_string(backend, exists)).await?.is_some())
}

async fn record(connection: &impl ConnectionTrait, step: &str) -> Result<()> {
    let sql = match connection.get_database_backend() {
        DbBackend::Postgres => {
            "INSERT INTO seaql_migrations (version, applied_at) VALUES ($1, extract(epoch FROM now())::bigint)"
        }
        _ => "INSERT INTO seaql_migrations (version, applied_at) VALUES (?, unixepoch())",
    };
    execute(connection, sql, step).await
}

async fn remove_record(connection: &impl ConnectionTrait, step: &str) -> Result<()> {
    let sql = match connection.get_database_backend() {
        DbBackend::Postgres => "DELETE FROM seaql_migrations WHERE version = $1",
        _ => "DELETE FROM seaql_migrations WHERE version = ?",
    };
    execute(connection, sql, step).await
}

async fn execute(connection: &impl ConnectionTrait, sql: &str, step: &str) -> Result<()> {
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, [step.into()]);
    connection.execute_raw(statement).await?;
    Ok(())
}
