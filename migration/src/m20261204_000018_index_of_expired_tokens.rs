//! An index to find revoked tokens that have expired, whose rows are deleted.

use sea_orm_migration::prelude::*;

/// The step. Its recorded name is written out, so that moving the file cannot change it.
#[derive(Debug)]
pub struct IndexOfExpiredTokens;

impl MigrationName for IndexOfExpiredTokens {
    fn name(&self) -> &'static str {
        "m20261204_000018_index_of_expired_tokens"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for IndexOfExpiredTokens {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let index =
            Index::create().name("revoked_tokens_expires_at_idx").table("revoked_tokens").col("expires_at").to_owned();
        manager.create_index(index).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().name("revoked_tokens_expires_at_idx").table("revoked_tokens").to_owned()).await
    }

    /// A step that fails leaves nothing behind, on SQLite too, where this is not the default.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
