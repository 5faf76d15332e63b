//! The audiences of the events that exist, and the indexes from which the events of a company or a
//! driver are read.
//!
//! On PostgreSQL the step takes up to a minute for each million events. Servers write events in the
//! meantime, except while it creates the indexes, which takes seconds.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// The step. Its recorded name is written out, so that moving the file cannot change it.
#[derive(Debug)]
pub struct EventAudiencesOfThePast;

/// The events that a company or a driver sees, in the order of the log.
const INDEXES: [(&str, &str); 3] = [
    ("company_id", ""),
    ("driver_id", ""),
    // Few events have a former driver.
    ("former_driver_id", " WHERE former_driver_id IS NOT NULL"),
];

impl MigrationName for EventAudiencesOfThePast {
    fn name(&self) -> &'static str {
        "m20261129_000005_event_audiences_of_the_past"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for EventAudiencesOfThePast {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        connection.execute_unprepared(&complete_events(manager.get_database_backend())).await?;
        for (column, condition) in INDEXES {
            let name = index_name(column);
            let index = format!("CREATE INDEX {name} ON interview_events ({column}, transaction_id, id){condition}");
            connection.execute_unprepared(&index).await?;
        }
        Ok(())
    }

    /// The audiences stay: they are true.
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
