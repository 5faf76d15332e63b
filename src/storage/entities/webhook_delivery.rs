//! The table `webhook_deliveries`.

use crate::domain::webhook::{Delivery, DeliveryState, WebhookType};
use crate::domain::{DeliveryId, EventId, WebhookId};
use crate::storage::StorageError;
use sea_orm::entity::prelude::*;
use std::str::FromStr;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_deliveries")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub webhook_id: i64,
    pub event_id: Option<i64>,
    pub r#type: String,
    pub body: String,
    pub state: String,
    pub attempt: i32,
    pub step: i32,
    pub next_attempt_at: Option<DateTimeUtc>,
    pub claimed_until: Option<DateTimeUtc>,
    pub created_at: DateTimeUtc,
    pub finished_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for Delivery {
    type Error = StorageError;

    fn try_from(row: Model) -> Result<Self, StorageError> {
        let corrupt = |column| StorageError::Corrupt { table: "webhook_deliveries", column, id: row.id };
        Ok(Self {
            id: DeliveryId(row.id),
            webhook_id: WebhookId(row.webhook_id),
            event_id: row.event_id.map(EventId),
            message_type: WebhookType::from_str(&row.r#type).map_err(|_| corrupt("type"))?,
            body: row.body,
            state: DeliveryState::from_str(&row.state).map_err(|_| corrupt("state"))?,
            attempt: row.attempt,
            step: row.step,
            next_attempt_at: row.next_attempt_at,
            created_at: row.created_at,
        })
    }
}
