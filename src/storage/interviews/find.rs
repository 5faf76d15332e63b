//! Finds single interviews.

use crate::domain::{Interview, InterviewId, Scope};
use crate::storage::Result;
use crate::storage::database::array_parameter::is_any_of;
use crate::storage::database::fetch;
use crate::storage::database::statement_cache::CachedScopedStatement;
use crate::storage::entities::interview;
use crate::storage::interviews::{column, read};
use interview::{COLUMN, Column};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, Select};

/// The interviews that are visible in this scope.
pub(crate) fn visible_to(scope: Scope) -> Select<interview::Entity> {
    let all = interview::Entity::find();
    match visibility(scope) {
        Some((column, value)) => all.filter(column.eq(value)),
        None => all,
    }
}

/// The column by which interviews are visible in this scope, and the value that it has then. None if all are.
pub(super) fn visibility(scope: Scope) -> Option<(Column, i64)> {
    match scope {
        Scope::Driver(driver) => Some((Column::DriverId, driver.0)),
        Scope::Company(company) => Some((Column::CompanyId, company.0)),
        Scope::Everything => None,
    }
}

/// The interview with this id, if it is visible in this scope.
pub async fn find(connection: &impl ConnectionTrait, scope: Scope, id: InterviewId) -> Result<Option<Interview>> {
    static STATEMENT: CachedScopedStatement = CachedScopedStatement::new();
    let backend = connection.get_database_backend();
    let model = || fetch::statement(backend, &visible_to(scope).filter(COLUMN.id.eq(id.0)));
    read_one(fetch::fetch_one(connection, STATEMENT.with(backend, scope, id.0, model)).await?)
}

/// The same as [`find`], and locks the row until the end of the transaction.
pub(crate) async fn lock(
    connection: &impl ConnectionTrait,
    scope: Scope,
    id: InterviewId,
) -> Result<Option<Interview>> {
    let query = visible_to(scope).filter(COLUMN.id.eq(id.0)).lock_exclusive();
    read_one(fetch::one(connection, query).await?)
}

/// Those of these interviews that are visible in this scope, in no particular order.
pub(crate) async fn by_ids(
    connection: &impl ConnectionTrait,
    scope: Scope,
    ids: &[InterviewId],
) -> Result<Vec<Interview>> {
    let ids = ids.iter().map(|id| id.0).collect();
    let condition = is_any_of(connection.get_database_backend(), column(Column::Id), ids);
    read(fetch::all(connection, visible_to(scope).filter(condition)).await?)
}

fn read_one(row: Option<interview::Model>) -> Result<Option<Interview>> {
    row.map(Interview::try_from).transpose()
}
