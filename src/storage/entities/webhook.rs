//! The table `webhooks`.

use crate::domain::webhook::{DisabledReason, PreviousSecret, Webhook, WebhookSecret, WebhookStatus, WebhookType};
use crate::domain::{CompanyId, EventId, LogPosition, WebhookId};
use crate::storage::StorageError;
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::entity::prelude::*;
use std::str::FromStr;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhooks")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub company_id: Option<i64>,
    pub url: String,
    pub types: Option<Json>,
    pub description: Option<String>,
    pub status: String,
    pub disabled_reason: Option<String>,
    pub secret: String,
    pub previous_secret: Option<String>,
    pub previous_until: Option<DateTimeUtc>,
    pub failing_since: Option<DateTimeUtc>,
    pub version: i32,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub missed_after_transaction_id: Option<i64>,
    pub missed_after_event_id: Option<i64>,
    pub deleted_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for Webhook {
    type Error = StorageError;

    fn try_from(row: Model) -> Result<Self, StorageError> {
        let corrupt = |column| StorageError::Corrupt { table: "webhooks", column, id: row.id };
        let types = row.types.map(serde_json::from_value::<Vec<String>>).transpose();
        let parse_type = |name: String| WebhookType::from_str(&name).map_err(|_| corrupt("types"));
        let parse_types = |names: Vec<String>| names.into_iter().map(parse_type).collect::<Result<Vec<_>, _>>();
        let reason = row.disabled_reason.as_deref().map(DisabledReason::from_str).transpose();
        let previous = row.previous_secret.zip(row.previous_until).map(|(secret, until)| {
            let secret = WebhookSecret::parse(&secret).map_err(|_| corrupt("previous_secret"))?;
            Ok::<_, StorageError>(PreviousSecret { secret, until })
        });
        let missed_after = row.missed_after_transaction_id.zip(row.missed_after_event_id);
        Ok(Self {
            id: WebhookId(row.id),
            company_id: row.company_id.map(CompanyId),
            url: row.url,
            types: types.map_err(|_| corrupt("types"))?.map(parse_types).transpose()?,
            description: row.description,
            status: WebhookStatus::from_str(&row.status).map_err(|_| corrupt("status"))?,
            disabled_reason: reason.map_err(|_| corrupt("disabled_reason"))?,
            secret: WebhookSecret::parse(&row.secret).map_err(|_| corrupt("secret"))?,
            previous_secret: previous.transpose()?,
            failing_since: row.failing_since,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
            missed_after: missed_after.map(|(transaction, event)| LogPosition {
                transaction,
                event: EventId(event),
                at: None,
            }),
        })
    }
}

/// Sets all columns but the id.
impl From<&Webhook> for ActiveModel {
    fn from(webhook: &Webhook) -> Self {
        let type_names = |types: &Vec<WebhookType>| types.iter().map(WebhookType::into_str).collect();
        let previous = webhook.previous_secret.as_ref();
        Self {
            id: NotSet,
            company_id: Set(webhook.company_id.map(|id| id.0)),
            url: Set(webhook.url.clone()),
            types: Set(webhook.types.as_ref().map(type_names)),
            description: Set(webhook.description.clone()),
            status: Set(webhook.status.into_str().to_owned()),
            disabled_reason: Set(webhook.disabled_reason.map(|reason| reason.into_str().to_owned())),
            secret: Set(webhook.secret.expose()),
            previous_secret: Set(previous.map(|previous| previous.secret.expose())),
            previous_until: Set(previous.map(|previous| previous.until)),
            failing_since: Set(webhook.failing_since),
            version: Set(webhook.version),
            created_at: Set(webhook.created_at),
            updated_at: Set(webhook.updated_at),
            missed_after_transaction_id: Set(webhook.missed_after.map(|position| position.transaction)),
            missed_after_event_id: Set(webhook.missed_after.map(|position| position.event.0)),
            deleted_at: Set(None),
        }
    }
}
