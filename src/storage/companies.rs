//! Queries on companies.

use crate::domain::page::{Page, Window};
use crate::domain::{Company, CompanyId, Search};
use crate::storage::Result;
use crate::storage::database::array_parameter::is_any_of;
use crate::storage::database::count::count_up_to;
use crate::storage::database::fetch;
use crate::storage::database::keyset::paginate;
use crate::storage::database::search::name_contains;
use crate::storage::entities::company;
use company::Column;
use sea_orm::sea_query::Expr;
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryTrait, Select};

/// The companies with these ids, which have to come from rows that the viewer sees: permissions are not checked here.
pub(crate) async fn by_ids(connection: &impl ConnectionTrait, ids: &[CompanyId]) -> Result<Vec<Company>> {
    let ids = ids.iter().map(|id| id.0).collect();
    let id = Expr::col((company::Entity, Column::Id));
    let query = company::Entity::find().filter(is_any_of(connection.get_database_backend(), id, ids));
    read(fetch::all(connection, query).await?)
}

/// A page of all companies, by id; with `search`, those whose name contains it.
pub(crate) async fn page(
    connection: &impl ConnectionTrait,
    search: Option<&Search>,
    window: &Window<CompanyId>,
) -> Result<Page<Company>> {
    let query = searched(connection.get_database_backend(), search);
    let query = paginate(query, &[Column::Id], false, window, |id| vec![id.0.into()]);
    Ok(window.page(read(fetch::all(connection, query).await?)?))
}

/// The number of companies on all pages, up to a ceiling.
pub(crate) async fn count(connection: &impl ConnectionTrait, search: Option<&Search>, ceiling: u64) -> Result<u64> {
    count_up_to(connection, searched(connection.get_database_backend(), search), ceiling).await
}

fn searched(backend: DbBackend, search: Option<&Search>) -> Select<company::Entity> {
    let column = |column| Expr::col((company::Entity, column));
    company::Entity::find().apply_if(search, |query, search| {
        query.filter(name_contains(backend, column(Column::Name), column(Column::NameFolded), search))
    })
}

fn read(rows: Vec<company::Model>) -> Result<Vec<Company>> {
    rows.into_iter().map(Company::try_from).collect()
}
