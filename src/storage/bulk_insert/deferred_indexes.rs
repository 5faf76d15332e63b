//! Indexes and constraints of empty tables on PostgreSQL that are dropped, and made again after the rows: sorting all
//! rows once costs a fraction of finding the place of each. What there is comes from the catalog, so that a later
//! migration, or an index of an operator, is not forgotten.

use crate::storage::Result;
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement};

/// The tables with many rows.
const TABLES: [&str; 4] = ["users", "interviewees", "interviews", "interview_events"];

/// Sorting is faster with more memory than the default of 64 MB. A higher setting stays.
const MEMORY: &str = "SELECT set_config('maintenance_work_mem', '256MB', true) \
    WHERE pg_size_bytes(current_setting('maintenance_work_mem')) < pg_size_bytes('256MB')";

/// Those of [`TABLES`].
pub struct DeferredIndexes {
    /// The statements that make them, in this order: first what is unique, because foreign keys refer to it.
    create: Vec<String>,
}

/// Whether the table is emptied by [`DeferredIndexes::drop_from_empty_tables`].
pub fn empties(table: &str) -> bool {
    TABLES.contains(&table)
}

impl DeferredIndexes {
    /// None if the role may not change one of the tables.
    pub async fn drop_from_empty_tables(connection: &impl ConnectionTrait) -> Result<Option<Self>> {
        if !owns_tables(connection).await? {
            return Ok(None);
        }
        let mut create = Vec::new();
        for kind in [Kind::ForeignKey, Kind::Exclusion, Kind::Index, Kind::Unique, Kind::PrimaryKey] {
            let mut of_kind = Vec::new();
            for row in query(connection, &kind.statements()).await? {
                let (drop, make): (String, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
                connection.execute_unprepared(&drop).await?;
                of_kind.push(make);
            }
            // In their former order: PostgreSQL checks foreign keys in the order in which they were made.
            create.splice(0..0, of_kind);
        }
        connection.execute_unprepared(&format!("TRUNCATE {}", TABLES.join(", "))).await?;
        Ok(Some(Self { create }))
    }

    pub async fn create(
        &self,
        connection: &impl ConnectionTrait,
        on_step: &mut impl FnMut(usize, usize),
    ) -> Result<()> {
        connection.execute_unprepared(MEMORY).await?;
        for (made, sql) in self.create.iter().enumerate() {
            on_step(made, self.create.len());
            connection.execute_unprepared(sql).await?;
        }
        // The first requests need statistics, and autovacuum comes later.
        Ok(connection.execute_unprepared(&format!("ANALYZE {}", TABLES.join(", "))).await.map(drop)?)
    }
}

async fn query(connection: &impl ConnectionTrait, sql: &str) -> Result<Vec<QueryResult>> {
    Ok(connection.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await?)
}

fn tables() -> String {
    let tables = TABLES.map(|table| format!("'{table}'::regclass"));
    format!("ARRAY[{}]::oid[]", tables.join(", "))
}

/// Whether the role may change the tables, and those that refer to them.
async fn owns_tables(connection: &impl ConnectionTrait) -> Result<bool> {
    let tables = tables();
    let sql = format!(
        "SELECT bool_and(pg_has_role(relowner, 'USAGE')) FROM pg_class WHERE oid = ANY ({tables}) \
         OR oid IN (SELECT conrelid FROM pg_constraint WHERE contype = 'f' AND {})",
        foreign_keys()
    );
    let rows = query(connection, &sql).await?;
    Ok(rows.first().map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or(false))
}

/// In the order in which they can be dropped: foreign keys need what is unique.
#[derive(Clone, Copy)]
enum Kind {
    ForeignKey,
    Exclusion,
    Index,
    Unique,
    PrimaryKey,
}

impl Kind {
    /// The query for the statements that drop and make those of this kind.
    fn statements(self) -> String {
        match self {
            Self::ForeignKey => constraints('f', &foreign_keys()),
            Self::Exclusion => constraints('x', &format!("conrelid = ANY ({})", tables())),
            Self::Unique => constraints('u', &format!("conrelid = ANY ({})", tables())),
            Self::PrimaryKey => constraints('p', &format!("conrelid = ANY ({})", tables())),
            Self::Index => indexes(),
        }
    }
}

/// Those from the tables, and all that refer to the same tables: PostgreSQL checks them in the order in which they were
/// made.
fn foreign_keys() -> String {
    format!(
        "(conrelid = ANY ({0}) OR confrelid = ANY ({0}) \
         OR confrelid IN (SELECT confrelid FROM pg_constraint WHERE contype = 'f' AND conrelid = ANY ({0})))",
        tables()
    )
}

/// A list of values is printed with a cast of the whole list. PostgreSQL would read it as a cast of each value, and
/// print it in another way from then on.
const PRINTED_LIST: [&str; 2] = ["::character varying])::text[]", "::character varying]::character varying[])::text[]"];

fn constraints(contype: char, of_tables: &str) -> String {
    let [printed, read] = PRINTED_LIST;
    format!(
        "SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname), \
             format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, \
                 replace(pg_get_constraintdef(oid), '{printed}', '{read}')) \
         FROM pg_constraint WHERE contype = '{contype}' AND conparentid = 0 AND {of_tables} ORDER BY oid"
    )
}

/// Those that belong to no constraint.
fn indexes() -> String {
    let [printed, read] = PRINTED_LIST;
    format!(
        "SELECT format('DROP INDEX %s', indexrelid::regclass), \
             replace(pg_get_indexdef(indexrelid), '{printed}', '{read}') \
         FROM pg_index WHERE indrelid = ANY ({tables}) \
             AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('x', 'u', 'p')) \
         ORDER BY indexrelid",
        tables = tables()
    )
}
