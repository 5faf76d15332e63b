//! The table `idempotency_keys`.

use crate::domain::{KeyedRequest, RememberedRequest};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency_keys")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    pub fingerprint: Vec<u8>,
    pub subject_id: i64,
    pub created_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl From<Model> for RememberedRequest {
    fn from(row: Model) -> Self {
        Self { fingerprint: row.fingerprint, subject: row.subject_id, at: row.created_at }
    }
}

impl ActiveModel {
    /// The row of a request that has changed this.
    pub fn new(request: &KeyedRequest, subject: i64) -> Self {
        Self {
            user_id: Set(request.user.0),
            key: Set(request.key.clone()),
            fingerprint: Set(request.fingerprint.clone()),
            subject_id: Set(subject),
            created_at: Set(request.at),
        }
    }
}
