//! The table `company_settings`.

use crate::domain::{CompanyId, CompanySettings};
use crate::storage::StorageError;
use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "company_settings")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub company_id: i64,
    pub version: i32,
    pub reminders: Json,
    pub answer_reminder_hours: Json,
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for CompanySettings {
    type Error = StorageError;

    fn try_from(row: Model) -> Result<Self, StorageError> {
        let corrupt = |column| StorageError::Corrupt { table: "company_settings", column, id: row.company_id };
        Ok(Self {
            version: row.version,
            reminders: serde_json::from_value(row.reminders).map_err(|_| corrupt("reminders"))?,
            answer_reminder_hours: serde_json::from_value(row.answer_reminder_hours)
                .map_err(|_| corrupt("answer_reminder_hours"))?,
        })
    }
}

/// The row of a company whose settings change now.
pub fn row(company: CompanyId, settings: &CompanySettings, now: DateTime<Utc>) -> ActiveModel {
    let list = |list: &[i32]| serde_json::Value::from(list);
    ActiveModel {
        company_id: Set(company.0),
        version: Set(settings.version),
        reminders: Set(list(&settings.reminders)),
        answer_reminder_hours: Set(list(&settings.answer_reminder_hours)),
        updated_at: Set(now),
    }
}
