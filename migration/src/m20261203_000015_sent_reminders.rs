//! Which reminders were sent, each once: of an interview, for a rule of its company, for a start of the interview or a
//! time since when it waits for an answer. The index is for their removal.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, integer, string, timestamp_with_time_zone as time};
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// The step. Its recorded name is written out, so that moving the file cannot change it.
#[derive(Debug)]
pub struct SentReminders;

impl MigrationName for SentReminders {
    fn name(&self) -> &'static str {
        "m20261203_000015_sent_reminders"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for SentReminders {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let kinds = match manager.get_database_backend() {
            DbBackend::Postgres => "kind = ANY ('{reminder_due,answer_overdue}'::text[])",
            _ => "kind IN ('reminder_due', 'answer_overdue')",
        };
        let mut interview = ForeignKey::create();
        interview.name("sent_reminders_interview_id_fkey").from_tbl("sent_reminders").from_col("interview_id");
        interview.to_tbl("interviews").to_col("id");
        let mut key = Index::create();
        key.name("sent_reminders_pkey").col("interview_id").col("kind").col("offset_minutes").col("due_for");
        let table = Table::create()
            .table("sent_reminders")
            .col(big_integer("interview_id"))
            .col(string("kind"))
            .col(integer("offset_minutes"))
            .col(time("due_for"))
            .primary_key(&mut key)
            .check(("sent_reminders_kind_check", Expr::cust(kinds)))
            .foreign_key(&mut interview)
            .to_owned();
        manager.create_table(table).await?;
        let index =
            Index::create().name("sent_reminders_due_for_idx").table("sent_reminders").col("due_for").to_owned();
        manager.create_index(index).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("DROP TABLE sent_reminders").await?;
        Ok(())
    }

    /// A step that fails leaves nothing behind, on SQLite too, where this is not the default.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
