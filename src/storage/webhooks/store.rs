//! Storing webhooks. The caller holds the [`lock`](super::lock) of webhooks.

use crate::domain::WebhookId;
use crate::domain::webhook::{Webhook, WebhookSecret};
use crate::storage::entities::webhook::{self, ActiveModel, COLUMN};
use crate::storage::{Result, Transaction};
use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::{Set, Unchanged};
use sea_orm::{EntityTrait, QueryFilter};

/// Stores a new webhook, and returns it with its id.
pub(crate) async fn insert(transaction: &Transaction, webhook: Webhook) -> Result<Webhook> {
    let row = webhook::Entity::insert(ActiveModel::from(&webhook)).exec_with_returning(transaction).await?;
    Ok(Webhook { id: WebhookId(row.id), ..webhook })
}

/// Stores what a webhook is now.
pub(crate) async fn update(transaction: &Transaction, webhook: &Webhook) -> Result<()> {
    let row = ActiveModel { id: Unchanged(webhook.id.0), ..ActiveModel::from(webhook) };
    webhook::Entity::update(row).exec(transaction).await?;
    Ok(())
}

/// Deletes a webhook that is not enabled: for every query at once, and with its deliveries when they are removed. Its
/// secrets are gone at once.
pub(crate) async fn delete(transaction: &Transaction, id: WebhookId, now: DateTime<Utc>) -> Result<()> {
    let row = ActiveModel {
        secret: Set(WebhookSecret::from_bytes([0; WebhookSecret::LENGTH]).expose()),
        previous_secret: Set(None),
        previous_until: Set(None),
        deleted_at: Set(Some(now)),
        ..ActiveModel::default()
    };
    webhook::Entity::update_many().set(row).filter(COLUMN.id.eq(id.0)).exec(transaction).await?;
    Ok(())
}
