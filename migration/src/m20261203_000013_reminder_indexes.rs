//! The indexes in which reminders that are due are found. They have the rows that can still be reminded only. It is
//! another step than the one before, which locks the table.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

/// The step. Its recorded name is written out, so that moving the file cannot change it.
#[derive(Debug)]
pub struct ReminderIndexes;

const INDEXES: [(&str, &str); 2] =
    [("start_at", "status = 'scheduled'"), ("waiting_since", "waiting_since IS NOT NULL")];

impl MigrationName for ReminderIndexes {
    fn name(&self) -> &'static str {
        "m20261203_000013_reminder_indexes"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for ReminderIndexes {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (column, condition) in INDEXES {
            let name = index_name(column);
            let index = format!("CREATE INDEX {name} ON interviews ({column}) WHERE {condition}");
            manager.get_connection().execute_unprepared(&index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (column, _) in INDEXES {
            let drop = format!("DROP INDEX {}", index_name(column));
            manager.get_connection().execute_unprepared(&drop).await?;
        }
        Ok(())
    }

    /// A step that fails leaves nothing behind, on SQLite too, where this is not the default.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn index_name(column: &str) -> String {
    format!("interviews_{column}_idx")
}
