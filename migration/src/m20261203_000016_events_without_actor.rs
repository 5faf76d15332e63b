//! Events that nobody has caused: a reminder is due, or an answer is overdue. They have no side.
//!
//! SQLite rebuilds the table. PostgreSQL adds the check of the types without reading the rows; the next step validates
//! it, because this one locks the table.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, big_pk_auto, json, string, string_null, timestamp_with_time_zone as time,
};
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// The step. Its recorded name is written out, so that moving the file cannot change it.
#[derive(Debug)]
pub struct EventsWithoutActor;

impl MigrationName for EventsWithoutActor {
    fn name(&self) -> &'static str {
        "m20261203_000016_events_without_actor"
    }
}

const OLD_TYPES: [&str; 10] = [
    "created",
    "updated",
    "amended",
    "accepted",
    "amendment_declined",
    "amendment_withdrawn",
    "rejected",
    "cancelled",
    "completed",
    "no_show",
];
const NEW_TYPES: [&str; 2] = ["reminder_due", "answer_overdue"];
const SIDES: [&str; 2] = ["interviewer", "interviewee"];

fn all_types() -> Vec<&'static str> {
    OLD_TYPES.into_iter().chain(NEW_TYPES).collect()
}

#[async_trait::async_trait]
impl MigrationTrait for EventsWithoutActor {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() != DbBackend::Postgres {
            return rebuild(manager, table(&all_types(), string_null("actor_side"))).await;
        }
        alter(manager, "DROP NOT NULL", &all_types(), " NOT VALID").await
    }

    /// The schema before has no reminders.
    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let reminders = format!("DELETE FROM interview_events WHERE type IN ('{}')", NEW_TYPES.join("', '"));
        manager.get_connection().execute_unprepared(&reminders).await?;
        if manager.get_database_backend() != DbBackend::Postgres {
            return rebuild(manager, table(&OLD_TYPES, string("actor_side"))).await;
        }
        alter(manager, "SET NOT NULL", &OLD_TYPES, "").await
    }

    /// A step that fails leaves nothing behind, on SQLite too, where this is not the default.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

async fn alter(manager: &SchemaManager<'_>, side: &str, types: &[&str], validity: &str) -> Result<(), DbErr> {
    let types = types.join(",");
    let sql = format!(
        "ALTER TABLE interview_events ALTER COLUMN actor_side {side}, DROP CONSTRAINT interview_events_type_check, \
         ADD CONSTRAINT interview_events_type_check CHECK (type = ANY ('{{{types}}}'::text[])){validity}"
    );
    manager.get_connection().execute_unprepared(&sql).await?;
    Ok(())
}

const REBUILT: &str = "rebuilt_interview_events";
const COLUMNS: &str = "id, interview_id, type, at, actor_id, actor_side, changes, transaction_id, company_id, \
    driver_id, former_driver_id";

/// The table as on SQLite, under a name of its own, without the columns that a later step has added.
fn table(types: &[&'static str], actor_side: ColumnDef) -> TableCreateStatement {
    let reference = |column: &'static str, table: &'static str| {
        let mut key = ForeignKey::create();
        key.name(format!("interview_events_{column}_fkey")).from_tbl(REBUILT).from_col(column);
        key.to_tbl(table).to_col("id").to_owned()
    };
    Table::create()
        .table(REBUILT)
        .col(big_pk_auto("id"))
        .col(big_integer("interview_id"))
        .col(string("type"))
        .col(time("at"))
        .col(big_integer_null("actor_id"))
        .col(actor_side)
        .col(json("changes"))
        .col(big_integer("transaction_id").default(Expr::val(0)))
        .check(("interview_events_type_check", Expr::col("type").is_in(types.iter().copied())))
        .check(("interview_events_actor_side_check", Expr::col("actor_side").is_in(SIDES)))
        .foreign_key(&mut reference("interview_id", "interviews"))
        .foreign_key(reference("actor_id", "users").on_delete(ForeignKeyAction::SetNull))
        .to_owned()
}

/// Replaces the table of SQLite by this one, as in <https://www.sqlite.org/lang_altertable.html#otheralter>. Foreign
/// keys are off during a step, and checked at its end. An id is not given out again, even if its event is gone.
async fn rebuild(manager: &SchemaManager<'_>, table: TableCreateStatement) -> Result<(), DbErr> {
    manager.create_table(table).await?;
    let connection = manager.get_connection();
    let add = ["company_id", "driver_id", "former_driver_id"].map(|column| format!("ADD COLUMN {column} bigint"));
    for statement in [
        format!("ALTER TABLE {REBUILT} {}", add.join(&format!("; ALTER TABLE {REBUILT} "))),
        format!("INSERT INTO {REBUILT} ({COLUMNS}) SELECT {COLUMNS} FROM interview_events ORDER BY id"),
        format!("DELETE FROM sqlite_sequence WHERE name = '{REBUILT}'"),
        format!(
            "INSERT INTO sqlite_sequence (name, seq) SELECT '{REBUILT}', seq FROM sqlite_sequence \
             WHERE name = 'interview_events'"
        ),
        "DROP TABLE interview_events".to_owned(),
        format!("ALTER TABLE {REBUILT} RENAME TO interview_events"),
    ] {
        connection.execute_unprepared(&statement).await?;
    }
    for columns in [["interview_id", "id"], ["transaction_id", "id"]] {
        let mut index = Index::create();
        index.name(format!("interview_events_{}_idx", columns.join("_"))).table("interview_events");
        for column in columns {
            index.col(column);
        }
        manager.create_index(index).await?;
    }
    for (column, condition) in
        [("company_id", ""), ("driver_id", ""), ("former_driver_id", " WHERE former_driver_id IS NOT NULL")]
    {
        let name = format!("interview_events_{column}_transaction_id_id_idx");
        let index = format!("CREATE INDEX {name} ON interview_events ({column}, transaction_id, id){condition}");
        connection.execute_unprepared(&index).await?;
    }
    connection.execute_unprepared(AUDIENCE).await?;
    Ok(())
}

/// Completes an event that is written without its audience.
const AUDIENCE: &str = "CREATE TRIGGER interview_events_audience AFTER INSERT ON interview_events \
    WHEN NEW.company_id IS NULL BEGIN \
        UPDATE interview_events SET (company_id, driver_id, former_driver_id) = ( \
            SELECT interviews.company_id, interviews.driver_id, ( \
                SELECT interviewees.driver_id FROM json_each(NEW.changes) AS change JOIN interviewees \
                    ON interviewees.id = CAST(json_extract(change.value, '$.from') AS INTEGER) \
                WHERE json_extract(change.value, '$.field') = 'interviewee_id' \
                    AND interviewees.driver_id <> interviews.driver_id) \
            FROM interviews WHERE interviews.id = NEW.interview_id) \
        WHERE id = NEW.id; END";
