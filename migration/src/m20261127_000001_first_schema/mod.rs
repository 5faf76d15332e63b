//! The first schema: companies, users, applications, interviews, the event log and revoked tokens.
//!
//! Names follow PostgreSQL's convention: table, columns, and `pkey`, `fkey`, `key`, `check` or
//! `idx`. A check of several columns names its subject instead of the columns. SQLite reports the
//! names of checks only, and its foreign keys and primary keys have none.

use sea_orm_migration::prelude::*;

mod indexes;
mod no_double_booking;
mod tables;

/// The step. Its recorded name is written out, so that moving the file cannot change it.
#[derive(Debug)]
pub struct FirstSchema;

impl MigrationName for FirstSchema {
    fn name(&self) -> &'static str {
        "m20261127_000001_first_schema"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for FirstSchema {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in tables::all(manager.get_database_backend()) {
            manager.create_table(table).await?;
        }
        no_double_booking::create(manager).await?;
        for index in indexes::all() {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    /// Drops the tables with everything that belongs to them. The extension `btree_gist` stays:
    /// other applications may use it.
    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in tables::NAMES.into_iter().rev() {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }

    /// A step that fails leaves nothing behind, on SQLite too, where this is not the default.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
