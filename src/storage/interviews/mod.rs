//! Queries on interviews. Every one that reads for a viewer begins with `visible_to`.

pub mod single_statement;
pub mod with_people;

use crate::domain::filter::{InterviewFilter, TimeRange};
use crate::domain::page::{InterviewOrder, InterviewPosition, Page, SortKey, Window};
use crate::domain::{Interview, InterviewId, InterviewStatus, IntervieweeId, Scope, Side, TimeSlot, Viewer};
use crate::storage::database::fetch;
use crate::storage::database::keyset::{counts, is_any_of, page_per_parent, pages, paginate};
use crate::storage::database::statement_cache::CachedScopedStatement;
use crate::storage::entities::interview;
use crate::storage::{Result, StorageError};
use chrono::{DateTime, TimeDelta, Utc};
use interview::{COLUMN, Column};
use sea_orm::sea_query::{Expr, ExprTrait, SimpleExpr};
use sea_orm::{
    ActiveModelTrait, Condition, ConnectionTrait, DbBackend, DbErr, EntityTrait, Iterable, PaginatorTrait, QueryFilter,
    QuerySelect, QueryTrait, Select, Value,
};
use std::collections::HashMap;

/// The interviews that exist for a viewer.
pub(crate) fn visible_to(scope: Scope) -> Select<interview::Entity> {
    let all = interview::Entity::find();
    match scope {
        Scope::Driver(driver) => all.filter(COLUMN.driver_id.eq(driver.0)),
        Scope::Company(company) => all.filter(COLUMN.company_id.eq(company.0)),
        Scope::Everything => all,
    }
}

/// The interview with this id, if it exists for the viewer.
///
/// # Errors
/// When the database fails.
pub async fn find(connection: &impl ConnectionTrait, scope: Scope, id: InterviewId) -> Result<Option<Interview>> {
    static STATEMENT: CachedScopedStatement = CachedScopedStatement::new();
    let backend = connection.get_database_backend();
    let model = || fetch::statement(backend, &visible_to(scope).filter(COLUMN.id.eq(id.0)));
    read_one(fetch::fetch_one(connection, STATEMENT.with(backend, scope, id.0, model)).await?)
}

/// The same, and nobody else changes it until the transaction ends.
///
/// # Errors
/// When the database fails.
pub async fn lock(connection: &impl ConnectionTrait, scope: Scope, id: InterviewId) -> Result<Option<Interview>> {
    let query = visible_to(scope).filter(COLUMN.id.eq(id.0)).lock_exclusive();
    read_one(fetch::one(connection, query).await?)
}

/// Those of these interviews that exist in this scope.
///
/// # Errors
/// When the database fails.
pub async fn by_ids(connection: &impl ConnectionTrait, scope: Scope, ids: &[InterviewId]) -> Result<Vec<Interview>> {
    let ids = ids.iter().map(|id| id.0).collect();
    let condition = is_any_of(connection.get_database_backend(), column(Column::Id), ids);
    read(fetch::all(connection, visible_to(scope).filter(condition)).await?)
}

/// A page of the interviews that exist for the viewer.
///
/// # Errors
/// When the database fails.
pub async fn page(
    connection: &impl ConnectionTrait,
    viewer: &Viewer,
    filter: &InterviewFilter,
    order: InterviewOrder,
    window: &Window<InterviewPosition>,
) -> Result<Page<Interview>> {
    let columns: &[Column] = match order.key {
        SortKey::StartAt => &[Column::StartAt, Column::Id],
        SortKey::UpdatedAt => &[Column::UpdatedAt, Column::Id],
        SortKey::Id => &[Column::Id],
    };
    let query = filtered(connection.get_database_backend(), viewer, filter);
    let query = paginate(query, columns, order.descending, window, position);
    Ok(window.page(read(fetch::all(connection, query).await?)?))
}

/// How many there are on all pages together. The only query whose cost grows with the number of interviews.
///
/// # Errors
/// When the database fails.
pub async fn count(connection: &impl ConnectionTrait, viewer: &Viewer, filter: &InterviewFilter) -> Result<u64> {
    Ok(filtered(connection.get_database_backend(), viewer, filter).count(connection).await?)
}

/// A page of the interviews of each of these applications, by their start, as far as they exist for the viewer. One statement.
///
/// # Errors
/// When the database fails.
pub async fn pages_by_interviewee(
    connection: &impl ConnectionTrait,
    scope: Scope,
    interviewees: &[IntervieweeId],
    window: &Window<InterviewPosition>,
) -> Result<HashMap<IntervieweeId, Page<Interview>>> {
    let query = of_interviewees(connection.get_database_backend(), scope, interviewees);
    let rows = page_per_parent(query, Column::IntervieweeId, &[Column::StartAt, Column::Id], window, position);
    let rows =
        interview::Entity::find().from_raw_sql(connection.get_database_backend().build(&rows)).all(connection).await?;
    Ok(pages(window, read(rows)?, |interview| interview.interviewee_id))
}

/// How many interviews each of these applications has on all pages; those that have none are left out.
///
/// # Errors
/// When the database fails.
pub async fn counts_by_interviewee(
    connection: &impl ConnectionTrait,
    scope: Scope,
    interviewees: &[IntervieweeId],
) -> Result<HashMap<IntervieweeId, u64>> {
    let query = of_interviewees(connection.get_database_backend(), scope, interviewees);
    Ok(counts(connection, query, Column::IntervieweeId).await?.map(|(id, count)| (IntervieweeId(id), count)).collect())
}

fn of_interviewees(backend: DbBackend, scope: Scope, ids: &[IntervieweeId]) -> Select<interview::Entity> {
    let ids = ids.iter().map(|id| id.0).collect();
    visible_to(scope).filter(is_any_of(backend, column(Column::IntervieweeId), ids))
}

fn position(position: &InterviewPosition) -> Vec<Value> {
    position.time.map(Into::into).into_iter().chain([position.id.0.into()]).collect()
}

/// Whether the interview in this column is one that exists for the viewer and that the filter admits.
pub(crate) fn exists_for(backend: DbBackend, id: Expr, viewer: &Viewer, filter: &InterviewFilter) -> SimpleExpr {
    let visible_events =
        filtered(backend, viewer, filter).select_only().expr(Expr::val(1)).filter(column(Column::Id).eq(id));
    Expr::exists(visible_events.into_query())
}

/// [`InterviewFilter::matches`] in SQL, of what exists for the viewer.
fn filtered(backend: DbBackend, viewer: &Viewer, filter: &InterviewFilter) -> Select<interview::Entity> {
    // Destructured in full, so that a new condition does not compile until it is handled.
    let InterviewFilter {
        status,
        kind,
        interviewee_id,
        interviewer_id,
        driver_id,
        start_at,
        updated_at,
        overlaps,
        awaiting,
        awaiting_me,
    } = filter;
    let status = status.as_ref().map(|names| is_any_of(backend, column(Column::Status), text(names)));
    let kind = kind.as_ref().map(|names| is_any_of(backend, column(Column::Kind), text(names)));
    let condition = Condition::all()
        .add_option(status)
        .add_option(kind)
        .add_option(interviewee_id.map(|id| COLUMN.interviewee_id.eq(id.0)))
        .add_option(interviewer_id.map(|id| COLUMN.interviewer_id.eq(id.0)))
        .add_option(driver_id.map(|id| COLUMN.driver_id.eq(id.0)))
        .add(in_range(Column::StartAt, *start_at))
        .add(in_range(Column::UpdatedAt, *updated_at))
        .add_option(overlaps.map(|(start, end)| touches(start, end)))
        .add_option(awaiting.map(|side| awaits(&[side])))
        .add_option(awaiting_me.map(|visible_events| {
            let mine = awaits(viewer.sides());
            if visible_events { mine } else { mine.not() }
        }));
    visible_to(viewer.scope()).filter(condition)
}

fn column(column: Column) -> Expr {
    Expr::col((interview::Entity, column))
}

fn text<T: Into<&'static str> + Copy>(values: &[T]) -> Vec<&'static str> {
    values.iter().map(|value| (*value).into()).collect()
}

fn in_range(of: Column, range: TimeRange) -> Condition {
    let TimeRange { gte, lt } = range;
    Condition::all().add_option(gte.map(|time| column(of).gte(time))).add_option(lt.map(|time| column(of).lt(time)))
}

/// Shares a moment with this half-open slot. No interview is longer than a day: the lower bound on the start lets an index answer.
fn touches(start: DateTime<Utc>, end: DateTime<Utc>) -> Condition {
    Condition::all()
        .add(COLUMN.start_at.lt(end))
        .add(COLUMN.end_at.gt(start))
        .add(COLUMN.start_at.gt(start - TimeDelta::hours(TimeSlot::MAX_HOURS)))
}

/// Waits for an answer of one of these sides: [`Interview::awaiting`] in SQL.
fn awaits(sides: &[Side]) -> Condition {
    sides.iter().fold(Condition::any(), |any, side| {
        let proposed = Condition::all()
            .add(COLUMN.status.eq(InterviewStatus::Amended.into_str()))
            .add(COLUMN.amended_by.eq(side.other().into_str()));
        let new = (*side == Side::Interviewee).then(|| COLUMN.status.eq(InterviewStatus::Pending.into_str()));
        any.add(proposed).add_option(new)
    })
}

/// Stores a new interview and gives it its id.
///
/// # Errors
/// [`StorageError::Overlap`], or when the database fails.
pub async fn insert(connection: &impl ConnectionTrait, interview: &Interview) -> Result<InterviewId> {
    let inserted = interview::Entity::insert(interview::ActiveModel::from(interview)).exec(connection).await?;
    Ok(InterviewId(inserted.last_insert_id))
}

/// Stores what an interview has become.
///
/// # Errors
/// [`StorageError::Overlap`]; [`StorageError::Transient`] when it is no longer at the version before; or when the database fails.
pub async fn update(connection: &impl ConnectionTrait, interview: &Interview) -> Result<()> {
    let mut row = interview::ActiveModel::from(interview);
    for fixed in Column::iter().filter(|column| !interview::is_changeable(*column)) {
        row.not_set(fixed);
    }
    let updated = interview::Entity::update_many()
        .set(row)
        .filter(COLUMN.id.eq(interview.id.0))
        .filter(COLUMN.version.eq(interview.version - 1))
        .exec(connection)
        .await?;
    if updated.rows_affected == 1 { Ok(()) } else { Err(StorageError::Transient(DbErr::RecordNotUpdated)) }
}

/// The open interviews that take the time of this interview's person on one side, as far as they exist in this scope.
///
/// # Errors
/// When the database fails.
pub async fn clashes(
    connection: &impl ConnectionTrait,
    scope: Scope,
    interview: &Interview,
    side: Side,
) -> Result<Vec<Interview>> {
    let person = match side {
        Side::Interviewer => COLUMN.interviewer_id.eq(interview.interviewer_id.0),
        Side::Interviewee => COLUMN.driver_id.eq(interview.driver_id.0),
    };
    let clashing = visible_to(scope)
        .filter(person)
        .filter(touches(interview.slot.start(), interview.slot.end()))
        .filter(COLUMN.status.is_in(text(&InterviewStatus::OPEN)))
        .filter(COLUMN.allow_overlap.eq(false))
        .filter(COLUMN.id.ne(interview.id.0));
    read(fetch::all(connection, clashing).await?)
}

fn read_one(row: Option<interview::Model>) -> Result<Option<Interview>> {
    row.map(Interview::try_from).transpose()
}

fn read(rows: Vec<interview::Model>) -> Result<Vec<Interview>, StorageError> {
    rows.into_iter().map(Interview::try_from).collect()
}
