//! The indexes in which reminders that are due are found. They are partial: they have the agreed interviews, and those
//! that wait for an answer. Both begin with the start, because an interview that has begun is not reminded any more,
//! and interviews that were never answered become ever more. It is another step than the one before, which locks the
//! table.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

/// The step. Its recorded name is written out, so that moving the file cannot change it.
#[derive(Debug)]
pub struct ReminderIndexes;

/// The columns and the condition.
const INDEXES: [(&[&str], &str); 2] =
    [(&["start_at"], "status = 'scheduled'"), (&["start_at", "waiting_since"], "waiting_since IS NOT NULL")];

impl MigrationName for ReminderIndexes {
    fn name(&self) -> &'static str {
        "m20261203_000013_reminder_indexes"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for ReminderIndexes {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (columns, condition) in INDEXES {
            let (name, columns) = (index_name(columns), columns.join(", "));
            let index = format!("CREATE INDEX {name} ON interviews ({columns}) WHERE {condition}");
            manager.get_connection().execute_unprepared(&index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (columns, _) in INDEXES {
            let drop = format!("DROP INDEX {}", index_name(columns));
            manager.get_connection().execute_unprepared(&drop).await?;
        }
        Ok(())
    }

    /// A step that fails leaves nothing behind, on SQLite too, where this is not the default.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn index_name(columns: &[&str]) -> String {
    format!("interviews_{}_idx", columns.join("_"))
}
