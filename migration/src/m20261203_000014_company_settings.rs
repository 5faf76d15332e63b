//! What companies have set. A company without a row has the defaults. Lists are JSON.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{integer, json, timestamp_with_time_zone as time};

/// The step. Its recorded name is written out, so that moving the file cannot change it.
#[derive(Debug)]
pub struct CompanySettings;

impl MigrationName for CompanySettings {
    fn name(&self) -> &'static str {
        "m20261203_000014_company_settings"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for CompanySettings {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut company = ForeignKey::create();
        company.name("company_settings_company_id_fkey").from_tbl("company_settings").from_col("company_id");
        company.to_tbl("companies").to_col("id");
        let table = Table::create()
            .table("company_settings")
            .col(ColumnDef::new("company_id").big_integer().not_null().primary_key())
            .col(integer("version"))
            .col(json("reminders"))
            .col(json("answer_reminder_hours"))
            .col(time("updated_at"))
            .foreign_key(&mut company)
            .to_owned();
        manager.create_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("company_settings").to_owned()).await
    }

    /// A step that fails leaves nothing behind, on SQLite too, where this is not the default.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
