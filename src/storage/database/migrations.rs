//! Migrations, and how many of them a database has.

use crate::storage::Result;
use crate::storage::database::Db;
use crate::storage::database::connect::sqlite_options;
use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};

/// The migrations that this server knows.
#[derive(Clone, Debug)]
pub struct MigrationState {
    /// Each migration with whether it is applied, in order.
    pub steps: Vec<(String, bool)>,
}

impl MigrationState {
    /// Whether all migrations are applied.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.steps.iter().all(|(_, applied)| *applied)
    }
}

impl Db {
    /// Applies all missing migrations. On PostgreSQL a migration that fails leaves no changes.
    pub async fn migrate_up(&self) -> Result<()> {
        let connection = self.for_migrations().await?;
        Migrator::up(&connection, None).await?;
        Ok(connection.close().await?)
    }

    /// Reverts the last `steps` migrations. The data of dropped tables is lost.
    pub async fn migrate_down(&self, steps: u32) -> Result<()> {
        let connection = self.for_migrations().await?;
        Migrator::down(&connection, Some(steps)).await?;
        Ok(connection.close().await?)
    }

    /// The migrator takes SeaORM's own connections.
    async fn for_migrations(&self) -> Result<DatabaseConnection> {
        let mut connection = ConnectOptions::new(&self.options.url);
        connection.max_connections(1).acquire_timeout(self.options.acquire_timeout).sqlx_logging(false);
        connection.map_sqlx_sqlite_opts(|file| sqlite_options(file, false, true));
        Ok(Database::connect(connection).await?)
    }

    /// Compares the database with the migrations that this server knows. Writes nothing.
    pub async fn migration_state(&self) -> Result<MigrationState> {
        let applied = applied_steps(&self.monitor).await?;
        let known = Migrator::migrations();
        let step = |name: &str| (name.to_owned(), applied.iter().any(|applied| applied == name));
        Ok(MigrationState { steps: known.iter().map(|known| step(known.name())).collect() })
    }
}

/// The migrator's own function creates its table if it is missing. This one only reads.
async fn applied_steps(connection: &impl ConnectionTrait) -> Result<Vec<String>> {
    let backend = connection.get_database_backend();
    let exists = match backend {
        DbBackend::Postgres => {
            "SELECT 1 FROM pg_tables WHERE tablename = 'seaql_migrations' AND schemaname = current_schema()"
        }
        _ => "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'seaql_migrations'",
    };
    if connection.query_one_raw(Statement::from_string(backend, exists)).await?.is_none() {
        return Ok(Vec::new());
    }
    let rows = Statement::from_string(backend, "SELECT version FROM seaql_migrations");
    let rows = connection.query_all_raw(rows).await?;
    Ok(rows.into_iter().map(|row| row.try_get("", "version")).collect::<Result<_, _>>()?)
}
