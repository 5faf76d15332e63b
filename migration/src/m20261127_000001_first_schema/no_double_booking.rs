//! No two open interviews of one driver or of one interviewer overlap, unless one of them allows
//! it. PostgreSQL checks this with exclusion constraints, SQLite with triggers, so that no race and
//! no second server can store a double booking.
//!
//! The server recognises a violation on SQLite by the message of the trigger, which ends with
//! `_overlap`.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// The constraint or trigger, and the column of the person whose time is reserved.
const CONSTRAINTS: [(&str, &str); 2] =
    [("interviews_driver_overlap", "driver_id"), ("interviews_interviewer_overlap", "interviewer_id")];

/// The condition for an interview to reserve time. The prefix is empty or a table alias with a dot.
fn reserves_time(prefix: &str) -> String {
    format!("NOT {prefix}allow_overlap AND {prefix}status IN ('pending', 'amended', 'scheduled')")
}

pub(super) async fn create(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    if manager.get_database_backend() == DbBackend::Postgres {
        connection.execute_unprepared("CREATE EXTENSION IF NOT EXISTS btree_gist").await?;
        for (name, person) in CONSTRAINTS {
            connection.execute_unprepared(&exclusion_constraint(name, person)).await?;
        }
    } else {
        for (name, person) in CONSTRAINTS {
            for event in ["INSERT", "UPDATE"] {
                connection.execute_unprepared(&trigger(name, person, event)).await?;
            }
        }
    }
    Ok(())
}

fn exclusion_constraint(name: &str, person: &str) -> String {
    let reserves_time = reserves_time("");
    format!(
        "ALTER TABLE interviews ADD CONSTRAINT {name} EXCLUDE USING gist \
         ({person} WITH =, tstzrange(start_at, end_at) WITH &&) WHERE ({reserves_time})"
    )
}

/// SQLite runs one writing transaction at a time, so that the trigger sees every committed row. An
/// interview lasts 24 hours at most: the lower bound on `start_at` limits the search to one day of
/// the person's index. The bound is a text in the column's format, so that it compares like one.
fn trigger(name: &str, person: &str, event: &str) -> String {
    let (suffix, new, other) = (event.to_lowercase(), reserves_time("NEW."), reserves_time("other."));
    format!(
        "CREATE TRIGGER {name}_{suffix} BEFORE {event} ON interviews WHEN {new} BEGIN \
         SELECT RAISE(ABORT, '{name}') WHERE EXISTS ( \
           SELECT 1 FROM interviews AS other \
           WHERE other.{person} = NEW.{person} AND other.start_at < NEW.end_at AND other.end_at > NEW.start_at \
             AND other.start_at >= strftime('%Y-%m-%dT%H:%M:%S', NEW.start_at, '-24 hours') \
             AND other.id IS NOT NEW.id AND {other}); \
         END"
    )
}
