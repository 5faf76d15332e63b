//! Queues messages for webhooks.

use crate::domain::webhook::{Webhook, WebhookStatus, WebhookType};
use crate::domain::{EventId, Interview, InterviewId, IntervieweeKind, WebhookId};
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
use std::collections::HashMap;
use std::str::FromStr;

const ENABLED: &str = WebhookStatus::Enabled.into_str();

/// A message about an event, and the webhooks that receive it.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub event_id: EventId,
    pub of_type: WebhookType,
    pub body: String,
    pub webhooks: Vec<WebhookId>,
}

/// The webhooks that receive messages.
pub(crate) async fn enabled_webhooks(connection: &impl ConnectionTrait) -> Result<Vec<Webhook>> {
    let query =
        webhook::Entity::find().filter(webhook::COLUMN.status.eq(ENABLED)).filter(webhook::COLUMN.deleted_at.is_null());
    query.order_by_asc(webhook::Column::Id).all(connection).await?.into_iter().map(Webhook::try_from).collect()
}

/// Queues the messages, each once for a webhook. The body of a message is sent to the database once, for any number of
/// webhooks.
pub(crate) async fn insert(
    transaction: &Transaction,
    messages: impl Iterator<Item = Message>,
    now: DateTime<Utc>,
) -> Result<()> {
    let row = |message: Message| {
        let webhooks: Vec<i64> = message.webhooks.iter().map(|webhook| webhook.0).collect();
        json!({
            "event_id": message.event_id.0, "type": message.of_type.into_str(), "body": message.body,
            "webhooks": webhooks,
        })
    };
    let rows: Vec<_> = messages.filter(|message| !message.webhooks.is_empty()).map(row).collect();
    if rows.is_empty() {
        return Ok(());
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
         WHERE true ON CONFLICT (webhook_id, event_id) DO NOTHING"
    );
    let values = [json!(rows).to_string().into(), now.into()];
    transaction.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    Ok(())
}

/// The interviews with these ids as they are now, and the progress of their applications.
pub(crate) async fn interviews(
    connection: &impl ConnectionTrait,
    ids: Vec<i64>,
) -> Result<HashMap<InterviewId, (Interview, IntervieweeKind)>> {
    const KIND: &str = "application_kind";
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
