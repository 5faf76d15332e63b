//! The table `calendar_feeds`.

use crate::domain::FeedId;
use crate::domain::calendar::{CalendarFeed, FeedScope};
use crate::storage::StorageError;
use sea_orm::entity::prelude::*;
use std::str::FromStr;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "calendar_feeds")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub user_id: i64,
    pub scope: String,
    /// The SHA-256 of the token, in hexadecimal.
    pub token_hash: String,
    pub created_at: DateTimeUtc,
    pub last_read_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for CalendarFeed {
    type Error = StorageError;

    fn try_from(row: Model) -> Result<Self, StorageError> {
        let corrupt = |column| StorageError::Corrupt { table: "calendar_feeds", column, id: row.id };
        Ok(Self {
            id: FeedId(row.id),
            scope: FeedScope::from_str(&row.scope).map_err(|_| corrupt("scope"))?,
            created_at: row.created_at,
            last_read_at: row.last_read_at,
        })
    }
}
