//! Lists of interviews: filters, pages and counts.

use crate::domain::filter::{InterviewFilter, TimeRange};
use crate::domain::page::{InterviewOrder, InterviewPosition, Page, SortKey, Window};
use crate::domain::{Interview, InterviewStatus, IntervieweeId, Scope, Side, Viewer};
use crate::storage::Result;
use crate::storage::database::array_parameter::is_any_of;
use crate::storage::database::count::{count_up_to, counts_up_to};
use crate::storage::database::fetch;
use crate::storage::database::keyset::{page_per_parent, pages, paginate};
use crate::storage::database::merge::merge_parents;
use crate::storage::database::parents::without_index;
use crate::storage::entities::{company, interview};
use crate::storage::interviews::conflicts::overlaps_with;
use crate::storage::interviews::{column, names, read, visible_to};
use interview::{COLUMN, Column};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{Condition, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, Select, Value};
use std::collections::HashMap;

/// A page of the interviews that the viewer sees and that fulfil the filter.
pub(crate) async fn page(
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
    let backend = connection.get_database_backend();
    let query = filtered(backend, viewer, filter);
    let query = if needs_merge(viewer.scope(), filter, order) {
        let company = (company::Entity, company::Column::Id, Column::CompanyId);
        merge_parents(backend, query, company, columns, order.descending, window, position)
    } else {
        paginate(query, columns, order.descending, window, position)
    };
    Ok(window.page(read(fetch::all(connection, query).await?)?))
}

/// Whether the list is that of all companies in an order that only the indexes of one company have: then it is merged
/// of their lists. An index of all companies would cost each change as much as one of these. A person has few
/// interviews, and an index of their own.
fn needs_merge(scope: Scope, filter: &InterviewFilter, order: InterviewOrder) -> bool {
    let InterviewFilter { interviewee_id, interviewer_id, driver_id, .. } = filter;
    let is_of_person = interviewee_id.is_some() || interviewer_id.is_some() || driver_id.is_some();
    scope == Scope::Everything && order.key != SortKey::Id && !is_of_person
}

/// The number of interviews on all pages, up to a ceiling.
pub(crate) async fn count(
    connection: &impl ConnectionTrait,
    viewer: &Viewer,
    filter: &InterviewFilter,
    ceiling: u64,
) -> Result<u64> {
    count_up_to(connection, filtered(connection.get_database_backend(), viewer, filter), ceiling).await
}

/// The same page of each interviewee's interviews, by start, in one statement. Interviewees without interviews are left
/// out.
pub(crate) async fn pages_by_interviewee(
    connection: &impl ConnectionTrait,
    scope: Scope,
    interviewees: &[IntervieweeId],
    window: &Window<InterviewPosition>,
) -> Result<HashMap<IntervieweeId, Page<Interview>>> {
    let (backend, columns) = (connection.get_database_backend(), [Column::StartAt, Column::Id]);
    let parents = (Column::IntervieweeId, numbers(interviewees));
    let rows = page_per_parent(backend, nested_visible_to(scope), parents, &columns, window, position);
    let Some(rows) = rows else { return Ok(HashMap::new()) };
    let rows = interview::Entity::find().from_raw_sql(backend.build(&rows)).all(connection).await?;
    Ok(pages(window, read(rows)?, |interview| interview.interviewee_id))
}

/// The number of interviews of each interviewee, up to a ceiling.
pub(crate) async fn counts_by_interviewee(
    connection: &impl ConnectionTrait,
    scope: Scope,
    interviewees: &[IntervieweeId],
    ceiling: u64,
) -> Result<HashMap<IntervieweeId, u64>> {
    let interviewees = numbers(interviewees);
    let counts =
        counts_up_to(connection, nested_visible_to(scope), Column::IntervieweeId, interviewees, ceiling).await?;
    Ok(counts.into_iter().map(|(id, count)| (IntervieweeId(id), count)).collect())
}

/// The same as [`visible_to`], for queries that begin from an interviewee.
fn nested_visible_to(scope: Scope) -> Select<interview::Entity> {
    let is = |of, id: i64| without_index(column(of)).eq(id);
    match scope {
        Scope::Driver(driver) => interview::Entity::find().filter(is(Column::DriverId, driver.0)),
        Scope::Company(company) => interview::Entity::find().filter(is(Column::CompanyId, company.0)),
        Scope::Everything => interview::Entity::find(),
    }
}

fn numbers(ids: &[IntervieweeId]) -> Vec<i64> {
    ids.iter().map(|id| id.0).collect()
}

fn position(position: &InterviewPosition) -> Vec<Value> {
    position.time.map(Into::into).into_iter().chain([position.id.0.into()]).collect()
}

/// The interviews that the viewer sees, with [`InterviewFilter::matches`] in SQL.
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
    let status = status.as_ref().map(|status| is_any_of(backend, column(Column::Status), names(status)));
    let kind = kind.as_ref().map(|kinds| is_any_of(backend, column(Column::Kind), names(kinds)));
    let condition = Condition::all()
        .add_option(status)
        .add_option(kind)
        .add_option(interviewee_id.map(|id| COLUMN.interviewee_id.eq(id.0)))
        .add_option(interviewer_id.map(|id| COLUMN.interviewer_id.eq(id.0)))
        .add_option(driver_id.map(|id| COLUMN.driver_id.eq(id.0)))
        .add(in_range(Column::StartAt, *start_at))
        .add(in_range(Column::UpdatedAt, *updated_at))
        .add_option(overlaps.map(|(start, end)| overlaps_with(start, end)))
        .add_option(awaiting.map(|side| is_awaiting(&[side])))
        .add_option(awaiting_me.map(|wanted| {
            let awaiting_viewer = is_awaiting(viewer.sides());
            if wanted { awaiting_viewer } else { awaiting_viewer.not() }
        }));
    visible_to(viewer.scope()).filter(condition)
}

fn in_range(of: Column, range: TimeRange) -> Condition {
    let TimeRange { gte, lt } = range;
    Condition::all().add_option(gte.map(|time| column(of).gte(time))).add_option(lt.map(|time| column(of).lt(time)))
}

/// [`Interview::awaiting`] in SQL: the condition that it is one of these sides.
fn is_awaiting(sides: &[Side]) -> Condition {
    if sides.is_empty() {
        return Condition::all().add(Expr::val(false)); // a condition without parts would be true
    }
    sides.iter().fold(Condition::any(), |any, side| {
        let proposed = Condition::all()
            .add(COLUMN.status.eq(InterviewStatus::Amended.into_str()))
            .add(COLUMN.amended_by.eq(side.other().into_str()));
        let new = (*side == Side::Interviewee).then(|| COLUMN.status.eq(InterviewStatus::Pending.into_str()));
        any.add(proposed).add_option(new)
    })
}
