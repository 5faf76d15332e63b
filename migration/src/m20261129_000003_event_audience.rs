//! The audience of an event: the company and the driver of its time, and the driver before, where
//! an event gives an interview to another driver. A later driver does not see the event. Events
//! without a known driver are visible to no driver.
//!
//! The columns are nullable, because servers of the release before write events without them: a
//! trigger completes those. There are no foreign keys, because an event outlives the rows that it
//! tells of, and each of them would cost every change a look-up.
//!
//! The next step completes the events that exist. It is another one, because this one locks the
//! table.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// The step. Its recorded name is written out, so that moving the file cannot change it.
#[derive(Debug)]
pub struct EventAudience;

const COLUMNS: [&str; 3] = ["company_id", "driver_id", "former_driver_id"];

impl MigrationName for EventAudience {
    fn name(&self) -> &'static str {
        "m20261129_000003_event_audience"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for EventAudience {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (connection, database) = (manager.get_connection(), manager.get_database_backend());
        let separator = if database == DbBackend::Postgres { ", " } else { "; ALTER TABLE interview_events " };
        let add = COLUMNS.map(|column| format!("ADD COLUMN {column} bigint")).join(separator);
        connection.execute_unprepared(&format!("ALTER TABLE interview_events {add}")).await?;
        for statement in trigger(database) {
            connection.execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (connection, database) = (manager.get_connection(), manager.get_database_backend());
        let drop_trigger = match database {
            DbBackend::Postgres => {
                "DROP TRIGGER interview_events_audience ON interview_events; DROP FUNCTION interview_events_audience"
            }
            _ => "DROP TRIGGER interview_events_audience",
        };
        connection.execute_unprepared(drop_trigger).await?;
        for column in COLUMNS.iter().rev() {
            connection.execute_unprepared(&format!("ALTER TABLE interview_events DROP COLUMN {column}")).await?;
        }
        Ok(())
    }

    /// A step that fails leaves nothing behind, on SQLite too, where this is not the default.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// Completes an event that is written without its audience. The transaction that writes it has
/// changed the interview before.
fn trigger(database: DbBackend) -> &'static [&'static str] {
    match database {
        DbBackend::Postgres => &[
            "CREATE FUNCTION interview_events_audience() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                SELECT interviews.company_id, interviews.driver_id INTO NEW.company_id, NEW.driver_id \
                    FROM interviews WHERE interviews.id = NEW.interview_id; \
                SELECT interviewees.driver_id INTO NEW.former_driver_id \
                    FROM json_array_elements(NEW.changes) AS change (value) JOIN interviewees ON interviewees.id = \
                        CASE change.value->>'field' WHEN 'interviewee_id' THEN (change.value->>'from')::bigint END \
                    WHERE interviewees.driver_id <> NEW.driver_id; \
                RETURN NEW; END $$",
            "CREATE TRIGGER interview_events_audience BEFORE INSERT ON interview_events \
                FOR EACH ROW WHEN (NEW.company_id IS NULL) EXECUTE FUNCTION interview_events_audience()",
        ],
        _ => &["CREATE TRIGGER interview_events_audience AFTER INSERT ON interview_events \
            WHEN NEW.company_id IS NULL BEGIN \
                UPDATE interview_events SET (company_id, driver_id, former_driver_id) = ( \
                    SELECT interviews.company_id, interviews.driver_id, ( \
                        SELECT interviewees.driver_id FROM json_each(NEW.changes) AS change JOIN interviewees \
                            ON interviewees.id = CAST(json_extract(change.value, '$.from') AS INTEGER) \
                        WHERE json_extract(change.value, '$.field') = 'interviewee_id' \
                            AND interviewees.driver_id <> interviews.driver_id) \
                    FROM interviews WHERE interviews.id = NEW.interview_id) \
                WHERE id = NEW.id; END"],
    }
}
