//! Signing in by token, and revoked tokens.

use crate::domain::{Account, UserId, Viewer};
use crate::storage::Result;
use crate::storage::database::array_parameter::is_any_of;
use crate::storage::database::fetch;
use crate::storage::entities::{account, revoked_token};
use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait, Set};

/// The viewer with this id, if the user is active and the token is not revoked. One statement. A token without a `jti`
/// cannot be revoked.
pub(crate) async fn authenticate(
    connection: &impl ConnectionTrait,
    id: UserId,
    jti: Option<&str>,
) -> Result<Option<Viewer>> {
    let account = account::Entity::find_by_id(id.0).filter(account::COLUMN.deactivated_at.is_null());
    let account = account.apply_if(jti, |account, jti| {
        let revoked =
            revoked_token::Entity::find().select_only().expr(Expr::val(1)).filter(revoked_token::COLUMN.jti.eq(jti));
        account.filter(Expr::exists(revoked.into_query()).not())
    });
    let account = fetch::one(connection, account).await?.map(Account::try_from).transpose()?;
    Ok(account.map(Viewer::from))
}

/// Those of these tokens that are revoked.
pub(crate) async fn revoked(connection: &impl ConnectionTrait, jtis: Vec<String>) -> Result<Vec<String>> {
    let column = Expr::col((revoked_token::Entity, revoked_token::Column::Jti));
    let condition = is_any_of(connection.get_database_backend(), column, jtis);
    let rows = revoked_token::Entity::find().filter(condition).all(connection).await?;
    Ok(rows.into_iter().map(|row| row.jti).collect())
}

/// Revokes the tokens with this `jti`. Revoking one twice is no error.
pub async fn revoke(connection: &impl ConnectionTrait, jti: &str, now: DateTime<Utc>) -> Result<()> {
    let row = revoked_token::ActiveModel { jti: Set(jti.to_owned()), revoked_at: Set(now), expires_at: Set(None) };
    revoked_token::Entity::insert(row)
        .on_conflict(OnConflict::column(revoked_token::Column::Jti).do_nothing().to_owned())
        .exec_without_returning(connection)
        .await?;
    Ok(())
}
