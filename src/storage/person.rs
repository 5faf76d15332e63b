//! All rows that concern one user, in pages by id.

use crate::domain::provisioning::Application;
use crate::domain::{Account, Event, Interview, UserId};
use crate::storage::Result;
use crate::storage::database::fetch;
use crate::storage::entities::{account, application, event, interview};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};

/// The rows of a page.
pub(crate) const PAGE: u64 = 500;

/// The user, if there is one.
pub(crate) async fn account(connection: &impl ConnectionTrait, user: UserId) -> Result<Option<Account>> {
    fetch::one(connection, account::Entity::find_by_id(user.0)).await?.map(Account::try_from).transpose()
}

/// Applications of the user with greater ids than this one.
pub(crate) async fn applications(
    connection: &impl ConnectionTrait,
    user: UserId,
    after: i64,
) -> Result<Vec<Application>> {
    let query = application::Entity::find()
        .filter(application::COLUMN.driver_id.eq(user.0))
        .filter(application::COLUMN.id.gt(after))
        .order_by_asc(application::Column::Id)
        .limit(PAGE);
    fetch::all(connection, query).await?.into_iter().map(Application::try_from).collect()
}

/// Interviews of the user, on either side, with greater ids than this one.
pub(crate) async fn interviews(connection: &impl ConnectionTrait, user: UserId, after: i64) -> Result<Vec<Interview>> {
    let is_theirs =
        Condition::any().add(interview::COLUMN.driver_id.eq(user.0)).add(interview::COLUMN.interviewer_id.eq(user.0));
    let query = interview::Entity::find()
        .filter(is_theirs)
        .filter(interview::COLUMN.id.gt(after))
        .order_by_asc(interview::Column::Id)
        .limit(PAGE);
    fetch::all(connection, query).await?.into_iter().map(Interview::try_from).collect()
}

/// Events with greater ids than this one: those that the user caused, those that they saw as the driver of the time,
/// and those of interviews in which they are the interviewer.
pub(crate) async fn events(connection: &impl ConnectionTrait, user: UserId, after: i64) -> Result<Vec<Event>> {
    let column = |column: event::Column| Expr::col((event::Entity, column));
    let interviewed = interview::Entity::find()
        .select_only()
        .column(interview::Column::Id)
        .filter(interview::COLUMN.interviewer_id.eq(user.0));
    let is_theirs = Condition::any()
        .add(column(event::Column::ActorId).eq(user.0))
        .add(column(event::Column::DriverId).eq(user.0))
        .add(column(event::Column::FormerDriverId).eq(user.0))
        .add(column(event::Column::InterviewId).in_subquery(interviewed.into_query()));
    let query = event::Entity::find()
        .filter(is_theirs)
        .filter(column(event::Column::Id).gt(after))
        .order_by_asc(event::Column::Id)
        .limit(PAGE);
    query.all(connection).await?.into_iter().map(Event::try_from).collect()
}
