//! The audience of an event: the company and the driver of its time, and the driver before, where
//! an event gives an interview to another driver. A later driver does not see the event. Events
//! without a known driver are visible to no driver.
//!
//! The columns are nullable, because servers of the release before write events without them: a
//! trigger completes those. There are no foreign keys, because an event outlives the rows that it
//! tells of, and each of them would cost every change a look-up.
//!
//! The step locks the events while it completes them, on PostgreSQL for about ten seconds for each
//! million.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// The step. Its recorded name is written out, so that moving the file cannot change it.
#[derive(Debug)]
pub struct EventAudience;

const COLUMNS: [&str; 3] = ["company_id", "driver_id", "former_driver_id"];

/// The events that a company or a driver sees, in the order of the log.
const INDEXES: [(&str, &str); 3] = [
    ("company_id", ""),
    ("driver_id", ""),
    // Few events have a former driver.
    ("former_driver_id", " WHERE former_driver_id IS NOT NULL"),
];

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
        connection.execute_unprepared(&complete_events(database)).await?;
        for (column, condition) in INDEXES {
            let name = index_name(column);
            let index = format!("CREATE INDEX {name} ON interview_events ({column}, transaction_id, id){condition}");
            connection.execute_unprepared(&index).await?;
        }
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
        for (column, _) in INDEXES {
            connection.execute_unprepared(&format!("DROP INDEX {}", index_name(column))).await?;
        }
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

fn index_name(column: &str) -> String {
    format!("interview_events_{column}_transaction_id_id_idx")
}

/// Finds the interviewee at the time of each event in the changes of the log itself. An event that
/// names an interviewee begins a period, which lasts until the next such event of the interview.
/// The events before the first period belong to the interviewee from whom it takes the interview;
/// without any period, to the present one. Ids are compared as text: the log may have any.
fn complete_events(database: DbBackend) -> String {
    let (changes, field, value) = match database {
        DbBackend::Postgres => (
            "json_array_elements(CASE json_typeof(event.changes) WHEN 'array' THEN event.changes ELSE '[]' END) \
                AS change (value)",
            "change.value->>'field'",
            ["change.value->>'from'", "change.value->>'to'"],
        ),
        _ => (
            "json_each(CASE WHEN json_valid(event.changes) THEN event.changes ELSE '[]' END) AS change",
            "json_extract(change.value, '$.field')",
            ["json_extract(change.value, '$.from')", "json_extract(change.value, '$.to')"],
        ),
    };
    let [former, next] = value.map(|value| format!("(SELECT {value} FROM {changes} WHERE {field} = 'interviewee_id')"));
    format!(
        "WITH named AS MATERIALIZED ( \
            SELECT event.id, event.interview_id, {former} AS former, {next} AS next FROM interview_events AS event), \
        numbered AS ( \
            SELECT named.*, count(next) OVER (PARTITION BY interview_id ORDER BY id) AS period FROM named), \
        held AS ( \
            SELECT id, interview_id, former, COALESCE( \
                max(next) OVER (PARTITION BY interview_id, period), \
                first_value(former) OVER (PARTITION BY interview_id ORDER BY (next IS NULL), id)) AS interviewee \
            FROM numbered) \
        UPDATE interview_events SET company_id = interviews.company_id, driver_id = present.driver_id, \
            former_driver_id = CASE WHEN former.driver_id IS DISTINCT FROM present.driver_id \
                THEN former.driver_id END \
        FROM held JOIN interviews ON interviews.id = held.interview_id \
            LEFT JOIN interviewees AS present ON CAST(present.id AS text) = \
                COALESCE(held.interviewee, CAST(interviews.interviewee_id AS text)) \
            LEFT JOIN interviewees AS former ON CAST(former.id AS text) = held.former \
        WHERE interview_events.id = held.id"
    )
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
