//! Queries on users, in their parts as viewers, drivers and interviewers.

use crate::domain::page::{Page, Window};
use crate::domain::{CompanyId, Role, Scope, User, UserId, Viewer};
use crate::storage::database::fetch;
use crate::storage::database::keyset::{contains_ignoring_case, is_any_of, paginate, parameter};
use crate::storage::database::statement_cache::CachedStatement;
use crate::storage::entities::{revoked_token, user};
use crate::storage::{Result, StorageError};
use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ConnectionTrait, DbBackend, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect, QueryTrait, Select, Set,
    Statement, Value,
};
use user::COLUMN;

/// The active user whom a token names, unless the token was revoked. One statement.
///
/// # Errors
/// When the database fails.
pub async fn authenticate(connection: &impl ConnectionTrait, id: UserId, jti: &str) -> Result<Option<Viewer>> {
    let revoked =
        revoked_token::Entity::find().select_only().expr(Expr::val(1)).filter(revoked_token::COLUMN.jti.eq(jti));
    let user = user::Entity::find_by_id(id.0)
        .filter(COLUMN.deactivated_at.is_null())
        .filter(Expr::exists(revoked.into_query()).not());
    let user = fetch::one(connection, user).await?.map(User::try_from).transpose()?;
    Ok(user.map(viewer))
}

/// Those of these users who are active, as viewers.
///
/// # Errors
/// When the database fails.
pub async fn active(connection: &impl ConnectionTrait, ids: Vec<UserId>) -> Result<Vec<Viewer>> {
    let ids = ids.into_iter().map(|id| id.0).collect();
    let condition = is_any_of(connection.get_database_backend(), Expr::col((user::Entity, user::Column::Id)), ids);
    let users = user::Entity::find().filter(COLUMN.deactivated_at.is_null()).filter(condition);
    let users = read(fetch::all(connection, users).await?)?;
    Ok(users.into_iter().map(viewer).collect())
}

/// Those of these tokens that were revoked.
///
/// # Errors
/// When the database fails.
pub async fn revoked(connection: &impl ConnectionTrait, jtis: Vec<String>) -> Result<Vec<String>> {
    let column = Expr::col((revoked_token::Entity, revoked_token::Column::Jti));
    let condition = is_any_of(connection.get_database_backend(), column, jtis);
    let rows = revoked_token::Entity::find().filter(condition).all(connection).await?;
    Ok(rows.into_iter().map(|row| row.jti).collect())
}

fn viewer(user: User) -> Viewer {
    Viewer { id: user.id, title: user.title, authority: user.authority }
}

/// Makes tokens with this `jti` worthless.
///
/// # Errors
/// When the database fails.
pub async fn revoke_token(connection: &impl ConnectionTrait, jti: &str, now: DateTime<Utc>) -> Result<()> {
    let row = revoked_token::ActiveModel { jti: Set(jti.to_owned()), revoked_at: Set(now) };
    revoked_token::Entity::insert(row)
        .on_conflict(OnConflict::column(revoked_token::Column::Jti).do_nothing().to_owned())
        .exec_without_returning(connection)
        .await?;
    Ok(())
}

/// These users. For ids that come from rows which the viewer may see: there is no check of its own here.
///
/// # Errors
/// When the database fails.
pub async fn by_ids(connection: &impl ConnectionTrait, ids: &[UserId]) -> Result<Vec<User>> {
    static STATEMENT: CachedStatement = CachedStatement::new();
    let (backend, ids) = (connection.get_database_backend(), ids.iter().map(|id| id.0).collect::<Vec<_>>());
    let Some(parameter) = parameter(backend, ids) else { return Ok(Vec::new()) };
    let id = || Expr::col((user::Entity, user::Column::Id));
    let model = || fetch::statement(backend, &user::Entity::find().filter(is_any_of(backend, id(), vec![0_i64])));
    read(fetch::fetch(connection, STATEMENT.with(backend, [parameter], model)).await?)
}

/// Whether this is somebody whom the company can send to an interview.
///
/// # Errors
/// When the database fails.
pub async fn is_active_interviewer(connection: &impl ConnectionTrait, company: CompanyId, id: UserId) -> Result<bool> {
    let query = interviewers_in(connection.get_database_backend(), Scope::Company(company), None);
    Ok(query.filter(COLUMN.id.eq(id.0)).one(connection).await?.is_some())
}

/// A page of the interviewers in scope, by id, those whose name holds `search`.
///
/// # Errors
/// When the database fails.
pub async fn interviewers(
    connection: &impl ConnectionTrait,
    scope: Scope,
    search: Option<&str>,
    window: &Window<UserId>,
) -> Result<Page<User>> {
    let query = interviewers_in(connection.get_database_backend(), scope, search);
    let query = paginate(query, &[user::Column::Id], false, window, |id| vec![id.0.into()]);
    Ok(window.page(read(fetch::all(connection, query).await?)?))
}

/// How many there are on all pages together.
///
/// # Errors
/// When the database fails.
pub async fn count_interviewers(connection: &impl ConnectionTrait, scope: Scope, search: Option<&str>) -> Result<u64> {
    Ok(interviewers_in(connection.get_database_backend(), scope, search).count(connection).await?)
}

fn interviewers_in(backend: DbBackend, scope: Scope, search: Option<&str>) -> Select<user::Entity> {
    let staff =
        user::Entity::find().filter(COLUMN.role.eq(Role::Staff.into_str())).filter(COLUMN.deactivated_at.is_null());
    let staff = match scope {
        Scope::Company(company) => staff.filter(COLUMN.company_id.eq(company.0)),
        Scope::Everything => staff,
        Scope::Driver(_) => staff.filter(Expr::val(false)), // drivers have no list of staff
    };
    let title = || Expr::col((user::Entity, user::Column::Title));
    staff.apply_if(search, |staff, search| staff.filter(contains_ignoring_case(backend, title(), search)))
}

/// Lets nobody else take the time of these people until the transaction ends.
///
/// The constraints against double booking would keep them from it too, but not as well: of two transactions that take the time of
/// one person, each would find the other's new row in the index and wait for what becomes of it, and PostgreSQL looks for such a
/// deadlock only after a second. SQLite has one writer at a time.
///
/// # Errors
/// When the database fails.
pub async fn lock_time_of(connection: &impl ConnectionTrait, people: [UserId; 2]) -> Result<()> {
    if connection.get_database_backend() == DbBackend::Postgres {
        let sql = "SELECT pg_advisory_xact_lock($1), pg_advisory_xact_lock($2)";
        let locks = time_locks(people).map(Value::from);
        connection.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, locks)).await?;
    }
    Ok(())
}

/// The numbers of PostgreSQL's advisory locks on the time of these people, in the order in which everybody takes them. To lock the
/// rows themselves would write to them, and to the log of what was written.
pub(crate) fn time_locks(people: [UserId; 2]) -> [i64; 2] {
    /// Where ours begin, so that they are not those of another program: "TIME" in ASCII.
    const FIRST: i64 = 0x5449_4D45 << 32;
    let mut locks = people.map(|id| FIRST.wrapping_add(id.0));
    locks.sort_unstable();
    locks
}

fn read(rows: Vec<user::Model>) -> Result<Vec<User>, StorageError> {
    rows.into_iter().map(User::try_from).collect()
}
