//! Feeds from which calendar programs read, and the namespace of the ids that calendars know interviews by. A feed is
//! found by the hash of its token, which nobody can turn back into an address.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_pk_auto, integer, string, timestamp_with_time_zone as time,
    timestamp_with_time_zone_null as time_null,
};
use sea_orm_migration::sea_orm::DbBackend;

/// The step. Its recorded name is written out, so that moving the file cannot change it.
#[derive(Debug)]
pub struct Calendars;

impl MigrationName for Calendars {
    fn name(&self) -> &'static str {
        "m20261206_000026_calendars"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Calendars {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let scopes = match manager.get_database_backend() {
            DbBackend::Postgres => "scope = ANY ('{mine,company}'::text[])",
            _ => "scope IN ('mine', 'company')",
        };
        let mut user = ForeignKey::create();
        user.name("calendar_feeds_user_id_fkey").from_tbl("calendar_feeds").from_col("user_id");
        user.to_tbl("users").to_col("id");
        let feeds = Table::create()
            .table("calendar_feeds")
            .col(big_pk_auto("id"))
            .col(big_integer("user_id"))
            .col(string("scope"))
            .col(string("token_hash"))
            .col(time("created_at"))
            .col(time_null("last_read_at"))
            .check(("calendar_feeds_scope_check", Expr::cust(scopes)))
            .foreign_key(&mut user)
            .to_owned();
        manager.create_table(feeds).await?;
        for (name, column, is_unique) in
            [("calendar_feeds_token_hash_idx", "token_hash", true), ("calendar_feeds_user_id_idx", "user_id", false)]
        {
            let mut index = Index::create();
            index.name(name).table("calendar_feeds").col(column);
            if is_unique {
                index.unique();
            }
            manager.create_index(index).await?;
        }
        let installation = Table::create()
            .table("installation")
            .col(integer("id").primary_key())
            .col(string("calendar_namespace"))
            .check(("installation_only_row_check", Expr::cust("id = 1")))
            .to_owned();
        manager.create_table(installation).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["installation", "calendar_feeds"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }

    /// A step that fails leaves nothing behind, on SQLite too, where this is not the default.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
