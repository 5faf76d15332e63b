//! When a revoked token expires by itself, so that its row can be deleted. Unknown for tokens that were revoked before.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::timestamp_with_time_zone_null as time_null;

/// The step. Its recorded name is written out, so that moving the file cannot change it.
#[derive(Debug)]
pub struct ExpiryOfRevokedTokens;

impl MigrationName for ExpiryOfRevokedTokens {
    fn name(&self) -> &'static str {
        "m20261130_000010_expiry_of_revoked_tokens"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for ExpiryOfRevokedTokens {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = time_null("expires_at");
        manager.alter_table(Table::alter().table("revoked_tokens").add_column(column).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("revoked_tokens").drop_column("expires_at").to_owned()).await
    }

    /// A step that fails leaves nothing behind, on SQLite too, where this is not the default.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
