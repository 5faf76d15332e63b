//! The table `interviewees` with all its columns. [`interviewee`](super::interviewee) has those that interviews show.

use crate::domain::Interviewee;
use crate::domain::provisioning::Application;
use crate::storage::StorageError;
use crate::storage::entities::row::row;
use crate::storage::entities::{interviewee, json};
use sea_orm::entity::prelude::*;
use serde::Deserialize;

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
        pub title: Option<String>,
        pub source_updated_at: Option<DateTimeUtc>,
    }
}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for Application {
    type Error = StorageError;

    fn try_from(row: Model) -> Result<Self, StorageError> {
        let Model { id, company_id, driver_id, kind, updated_at, title, source_updated_at } = row;
        let interviewee = Interviewee::try_from(interviewee::Model { id, company_id, driver_id, kind, updated_at })?;
        Ok(Self { interviewee, title, source_updated_at })
    }
}

impl From<Application> for Model {
    fn from(Application { interviewee, title, source_updated_at }: Application) -> Self {
        let interviewee::Model { id, company_id, driver_id, kind, updated_at } = interviewee.into();
        Self { id, company_id, driver_id, kind, updated_at, title, source_updated_at }
    }
}
