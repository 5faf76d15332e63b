//! Queries on companies.

use crate::domain::{Company, CompanyId};
use crate::storage::Result;
use crate::storage::database::fetch;
use crate::storage::entities::company;
use sea_orm::{ConnectionTrait, EntityTrait};

pub(crate) async fn find(connection: &impl ConnectionTrait, id: CompanyId) -> Result<Option<Company>> {
    fetch::one(connection, company::Entity::find_by_id(id.0)).await?.map(Company::try_from).transpose()
}
