//! Nobody is in two places at once: no two open interviews of one driver, or of one interviewer, may overlap, unless one of them was
//! booked over a clash on purpose. The database itself refuses, so that no race and no second server can get past it.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// This step, named after its file.
#[derive(DeriveMigrationName, Debug)]
pub struct Migration;

/// The constraint or trigger, and the column whose value is a person.
const PERSONS: [(&str, &str); 2] =
    [("interviews_driver_overlap", "driver_id"), ("interviews_interviewer_overlap", "interviewer_id")];

/// Which interviews take time. The alias is empty or ends with a dot.
fn reserves(alias: &str) -> String {
    format!("NOT {alias}allow_overlap AND {alias}status IN ('pending', 'amended', 'scheduled')")
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        match manager.get_database_backend() {
            DbBackend::Postgres => {
                connection.execute_unprepared("CREATE EXTENSION IF NOT EXISTS btree_gist").await?;
                for (name, person) in PERSONS {
                    let reserves = reserves("");
                    let sql = format!(
                        "ALTER TABLE interviews ADD CONSTRAINT {name} EXCLUDE USING gist \
                         ({person} WITH =, tstzrange(start_at, end_at) WITH &&) WHERE ({reserves})"
                    );
                    connection.execute_unprepared(&sql).await?;
                }
            }
            _ => {
                for (name, person) in PERSONS {
                    for event in ["INSERT", "UPDATE"] {
                        connection.execute_unprepared(&trigger(name, person, event)).await?;
                    }
                }
            }
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // The extension stays: another application may have begun to use it.
        let postgres = manager.get_database_backend() == DbBackend::Postgres;
        for (name, _) in PERSONS {
            let sql = if postgres {
                format!("ALTER TABLE interviews DROP CONSTRAINT {name}")
            } else {
                format!("DROP TRIGGER {name}_insert; DROP TRIGGER {name}_update")
            };
            manager.get_connection().execute_unprepared(&sql).await?;
        }
        Ok(())
    }
}

/// SQLite has one writer at a time, so that a trigger sees every row there is. An interview lasts a day at most: the lower bound on
/// `start_at` lets the trigger read a day of the person's index, and not all that came before. The bound is a text like the
/// column's, so that it sorts like one.
fn trigger(name: &str, person: &str, event: &str) -> String {
    let (suffix, new, other) = (event.to_lowercase(), reserves("NEW."), reserves("other."));
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
