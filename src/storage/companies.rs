//! Queries on companies.

use crate::domain::{Company, CompanyId};
use crate::storage::Result;
use crate::storage::entities::company;
use sea_orm::{ConnectionTrait, EntityTrait};

pub(crate) async fn find(connection: &impl ConnectionTrait, id: CompanyId) -> Result<Option<Company>> {
    Ok(company::Entity::find_by_id(id.0).one(connection).await?.map(Company::from))
}
