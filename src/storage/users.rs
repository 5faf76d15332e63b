//! Queries on users, as viewers and as interviewers.

use crate::domain::page::{Page, Window};
use crate::domain::{Account, CompanyId, Role, Scope, Search, User, UserId};
use crate::storage::database::array_parameter::{array_parameter, is_any_of};
use crate::storage::database::count::count_up_to;
use crate::storage::database::fetch;
use crate::storage::database::keyset::paginate;
use crate::storage::database::search::name_contains;
use crate::storage::database::statement_cache::CachedStatement;
use crate::storage::entities::{account, user};
use crate::storage::{Result, StorageError};
use sea_orm::sea_query::{Expr, SimpleExpr};
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QuerySelect, QueryTrait, Select};
use std::collections::HashSet;
use user::{COLUMN, Column};

/// Those of these users who are active.
pub(crate) async fn active(connection: &impl ConnectionTrait, ids: Vec<UserId>) -> Result<Vec<Account>> {
    let ids = ids.into_iter().map(|id| id.0).collect();
    let id = Expr::col((account::Entity, account::Column::Id));
    let condition = is_any_of(connection.get_database_backend(), id, ids);
    let accounts = account::Entity::find().filter(account::COLUMN.deactivated_at.is_null()).filter(condition);
    let accounts = fetch::all(connection, accounts).await?;
    accounts.into_iter().map(Account::try_from).collect()
}

/// Those of these users who were erased.
pub(crate) async fn erased(connection: &impl ConnectionTrait, ids: Vec<i64>) -> Result<HashSet<UserId>> {
    let id = Expr::col((account::Entity, account::Column::Id));
    let condition = is_any_of(connection.get_database_backend(), id, ids);
    let erased = account::Entity::find().select_only().column(account::Column::Id).filter(condition);
    let ids: Vec<i64> = erased.filter(account::COLUMN.erased_at.is_not_null()).into_tuple().all(connection).await?;
    Ok(ids.into_iter().map(UserId).collect())
}

/// The users with these ids, which have to come from rows that the viewer sees: permissions are not checked here.
pub(crate) async fn by_ids(connection: &impl ConnectionTrait, ids: &[UserId]) -> Result<Vec<User>> {
    static STATEMENT: CachedStatement = CachedStatement::new();
    let (backend, ids) = (connection.get_database_backend(), ids.iter().map(|id| id.0).collect::<Vec<_>>());
    let Some(ids) = array_parameter(backend, ids) else { return Ok(Vec::new()) };
    let model = || {
        let condition = is_any_of(backend, column(Column::Id), vec![0_i64]);
        fetch::statement(backend, &user::Entity::find().filter(condition))
    };
    read(fetch::fetch(connection, STATEMENT.with(backend, [ids], model)).await?)
}

/// Whether the user is active staff of the company, so that the company's interviews can refer to them.
pub(crate) async fn is_active_interviewer(
    connection: &impl ConnectionTrait,
    company: CompanyId,
    id: UserId,
) -> Result<bool> {
    let query = interviewers_in(connection.get_database_backend(), Scope::Company(company), None);
    Ok(query.filter(COLUMN.id.eq(id.0)).one(connection).await?.is_some())
}

/// A page of the interviewers in this scope, by id; with `search`, those whose name contains it.
pub(crate) async fn interviewers(
    connection: &impl ConnectionTrait,
    scope: Scope,
    search: Option<&Search>,
    window: &Window<UserId>,
) -> Result<Page<User>> {
    let query = interviewers_in(connection.get_database_backend(), scope, search);
    let query = paginate(query, &[Column::Id], false, window, |id| vec![id.0.into()]);
    Ok(window.page(read(fetch::all(connection, query).await?)?))
}

/// The number of interviewers on all pages, up to a ceiling.
pub(crate) async fn count_interviewers(
    connection: &impl ConnectionTrait,
    scope: Scope,
    search: Option<&Search>,
    ceiling: u64,
) -> Result<u64> {
    count_up_to(connection, interviewers_in(connection.get_database_backend(), scope, search), ceiling).await
}

fn interviewers_in(backend: DbBackend, scope: Scope, search: Option<&Search>) -> Select<user::Entity> {
    let staff =
        user::Entity::find().filter(COLUMN.role.eq(Role::Staff.into_str())).filter(COLUMN.deactivated_at.is_null());
    let staff = match scope {
        Scope::Company(company) => staff.filter(COLUMN.company_id.eq(company.0)),
        Scope::Everything => staff,
        Scope::Driver(_) => staff.filter(Expr::val(false)), // drivers see no list of staff
    };
    staff.apply_if(search, |staff, search| staff.filter(title_contains(backend, search)))
}

/// Whether the name of the row of `users` contains the text.
pub(super) fn title_contains(backend: DbBackend, search: &Search) -> SimpleExpr {
    name_contains(backend, column(Column::Title), Expr::col((user::Entity, account::Column::TitleFolded)), search)
}

fn column(column: Column) -> Expr {
    Expr::col((user::Entity, column))
}

fn read(rows: Vec<user::Model>) -> Result<Vec<User>, StorageError> {
    rows.into_iter().map(User::try_from).collect()
}
