//! The table `interviewees`.

use crate::domain::{CompanyId, Interviewee, IntervieweeId, IntervieweeKind, UserId};
use crate::storage::StorageError;
use crate::storage::entities::json;
use crate::storage::entities::row::row;
use sea_orm::entity::prelude::*;
use serde::Deserialize;
use std::str::FromStr;

row! {
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Deserialize)]
    #[sea_orm(table_name = "interviewees")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub company_id: i64,
        pub driver_id: i64,
        pub kind: String,
        #[serde(deserialize_with = "json::time")]
        pub updated_at: DateTimeUtc,
    }
}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for Interviewee {
    type Error = StorageError;

    fn try_from(row: Model) -> Result<Self, StorageError> {
        let corrupt = |column| StorageError::Corrupt { table: "interviewees", column, id: row.id };
        Ok(Self {
            id: IntervieweeId(row.id),
            company_id: CompanyId(row.company_id),
            driver_id: UserId(row.driver_id),
            kind: IntervieweeKind::from_str(&row.kind).map_err(|_| corrupt("kind"))?,
            updated_at: row.updated_at,
        })
    }
}

impl From<Interviewee> for Model {
    fn from(interviewee: Interviewee) -> Self {
        Self {
            id: interviewee.id.0,
            company_id: interviewee.company_id.0,
            driver_id: interviewee.driver_id.0,
            kind: interviewee.kind.into_str().to_owned(),
            updated_at: interviewee.updated_at,
        }
    }
}
