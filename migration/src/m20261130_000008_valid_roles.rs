//! Validates the check of the roles that the step before has added on PostgreSQL. Users are read and written meanwhile.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// The step. Its recorded name is written out, so that moving the file cannot change it.
#[derive(Debug)]
pub struct ValidRoles;

impl MigrationName for ValidRoles {
    fn name(&self) -> &'static str {
        "m20261130_000008_valid_roles"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for ValidRoles {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        execute_on_postgresql(manager, "ALTER TABLE users VALIDATE CONSTRAINT users_role_check").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let unvalidated = "ALTER TABLE users DROP CONSTRAINT users_role_check, ADD CONSTRAINT users_role_check \
            CHECK (role = ANY ('{driver,staff,admin,service}'::text[])) NOT VALID";
        execute_on_postgresql(manager, unvalidated).await
    }

    /// A step that fails leaves nothing behind, on SQLite too, where this is not the default.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

async fn execute_on_postgresql(manager: &SchemaManager<'_>, sql: &str) -> Result<(), DbErr> {
    if manager.get_database_backend() == DbBackend::Postgres {
        manager.get_connection().execute_unprepared(sql).await?;
    }
    Ok(())
}
