//! What a company has in the platform beside its name, and when it last changed there. A company without a time zone of
//! its own is in UTC.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{text, text_null, timestamp_with_time_zone_null as time_null};

/// The step. Its recorded name is written out, so that moving the file cannot change it.
#[derive(Debug)]
pub struct CompaniesOfThePlatform;

impl MigrationName for CompaniesOfThePlatform {
    fn name(&self) -> &'static str {
        "m20261130_000006_companies_of_the_platform"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for CompaniesOfThePlatform {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let zone = text("time_zone").default("UTC").to_owned();
        for column in [text_null("image"), zone, time_null("source_updated_at")] {
            manager.alter_table(Table::alter().table("companies").add_column(column).to_owned()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in ["source_updated_at", "time_zone", "image"] {
            manager.alter_table(Table::alter().table("companies").drop_column(column).to_owned()).await?;
        }
        Ok(())
    }

    /// A step that fails leaves nothing behind, on SQLite too, where this is not the default.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
