//! The table `users` with all its columns. Interviews read fewer of them: see [`user`](super::user).

use crate::domain::{Account, TimeZone, User, fold};
use crate::storage::StorageError;
use crate::storage::entities::row::row;
use crate::storage::entities::{json, user};
use sea_orm::entity::prelude::*;
use serde::Deserialize;

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
        #[serde(deserialize_with = "json::truth")]
        pub manager: bool,
        pub email: Option<String>,
        pub time_zone: Option<String>,
        pub tokens_valid_after: Option<DateTimeUtc>,
        pub erased_at: Option<DateTimeUtc>,
        pub source_updated_at: Option<DateTimeUtc>,
        /// The name as searches compare it; none if a server of the previous release has written the name.
        pub title_folded: Option<String>,
        /// The name that was folded. The database drops both when the name becomes another one.
        pub title_folded_from: Option<String>,
    }
}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for Account {
    type Error = StorageError;

    fn try_from(row: Model) -> Result<Self, StorageError> {
        let corrupt = |column| StorageError::Corrupt { table: "users", column, id: row.id };
        let time_zone = row.time_zone.as_deref().map(TimeZone::parse).transpose();
        Ok(Self {
            time_zone: time_zone.map_err(|_| corrupt("time_zone"))?,
            user: User::try_from(user::Model {
                id: row.id,
                role: row.role,
                company_id: row.company_id,
                title: row.title,
                image: row.image,
                phone_number: row.phone_number,
                contact_phone_number: row.contact_phone_number,
                deactivated_at: row.deactivated_at,
            })?,
            manager: row.manager,
            email: row.email,
            deactivated_at: row.deactivated_at,
            tokens_valid_after: row.tokens_valid_after,
            erased_at: row.erased_at,
            source_updated_at: row.source_updated_at,
        })
    }
}

impl From<Account> for Model {
    fn from(account: Account) -> Self {
        let Account { user, manager, email, time_zone, .. } = account;
        let company_id = user.authority.company().map(|company| company.0);
        Self {
            id: user.id.0,
            role: user.authority.role().into_str().to_owned(),
            company_id,
            title_folded: Some(fold(&user.title)),
            title_folded_from: Some(user.title.clone()),
            title: user.title,
            image: user.image,
            phone_number: user.phone_number,
            contact_phone_number: user.contact_phone_number,
            deactivated_at: account.deactivated_at,
            manager,
            email,
            time_zone: time_zone.map(|zone| zone.name().to_owned()),
            tokens_valid_after: account.tokens_valid_after,
            erased_at: account.erased_at,
            source_updated_at: account.source_updated_at,
        }
    }
}
