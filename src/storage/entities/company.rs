//! The table `companies`.

use crate::domain::{Company, CompanyId};
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "companies")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub name: String,
}

impl ActiveModelBehavior for ActiveModel {}

impl From<Model> for Company {
    fn from(row: Model) -> Self {
        Self { id: CompanyId(row.id), name: row.name }
    }
}
