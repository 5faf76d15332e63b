//! The epoch of the event log: a table with one row. Cursors contain the epoch, and expire when the server draws
//! another one. The columns that identify the database stay empty until a server runs on it, and on SQLite.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, boolean, integer_null};
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// The step. Its recorded name is written out, so that moving the file cannot change it.
#[derive(Debug)]
pub struct EventLogEpoch;

const TABLE: &str = "event_log_epoch";

impl MigrationName for EventLogEpoch {
    fn name(&self) -> &'static str {
        "m20261128_000002_event_log_epoch"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for EventLogEpoch {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table(TABLE)
            .col(boolean("only_row").default(true).primary_key())
            .col(big_integer("epoch"))
            .col(big_integer_null("system_identifier"))
            .col(integer_null("timeline"))
            .col(big_integer_null("database_oid"))
            .col(big_integer_null("transaction_id"))
            .check(("event_log_epoch_only_row_check", Expr::col("only_row")))
            .to_owned();
        manager.create_table(table).await?;
        let random = match manager.get_database_backend() {
            DbBackend::Postgres => "('x' || left(md5(gen_random_uuid()::text), 16))::bit(64)::bigint",
            _ => "random()",
        };
        let insert = format!("INSERT INTO {TABLE} (epoch) VALUES ({random})");
        manager.get_connection().execute_unprepared(&insert).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(TABLE).to_owned()).await
    }

    /// A step that fails leaves nothing behind, on SQLite too, where this is not the default.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
