//! Queries on companies.

use crate::domain::{Company, CompanyId};
use crate::storage::Result;
use crate::storage::entities::company;
use sea_orm::{ConnectionTrait, EntityTrait};

/// The company with this id.
///
/// # Errors
/// When the database fails.
pub async fn find(connection: &impl ConnectionTrait, id: CompanyId) -> Result<Option<Company>> {
    Ok(company::Entity::find_by_id(id.0).one(connection).await?.map(Company::from))
}
