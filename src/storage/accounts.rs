//! Queries on users for those who administer them.

use crate::domain::page::{Page, Window};
use crate::domain::provisioning::{AccountFilter, AccountPosition};
use crate::domain::{Account, Scope};
use crate::storage::Result;
use crate::storage::database::count::count_up_to;
use crate::storage::database::fetch;
use crate::storage::database::keyset::paginate;
use crate::storage::database::search::name_contains;
use crate::storage::entities::account;
use account::{COLUMN, Column};
use sea_orm::sea_query::Expr;
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryTrait, Select};

/// A page of the users in this scope that the filter matches, by id.
pub(crate) async fn page(
    connection: &impl ConnectionTrait,
    scope: Scope,
    filter: &AccountFilter,
    window: &Window<AccountPosition>,
) -> Result<Page<Account>> {
    let query = filtered(connection.get_database_backend(), scope, filter);
    let query = paginate(query, &[Column::Id], false, window, |position| vec![position.0.into()]);
    let rows = fetch::all(connection, query).await?;
    Ok(window.page(rows.into_iter().map(Account::try_from).collect::<Result<_>>()?))
}

/// The number of users on all pages, up to a ceiling.
pub(crate) async fn count(
    connection: &impl ConnectionTrait,
    scope: Scope,
    filter: &AccountFilter,
    ceiling: u64,
) -> Result<u64> {
    count_up_to(connection, filtered(connection.get_database_backend(), scope, filter), ceiling).await
}

fn filtered(backend: DbBackend, scope: Scope, filter: &AccountFilter) -> Select<account::Entity> {
    let AccountFilter { search, role, company_id } = filter;
    let all = account::Entity::find();
    let visible = match scope {
        Scope::Company(company) => all.filter(COLUMN.company_id.eq(company.0)),
        Scope::Everything => all,
        Scope::Driver(_) => all.filter(Expr::val(false)), // drivers see no list of users
    };
    let column = |column| Expr::col((account::Entity, column));
    let is_named = |search| name_contains(backend, column(Column::Title), column(Column::TitleFolded), search);
    visible
        .apply_if(*role, |query, role| query.filter(COLUMN.role.eq(role.into_str())))
        .apply_if(*company_id, |query, company| query.filter(COLUMN.company_id.eq(company.0)))
        .apply_if(search.as_ref(), |query, search| query.filter(is_named(search)))
}
