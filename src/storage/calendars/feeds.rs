//! The feeds of users.

use crate::domain::calendar::{CalendarFeed, FeedScope};
use crate::domain::{FeedId, User, UserId};
use crate::storage::database::count::count_up_to;
use crate::storage::entities::calendar_feed::{ActiveModel, COLUMN, Column, Entity, Model};
use crate::storage::entities::user;
use crate::storage::{Result, StorageError};
use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ConnectionTrait, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect, SelectTwo};

/// The feed with this token, and its user. None if the user is deactivated. One statement.
pub(crate) async fn by_token(
    connection: &impl ConnectionTrait,
    token_hash: &str,
) -> Result<Option<(CalendarFeed, User)>> {
    let feed_of_user = Entity::belongs_to(user::Entity).from(Column::UserId).to(user::Column::Id).into();
    let query: SelectTwo<Entity, user::Entity> = Entity::find()
        .join(JoinType::InnerJoin, feed_of_user)
        .filter(COLUMN.token_hash.eq(token_hash))
        .filter(user::COLUMN.deactivated_at.is_null())
        .select_also(user::Entity);
    let Some((feed, Some(user))) = query.one(connection).await? else { return Ok(None) };
    Ok(Some((feed.try_into()?, user.try_into()?)))
}

/// The feeds of a user, oldest first.
pub(crate) async fn of(connection: &impl ConnectionTrait, user: UserId) -> Result<Vec<CalendarFeed>> {
    let feeds = Entity::find().filter(COLUMN.user_id.eq(user.0)).order_by_asc(Column::Id);
    feeds.all(connection).await?.into_iter().map(CalendarFeed::try_from).collect()
}

/// The number of feeds of a user, up to a ceiling.
pub(crate) async fn count(connection: &impl ConnectionTrait, user: UserId, ceiling: u64) -> Result<u64> {
    count_up_to(connection, Entity::find().filter(COLUMN.user_id.eq(user.0)), ceiling).await
}

/// Stores a new feed.
pub(crate) async fn insert(
    connection: &impl ConnectionTrait,
    user: UserId,
    scope: FeedScope,
    token_hash: String,
    now: DateTime<Utc>,
) -> Result<CalendarFeed> {
    let row = ActiveModel {
        id: NotSet,
        user_id: Set(user.0),
        scope: Set(scope.into_str().to_owned()),
        token_hash: Set(token_hash),
        created_at: Set(now),
        last_read_at: Set(None),
    };
    Entity::insert(row).exec_with_returning(connection).await?.try_into()
}

/// Deletes a feed of this user. Returns it; none if the user has no such feed.
pub(crate) async fn delete(
    connection: &impl ConnectionTrait,
    user: UserId,
    id: FeedId,
) -> Result<Option<CalendarFeed>> {
    let deleted = Entity::delete_many().filter(COLUMN.id.eq(id.0)).filter(COLUMN.user_id.eq(user.0));
    let rows: Vec<Model> = deleted.exec_with_returning(connection).await?;
    rows.into_iter().next().map(CalendarFeed::try_from).transpose()
}

/// Deletes all feeds of a user.
pub(crate) async fn delete_all(connection: &impl ConnectionTrait, user: UserId) -> Result<(), StorageError> {
    Entity::delete_many().filter(COLUMN.user_id.eq(user.0)).exec(connection).await?;
    Ok(())
}

/// Stores when a feed was read.
pub(crate) async fn store_read(connection: &impl ConnectionTrait, id: FeedId, now: DateTime<Utc>) -> Result<()> {
    let update = Entity::update_many().col_expr(Column::LastReadAt, Expr::val(now));
    update.filter(Expr::col(Column::Id).eq(id.0)).exec(connection).await?;
    Ok(())
}
