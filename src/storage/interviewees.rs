//! Queries on interviewees, and changes of their kind.

use crate::domain::page::{Page, Window};
use crate::domain::{InterviewStatus, Interviewee, IntervieweeId, IntervieweeKind, Role, Scope, Search, UserId};
use crate::storage::database::array_parameter::{array_parameter, is_any_of};
use crate::storage::database::count::count_up_to;
use crate::storage::database::fetch;
use crate::storage::database::keyset::paginate;
use crate::storage::database::statement_cache::CachedStatement;
use crate::storage::entities::{account, interview, interviewee, user};
use crate::storage::users::title_contains;
use crate::storage::{Result, StorageError};
use chrono::{DateTime, Utc};
use interviewee::COLUMN;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryFilter, QuerySelect, QueryTrait, Select};

/// The interviewees that are visible in this scope.
fn visible_to(scope: Scope) -> Select<interviewee::Entity> {
    let all = interviewee::Entity::find();
    match scope {
        Scope::Driver(driver) => all.filter(COLUMN.driver_id.eq(driver.0)),
        Scope::Company(company) => all.filter(COLUMN.company_id.eq(company.0)),
        Scope::Everything => all,
    }
}

/// The interviewee with this id, if it is visible in this scope.
pub(crate) async fn find(
    connection: &impl ConnectionTrait,
    scope: Scope,
    id: IntervieweeId,
) -> Result<Option<Interviewee>> {
    let query = visible_to(scope).filter(COLUMN.id.eq(id.0));
    fetch::one(connection, query).await?.map(Interviewee::try_from).transpose()
}

/// The same, if its driver is still a driver, and was not erased.
pub(crate) async fn find_bookable(
    connection: &impl ConnectionTrait,
    scope: Scope,
    id: IntervieweeId,
) -> Result<Option<Interviewee>> {
    let driver = account::Entity::find()
        .select_only()
        .expr(Expr::val(1))
        .filter(
            Expr::col((account::Entity, account::Column::Id))
                .eq(Expr::col((interviewee::Entity, interviewee::Column::DriverId))),
        )
        .filter(account::COLUMN.role.eq(Role::Driver.into_str()))
        .filter(account::COLUMN.erased_at.is_null());
    let query = visible_to(scope).filter(COLUMN.id.eq(id.0)).filter(Expr::exists(driver.into_query()));
    fetch::one(connection, query).await?.map(Interviewee::try_from).transpose()
}

/// The number of open interviews of an interviewee, up to a limit. Fails with [`StorageError::Transient`] if one of the
/// people was erased: they are no longer as they were read, and have to be read anew.
pub(crate) async fn count_open_interviews(
    connection: &impl ConnectionTrait,
    id: IntervieweeId,
    people: [UserId; 2],
    limit: u64,
) -> Result<u64> {
    let open = open_interviews(id).limit(limit).into_query();
    let erased = account::Entity::find()
        .select_only()
        .expr(Expr::cust("count(*)"))
        .filter(account::COLUMN.id.is_in(people.map(|person| person.0)))
        .filter(account::COLUMN.erased_at.is_not_null());
    let query = Query::select()
        .expr_as(Expr::cust("count(*)"), "open")
        .expr_as(Expr::SubQuery(None, Box::new(erased.into_query().into())), "erased")
        .from_subquery(open, "counted")
        .to_owned();
    let row = connection.query_one(&query).await?.ok_or(DbErr::RecordNotUpdated)?;
    if row.try_get::<i64>("", "erased")? > 0 {
        return Err(StorageError::Transient(DbErr::RecordNotUpdated));
    }
    Ok(row.try_get::<i64>("", "open")?.unsigned_abs())
}

fn open_interviews(id: IntervieweeId) -> Select<interview::Entity> {
    interview::Entity::find()
        .select_only()
        .expr_as(Expr::val(1), "row")
        .filter(interview::COLUMN.interviewee_id.eq(id.0))
        .filter(interview::COLUMN.status.is_in(InterviewStatus::OPEN.map(|status| status.into_str())))
}

/// The interviewees with these ids, which have to come from rows that the viewer sees: permissions are not checked
/// here.
pub(crate) async fn by_ids(connection: &impl ConnectionTrait, ids: &[IntervieweeId]) -> Result<Vec<Interviewee>> {
    static STATEMENT: CachedStatement = CachedStatement::new();
    let (backend, ids) = (connection.get_database_backend(), ids.iter().map(|id| id.0).collect::<Vec<_>>());
    let Some(ids) = array_parameter(backend, ids) else { return Ok(Vec::new()) };
    let id = || Expr::col((interviewee::Entity, interviewee::Column::Id));
    let model =
        || fetch::statement(backend, &interviewee::Entity::find().filter(is_any_of(backend, id(), vec![0_i64])));
    read(fetch::fetch(connection, STATEMENT.with(backend, [ids], model)).await?)
}

/// A page of the visible interviewees, by id; with `search`, those whose driver's name contains it.
pub(crate) async fn page(
    connection: &impl ConnectionTrait,
    scope: Scope,
    search: Option<&Search>,
    window: &Window<IntervieweeId>,
) -> Result<Page<Interviewee>> {
    let query = searched(connection.get_database_backend(), scope, search);
    let query = paginate(query, &[interviewee::Column::Id], false, window, |id| vec![id.0.into()]);
    Ok(window.page(read(fetch::all(connection, query).await?)?))
}

/// The number of interviewees on all pages, up to a ceiling.
pub(crate) async fn count(
    connection: &impl ConnectionTrait,
    scope: Scope,
    search: Option<&Search>,
    ceiling: u64,
) -> Result<u64> {
    count_up_to(connection, searched(connection.get_database_backend(), scope, search), ceiling).await
}

fn searched(backend: DbBackend, scope: Scope, search: Option<&Search>) -> Select<interviewee::Entity> {
    visible_to(scope).apply_if(search, |query, search| {
        let named = user::Entity::find()
            .select_only()
            .expr(Expr::val(1))
            .filter(
                Expr::col((user::Entity, user::Column::Id))
                    .equals((interviewee::Entity, interviewee::Column::DriverId)),
            )
            .filter(title_contains(backend, search));
        query.filter(Expr::exists(named.into_query()))
    })
}

/// Sets the kind of an interviewee. Writes nothing if it has this kind already.
pub(crate) async fn set_kind(
    connection: &impl ConnectionTrait,
    id: IntervieweeId,
    kind: IntervieweeKind,
    now: DateTime<Utc>,
) -> Result<()> {
    change_kind(kind, now).filter(COLUMN.id.eq(id.0)).filter(COLUMN.kind.ne(kind.into_str())).exec(connection).await?;
    Ok(())
}

/// Sets the kind from `interview` back to `verified`, unless the interviewee has an open interview. The row is locked
/// first, so that of two interviews that are cancelled at the same time the second one sees that the first one is
/// closed.
pub(crate) async fn release(connection: &impl ConnectionTrait, id: IntervieweeId, now: DateTime<Utc>) -> Result<()> {
    interviewee::Entity::find_by_id(id.0).lock_exclusive().one(connection).await?;
    change_kind(IntervieweeKind::Verified, now)
        .filter(COLUMN.id.eq(id.0))
        .filter(COLUMN.kind.eq(IntervieweeKind::Interview.into_str()))
        .filter(Expr::exists(open_interviews(id).into_query()).not())
        .exec(connection)
        .await?;
    Ok(())
}

fn change_kind(kind: IntervieweeKind, now: DateTime<Utc>) -> sea_orm::UpdateMany<interviewee::Entity> {
    interviewee::Entity::update_many()
        .col_expr(interviewee::Column::Kind, Expr::val(kind.into_str()))
        .col_expr(interviewee::Column::UpdatedAt, Expr::val(now))
}

fn read(rows: Vec<interviewee::Model>) -> Result<Vec<Interviewee>, StorageError> {
    rows.into_iter().map(Interviewee::try_from).collect()
}
