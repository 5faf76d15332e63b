//! The idempotency keys of requests that have changed something, with what they have changed: an interview or a
//! webhook. They have no foreign key: they are kept for a day, and users are never deleted. The index is for their
//! removal.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, binary, string, timestamp_with_time_zone as time};

/// The step. Its recorded name is written out, so that moving the file cannot change it.
#[derive(Debug)]
pub struct IdempotencyKeys;

impl MigrationName for IdempotencyKeys {
    fn name(&self) -> &'static str {
        "m20261207_000027_idempotency_keys"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for IdempotencyKeys {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut key = Index::create();
        key.name("idempotency_keys_pkey").col("user_id").col("key");
        let table = Table::create()
            .table("idempotency_keys")
            .col(big_integer("user_id"))
            .col(string("key"))
            .col(binary("fingerprint"))
            .col(big_integer("subject_id"))
            .col(time("created_at"))
            .primary_key(&mut key)
            .to_owned();
        manager.create_table(table).await?;
        let index = Index::create()
            .name("idempotency_keys_created_at_idx")
            .table("idempotency_keys")
            .col("created_at")
            .to_owned();
        manager.create_index(index).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("idempotency_keys").to_owned()).await
    }

    /// A step that fails leaves nothing behind, on SQLite too, where this is not the default.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
