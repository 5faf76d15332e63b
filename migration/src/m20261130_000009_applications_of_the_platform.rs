//! What a driver applied for, and when the application last changed in the platform.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{text_null, timestamp_with_time_zone_null as time_null};

/// The step. Its recorded name is written out, so that moving the file cannot change it.
#[derive(Debug)]
pub struct ApplicationsOfThePlatform;

impl MigrationName for ApplicationsOfThePlatform {
    fn name(&self) -> &'static str {
        "m20261130_000009_applications_of_the_platform"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for ApplicationsOfThePlatform {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [text_null("title"), time_null("source_updated_at")] {
            manager.alter_table(Table::alter().table("interviewees").add_column(column).to_owned()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in ["source_updated_at", "title"] {
            manager.alter_table(Table::alter().table("interviewees").drop_column(column).to_owned()).await?;
        }
        Ok(())
    }

    /// A step that fails leaves nothing behind, on SQLite too, where this is not the default.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
