//! Signing in by token, and revoked tokens.

use crate::domain::{Account, UserId};
use crate::storage::Result;
use crate::storage::database::array_parameter::is_any_of;
use crate::storage::database::fetch;
use crate::storage::entities::{account, revoked_token};
use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait, Set};

/// The user with this id, if they are active and the token with this `jti` is not revoked. One statement. A token
/// without a `jti` can be revoked with all others of the user only.
pub(crate) async fn authenticate(
    connection: &impl ConnectionTrait,
    id: UserId,
    jti: Option<&str>,
) -> Result<Option<Account>> {
    let account = account::Entity::find_by_id(id.0).filter(account::COLUMN.deactivated_at.is_null());
    let account = account.apply_if(jti, |account, jti| {
        let revoked =
            revoked_token::Entity::find().select_only().expr(Expr::val(1)).filter(revoked_token::COLUMN.jti.eq(jti));
        account.filter(Expr::exists(revoked.into_query()).not())
    });
    fetch::one(connection, account).await?.map(Account::try_from).transpose()
}

/// Those of these tokens that are revoked.
pub(crate) async fn revoked(connection: &impl ConnectionTrait, jtis: Vec<String>) -> Result<Vec<String>> {
    let column = Expr::col((revoked_token::Entity, revoked_token::Column::Jti));
    let condition = is_any_of(connection.get_database_backend(), column, jtis);
    let rows = revoked_token::Entity::find().filter(condition).all(connection).await?;
    Ok(rows.into_iter().map(|row| row.jti).collect())
}

/// Revokes the token with this `jti`, whose row is not needed after it has expired. Of a token that is revoked twice
/// the later time of expiry counts.
pub async fn revoke(
    connection: &impl ConnectionTrait,
    jti: &str,
    expires_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<()> {
    let (jti, expires_at) = (jti.to_owned(), Some(expires_at));
    let row = revoked_token::ActiveModel { jti: Set(jti), revoked_at: Set(now), expires_at: Set(expires_at) };
    revoked_token::Entity::insert(row)
        .on_conflict(
            OnConflict::column(revoked_token::Column::Jti)
                .value(revoked_token::Column::ExpiresAt, Expr::cust(LATER_EXPIRY))
                .to_owned(),
        )
        .exec_without_returning(connection)
        .await?;
    Ok(())
}

/// The row without a time of expiry stays without.
const LATER_EXPIRY: &str = "CASE WHEN revoked_tokens.expires_at < excluded.expires_at THEN excluded.expires_at \
    ELSE revoked_tokens.expires_at END";

/// Revokes the tokens of a user that were issued before this time. Returns whether there is such a user.
pub(crate) async fn revoke_all(connection: &impl ConnectionTrait, user: UserId, before: DateTime<Utc>) -> Result<bool> {
    let updated = account::Entity::update_many()
        .col_expr(account::Column::TokensValidAfter, Expr::val(before))
        .filter(account::COLUMN.id.eq(user.0))
        .exec(connection)
        .await?;
    Ok(updated.rows_affected > 0)
}
