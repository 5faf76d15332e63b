//! The order in which the event log is followed. Ids are given out before the commit, so a line with a lower id can appear after one
//! with a higher id was read. Each line therefore carries the transaction that wrote it: once no older transaction is running, whatever
//! precedes it in the order of transaction and id is there for good.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// This step, named after its file.
#[derive(DeriveMigrationName, Debug)]
pub struct Migration;

const TABLE: &str = "interview_events";
const INDEX: &str = "interview_events_by_transaction_id_id";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // What is there already is older than any transaction. SQLite writes one transaction at a time: there it stays at that.
        let column = ColumnDef::new("transaction_id").big_integer().not_null().default(0).to_owned();
        manager.alter_table(Table::alter().table(TABLE).add_column(column).to_owned()).await?;
        if manager.get_database_backend() == DbBackend::Postgres {
            let default = "ALTER TABLE interview_events ALTER COLUMN transaction_id \
                 SET DEFAULT pg_current_xact_id()::text::bigint";
            manager.get_connection().execute_unprepared(default).await?;
        }
        let index = Index::create().name(INDEX).table(TABLE).col("transaction_id").col("id").to_owned();
        manager.create_index(index).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().name(INDEX).table(TABLE).to_owned()).await?;
        manager.alter_table(Table::alter().table(TABLE).drop_column("transaction_id").to_owned()).await
    }
}
