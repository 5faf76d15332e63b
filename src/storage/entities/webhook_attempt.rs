//! The table `webhook_attempts`.

use crate::domain::webhook::{Attempt, DeliveryError};
use crate::storage::StorageError;
use sea_orm::entity::prelude::*;
use std::str::FromStr;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_attempts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub delivery_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i32,
    pub at: DateTimeUtc,
    pub status: Option<i32>,
    pub duration_ms: i32,
    pub error: Option<String>,
    pub response: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for Attempt {
    type Error = StorageError;

    fn try_from(row: Model) -> Result<Self, StorageError> {
        let error = row.error.as_deref().map(DeliveryError::from_str).transpose();
        let corrupt = |_| StorageError::Corrupt { table: "webhook_attempts", column: "error", id: row.delivery_id };
        Ok(Self {
            number: row.number,
            at: row.at,
            status: row.status,
            duration_ms: row.duration_ms,
            error: error.map_err(corrupt)?,
            response: row.response,
        })
    }
}
