//! The columns from which reminders and entries in calendars are derived: when the time of an interview was set or
//! agreed to, since when it waits for an answer, and how often its entries in calendars had to be replaced. They are
//! nullable, because the rows that exist have none yet: `migrate up` fills them after its steps, in batches.
//!
//! A server of the previous release writes interviews without them. A trigger then derives them from the row before and
//! after the change, as the server does.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{integer_null, timestamp_with_time_zone_null as time_null};
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// The step. Its recorded name is written out, so that moving the file cannot change it.
#[derive(Debug)]
pub struct ReminderTimes;

impl MigrationName for ReminderTimes {
    fn name(&self) -> &'static str {
        "m20261203_000012_reminder_times"
    }
}

fn columns() -> [ColumnDef; 3] {
    [time_null("slot_set_at"), time_null("waiting_since"), integer_null("sequence")]
}

#[async_trait::async_trait]
impl MigrationTrait for ReminderTimes {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        if backend == DbBackend::Postgres {
            let mut alter = Table::alter().table("interviews").to_owned();
            for column in columns() {
                alter.add_column(column);
            }
            manager.alter_table(alter).await?;
        } else {
            // SQLite adds one column with a statement.
            for column in columns() {
                manager.alter_table(Table::alter().table("interviews").add_column(column).to_owned()).await?;
            }
        }
        for statement in triggers(backend) {
            manager.get_connection().execute_unprepared(&statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for event in ["insert", "update"] {
            let table = if manager.get_database_backend() == DbBackend::Postgres { " ON interviews" } else { "" };
            let drop = format!("DROP TRIGGER interviews_reminder_times_{event}{table}");
            connection.execute_unprepared(&drop).await?;
        }
        if manager.get_database_backend() == DbBackend::Postgres {
            connection.execute_unprepared("DROP FUNCTION interviews_reminder_times()").await?;
        }
        for column in columns().iter().rev() {
            let drop = Table::alter().table("interviews").drop_column(column.get_column_name()).to_owned();
            manager.alter_table(drop).await?;
        }
        Ok(())
    }

    /// A step that fails leaves nothing behind, on SQLite too, where this is not the default.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// The values for a new row, and for one that was changed, in the order of [`columns`].
const NEW: [&str; 3] =
    ["NEW.updated_at", "CASE WHEN NEW.status IN ('pending', 'amended') THEN NEW.updated_at END", "NEW.version - 1"];

fn changed(backend: DbBackend) -> [String; 3] {
    let differs = |columns: &[&str]| {
        let operator = if backend == DbBackend::Postgres { "IS DISTINCT FROM" } else { "IS NOT" };
        let differs = |column: &&str| format!("NEW.{column} {operator} OLD.{column}");
        columns.iter().map(differs).collect::<Vec<_>>().join(" OR ")
    };
    let moves = differs(&["start_at", "end_at"]);
    let other_question = differs(&[
        "status",
        "start_at",
        "end_at",
        "amend_start_at",
        "amend_end_at",
        "amended_by",
        "amended_from",
        "interviewee_id",
    ]);
    let other_entry = differs(&["start_at", "end_at", "kind", "location"]);
    [
        format!(
            "CASE WHEN {moves} OR (NEW.status = 'scheduled' AND OLD.status <> 'scheduled' \
                AND NOT (OLD.status = 'amended' AND OLD.amended_from = 'scheduled')) \
             THEN NEW.updated_at ELSE coalesce(OLD.slot_set_at, OLD.updated_at) END"
        ),
        format!(
            "CASE WHEN NEW.status NOT IN ('pending', 'amended') THEN NULL \
             WHEN {other_question} THEN NEW.updated_at ELSE coalesce(OLD.waiting_since, OLD.updated_at) END"
        ),
        format!(
            "coalesce(OLD.sequence, OLD.version - 1) + CASE WHEN {other_entry} \
                OR (NEW.status IN ('rejected', 'cancelled') AND OLD.status <> NEW.status) THEN 1 ELSE 0 END"
        ),
    ]
}

/// A server of this release writes all columns of a new row, and all but few of its changes change one of them. What
/// the trigger derives for those few is what they have.
fn triggers(backend: DbBackend) -> Vec<String> {
    let columns = columns().map(|column| column.get_column_name());
    let name = "interviews_reminder_times";
    let is_new = "NEW.slot_set_at IS NULL AND NEW.sequence IS NULL";
    let same = if backend == DbBackend::Postgres { "IS NOT DISTINCT FROM" } else { "IS" };
    let unchanged = columns.iter().map(|column| format!("NEW.{column} {same} OLD.{column}")).collect::<Vec<_>>();
    let is_without = format!("NEW.version <> OLD.version AND {}", unchanged.join(" AND "));
    let changed = changed(backend);
    if backend == DbBackend::Postgres {
        let assign = |values: [&str; 3]| {
            let assign = |(column, value)| format!("NEW.{column} := {value};");
            columns.iter().zip(values).map(assign).collect::<Vec<_>>().join(" ")
        };
        let (new, changed) = (assign(NEW), assign(changed.each_ref().map(String::as_str)));
        return vec![
            format!(
                "CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                 IF TG_OP = 'INSERT' THEN {new} ELSE {changed} END IF; RETURN NEW; END $$"
            ),
            format!(
                "CREATE TRIGGER {name}_insert BEFORE INSERT ON interviews FOR EACH ROW \
                 WHEN ({is_new}) EXECUTE FUNCTION {name}()"
            ),
            format!(
                "CREATE TRIGGER {name}_update BEFORE UPDATE OF version ON interviews FOR EACH ROW \
                 WHEN ({is_without}) EXECUTE FUNCTION {name}()"
            ),
        ];
    }
    let update = |values: String| {
        format!("UPDATE interviews SET ({}) = (SELECT {values}) WHERE id = NEW.id;", columns.join(", "))
    };
    let (new, changed) = (update(NEW.join(", ")), update(changed.join(", ")));
    vec![
        format!("CREATE TRIGGER {name}_insert AFTER INSERT ON interviews WHEN {is_new} BEGIN {new} END"),
        format!(
            "CREATE TRIGGER {name}_update AFTER UPDATE OF version ON interviews WHEN {is_without} BEGIN {changed} END"
        ),
    ]
}
