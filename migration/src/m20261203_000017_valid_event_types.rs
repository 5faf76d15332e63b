//! Validates the check of the event types that the step before has added on PostgreSQL. Events are read and written
//! meanwhile.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// The step. Its recorded name is written out, so that moving the file cannot change it.
#[derive(Debug)]
pub struct ValidEventTypes;

impl MigrationName for ValidEventTypes {
    fn name(&self) -> &'static str {
        "m20261203_000017_valid_event_types"
    }
}

const TYPES: &str = "created,updated,amended,accepted,amendment_declined,amendment_withdrawn,rejected,cancelled,\
    completed,no_show,reminder_due,answer_overdue";

#[async_trait::async_trait]
impl MigrationTrait for ValidEventTypes {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let validate = "ALTER TABLE interview_events VALIDATE CONSTRAINT interview_events_type_check";
        execute_on_postgresql(manager, validate).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let unvalidated = format!(
            "ALTER TABLE interview_events DROP CONSTRAINT interview_events_type_check, \
             ADD CONSTRAINT interview_events_type_check CHECK (type = ANY ('{{{TYPES}}}'::text[])) NOT VALID"
        );
        execute_on_postgresql(manager, &unvalidated).await
    }

    /// A step that fails leaves nothing behind, on SQLite too, where this is not the default.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

async fn execute_on_postgresql(manager: &SchemaManager<'_>, sql: &str) -> Result<(), DbErr> {
    if manager.get_database_backend() == DbBackend::Postgres {
        manager.get_connection().execute_unprepared(sql).await?;
    }
    Ok(())
}
