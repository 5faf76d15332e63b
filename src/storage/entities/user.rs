//! The columns of the table `users` that interviews show. `account` has all of them.

use crate::domain::{Authority, CompanyId, Role, User, UserId};
use crate::storage::StorageError;
use crate::storage::entities::row::row;
use sea_orm::entity::prelude::*;
use serde::Deserialize;
use std::str::FromStr;

row! {
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Deserialize)]
    #[sea_orm(table_name = "users")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub role: String,
        pub company_id: Option<i64>,
        pub title: String,
        pub image: Option<String>,
        pub phone_number: Option<String>,
        pub contact_phone_number: Option<String>,
        pub deactivated_at: Option<DateTimeUtc>,
    }
}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for User {
    type Error = StorageError;

    fn try_from(row: Model) -> Result<Self, StorageError> {
        let corrupt = |column| StorageError::Corrupt { table: "users", column, id: row.id };
        let authority = match Role::from_str(&row.role).map_err(|_| corrupt("role"))? {
            Role::Driver => Authority::Driver,
            Role::Staff => Authority::Staff(CompanyId(row.company_id.ok_or_else(|| corrupt("company_id"))?)),
            Role::Admin => Authority::Admin,
            Role::Service => Authority::Service,
        };
        Ok(Self {
            id: UserId(row.id),
            authority,
            title: row.title,
            image: row.image,
            phone_number: row.phone_number,
            contact_phone_number: row.contact_phone_number,
        })
    }
}
