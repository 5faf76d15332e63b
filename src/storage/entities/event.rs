//! The table `interview_events`.

use crate::domain::{
    Audience, CompanyId, Event, EventId, EventType, Field, FieldChange, InterviewId, LogPosition, Side, UserId,
};
use crate::storage::StorageError;
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use std::str::FromStr;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "interview_events")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub interview_id: i64,
    pub r#type: String,
    pub at: DateTimeUtc,
    pub actor_id: Option<i64>,
    pub actor_side: Option<String>,
    pub changes: Json,
    pub transaction_id: i64,
    pub company_id: Option<i64>,
    pub driver_id: Option<i64>,
    pub former_driver_id: Option<i64>,
}

impl Model {
    /// The event's position in the order of the log.
    pub fn position(&self) -> LogPosition {
        LogPosition { transaction: self.transaction_id, event: EventId(self.id), at: Some(self.at) }
    }
}

impl ActiveModelBehavior for ActiveModel {}

/// Whether the event has the value of this column. The database assigns the others.
pub fn is_given(column: Column) -> bool {
    !matches!(column, Column::Id | Column::TransactionId)
}

/// One element of `changes`.
#[derive(Serialize, Deserialize)]
struct StoredFieldChange {
    field: String,
    from: Option<String>,
    to: Option<String>,
}

impl TryFrom<Model> for Event {
    type Error = StorageError;

    fn try_from(row: Model) -> Result<Self, StorageError> {
        let corrupt = |column| StorageError::Corrupt { table: "interview_events", column, id: row.id };
        let changes: Vec<StoredFieldChange> = serde_json::from_value(row.changes).map_err(|_| corrupt("changes"))?;
        let side = row.actor_side.as_deref().map(Side::from_str).transpose();
        let change = |change: StoredFieldChange| {
            Some(FieldChange { field: Field::from_str(&change.field).ok()?, from: change.from, to: change.to })
        };
        Ok(Self {
            id: EventId(row.id),
            interview_id: InterviewId(row.interview_id),
            event_type: EventType::from_str(&row.r#type).map_err(|_| corrupt("type"))?,
            at: row.at,
            actor_id: row.actor_id.map(UserId),
            actor_side: side.map_err(|_| corrupt("actor_side"))?,
            changes: changes.into_iter().map(change).collect::<Option<_>>().ok_or_else(|| corrupt("changes"))?,
            audience: Audience {
                company_id: CompanyId(row.company_id.ok_or_else(|| corrupt("company_id"))?),
                driver_id: row.driver_id.map(UserId),
                former_driver_id: row.former_driver_id.map(UserId),
            },
        })
    }
}

/// Sets all columns but those that the database assigns, see [`is_given`].
impl From<Event> for ActiveModel {
    fn from(event: Event) -> Self {
        let change = |change: FieldChange| StoredFieldChange {
            field: change.field.into_str().to_owned(),
            from: change.from,
            to: change.to,
        };
        Self {
            id: NotSet,
            transaction_id: NotSet,
            interview_id: Set(event.interview_id.0),
            r#type: Set(event.event_type.into_str().to_owned()),
            at: Set(event.at),
            actor_id: Set(event.actor_id.map(|id| id.0)),
            actor_side: Set(event.actor_side.map(|side| side.into_str().to_owned())),
            company_id: Set(Some(event.audience.company_id.0)),
            driver_id: Set(event.audience.driver_id.map(|id| id.0)),
            former_driver_id: Set(event.audience.former_driver_id.map(|id| id.0)),
            changes: Set(event.changes.into_iter().map(|it| serde_json::json!(change(it))).collect()),
        }
    }
}
