//! The table `companies`.

use crate::domain::{Company, CompanyId, TimeZone, fold};
use crate::storage::StorageError;
use crate::storage::entities::row::row;
use sea_orm::entity::prelude::*;
use serde::Deserialize;

row! {
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Deserialize)]
    #[sea_orm(table_name = "companies")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub name: String,
        pub image: Option<String>,
        pub time_zone: String,
        pub source_updated_at: Option<DateTimeUtc>,
        /// The name as searches compare it; none if a server of the previous release has written the name.
        pub name_folded: Option<String>,
        /// The name that was folded. The database drops both when the name becomes another one.
        pub name_folded_from: Option<String>,
    }
}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for Company {
    type Error = StorageError;

    fn try_from(row: Model) -> Result<Self, StorageError> {
        let corrupt = |column| StorageError::Corrupt { table: "companies", column, id: row.id };
        Ok(Self {
            id: CompanyId(row.id),
            name: row.name,
            image: row.image,
            time_zone: TimeZone::parse(&row.time_zone).map_err(|_| corrupt("time_zone"))?,
            source_updated_at: row.source_updated_at,
        })
    }
}

impl From<Company> for Model {
    fn from(company: Company) -> Self {
        Self {
            id: company.id.0,
            name_folded: Some(fold(&company.name)),
            name_folded_from: Some(company.name.clone()),
            name: company.name,
            image: company.image,
            time_zone: company.time_zone.name().to_owned(),
            source_updated_at: company.source_updated_at,
        }
    }
}
