//! Queues messages for webhooks.

use crate::domain::webhook::{Webhook, WebhookStatus, WebhookType};
use crate::domain::{DeliveryId, Event, EventId, Interview, InterviewId, IntervieweeKind, WebhookId};
use crate::storage::database::array_parameter::is_any_of;
use crate::storage::entities::{interview, interviewee, webhook};
use crate::storage::{Result, StorageError, Transaction};
use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QueryResult, QueryTrait,
    Statement,
};
use serde_json::json;
use std::collections::{BTreeSet, HashMap};
use std::str::FromStr;

const ENABLED: &str = WebhookStatus::Enabled.into_str();

/// A message, and the webhooks that receive it.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// None of a test.
    pub event_id: Option<EventId>,
    pub of_type: WebhookType,
    pub body: String,
    pub webhooks: Vec<WebhookId>,
}

/// What becomes of events that were queued for a webhook before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Queued {
    /// They stay as they are.
    Keep,
    /// Those that have failed or were cancelled are queued again, with their bodies.
    Again,
    /// Those that were delivered are as well.
    AgainIfDelivered,
}

impl Queued {
    /// What an insert does that meets the row of the same event.
    fn on_conflict(self) -> String {
        let states = match self {
            Self::Keep => return "DO NOTHING".to_owned(),
            Self::Again => "'failed', 'cancelled'",
            Self::AgainIfDelivered => "'failed', 'cancelled', 'delivered'",
        };
        format!(
            "DO UPDATE SET state = 'pending', step = 0, next_attempt_at = excluded.next_attempt_at, \
             claimed_until = NULL, finished_at = NULL WHERE webhook_deliveries.state IN ({states})"
        )
    }
}

/// The webhooks that receive messages.
pub(crate) async fn enabled_webhooks(connection: &impl ConnectionTrait) -> Result<Vec<Webhook>> {
    let query =
        webhook::Entity::find().filter(webhook::COLUMN.status.eq(ENABLED)).filter(webhook::COLUMN.deleted_at.is_null());
    query.order_by_asc(webhook::Column::Id).all(connection).await?.into_iter().map(Webhook::try_from).collect()
}

/// Queues the messages, which are due now, each once for a webhook. Returns the ids of the deliveries that were queued.
/// One statement; the body of a message is sent to the database once, for any number of webhooks.
pub(crate) async fn insert(
    transaction: &Transaction,
    messages: impl IntoIterator<Item = Message>,
    queued: Queued,
    now: DateTime<Utc>,
) -> Result<Vec<DeliveryId>> {
    let row = |message: Message| {
        let webhooks: Vec<i64> = message.webhooks.iter().map(|webhook| webhook.0).collect();
        json!({
            "event_id": message.event_id.map(|id| id.0), "type": message.of_type.into_str(), "body": message.body,
            "webhooks": webhooks,
        })
    };
    let rows: Vec<_> = messages.into_iter().filter(|message| !message.webhooks.is_empty()).map(row).collect();
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let backend = transaction.get_database_backend();
    let (source, receiver) = match backend {
        DbBackend::Postgres => (
            "json_to_recordset($1::json) AS message (event_id bigint, type text, body text, webhooks json), \
                json_array_elements_text(message.webhooks) AS receiver (id)",
            "receiver.id::bigint",
        ),
        _ => (
            "(SELECT json_extract(value, '$.event_id') AS event_id, json_extract(value, '$.type') AS type, \
                json_extract(value, '$.body') AS body, json_extract(value, '$.webhooks') AS webhooks \
                FROM json_each($1)) AS message, json_each(message.webhooks) AS receiver",
            "receiver.value",
        ),
    };
    let sql = format!(
        "INSERT INTO webhook_deliveries (webhook_id, event_id, type, body, state, next_attempt_at, created_at) \
         SELECT {receiver}, message.event_id, message.type, message.body, 'pending', $2, $2 FROM {source} \
         WHERE true ON CONFLICT (webhook_id, event_id) {} RETURNING id",
        queued.on_conflict()
    );
    let values = [json!(rows).to_string().into(), now.into()];
    let rows = transaction.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    rows.iter().map(|row| Ok(DeliveryId(row.try_get_by_index(0)?))).collect()
}

/// The name of a column of [`interviews`].
const KIND: &str = "application_kind";

/// The interviews of these events as they are now, and the progress of their applications.
pub(crate) async fn interviews(
    connection: &impl ConnectionTrait,
    events: impl Iterator<Item = &Event>,
) -> Result<HashMap<InterviewId, (Interview, IntervieweeKind)>> {
    let ids: BTreeSet<i64> = events.map(|event| event.interview_id.0).collect();
    let ids = ids.into_iter().collect();
    let of_interview = |column: interview::Column| Expr::col((interview::Entity, column));
    let of_application = |column: interviewee::Column| Expr::col((interviewee::Entity, column));
    let is_wanted = is_any_of(connection.get_database_backend(), of_interview(interview::Column::Id), ids);
    let is_application = of_application(interviewee::Column::Id).eq(of_interview(interview::Column::IntervieweeId));
    let mut query = interview::Entity::find().filter(is_wanted).into_query();
    query.inner_join(interviewee::Entity, is_application).expr_as(of_application(interviewee::Column::Kind), KIND);
    let read = |row: &QueryResult| {
        let interview = Interview::try_from(interview::Model::from_query_result(row, "")?)?;
        let id = interview.interviewee_id.0;
        let kind = IntervieweeKind::from_str(&row.try_get::<String>("", KIND)?);
        let kind = kind.map_err(|_| StorageError::Corrupt { table: "interviewees", column: "kind", id })?;
        Ok((interview.id, (interview, kind)))
    };
    connection.query_all(&query).await?.iter().map(read).collect()
}
