//! Idempotency keys: what their requests have changed.
//!
//! A request that writes a key holds its lock, so that of two equal requests the second finds what the first has
//! written. On SQLite, which has one writer at a time, the transaction is the lock.

use crate::domain::{KeyedRequest, RememberedRequest, UserId};
use crate::storage::database::statement_cache::CachedStatement;
use crate::storage::entities::idempotency_key::{ActiveModel, COLUMN, Column, Entity, Model};
use crate::storage::{Result, person};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    Statement, Value,
};

/// What is remembered under the key of a request, however old.
pub(crate) async fn find(
    connection: &impl ConnectionTrait,
    request: &KeyedRequest,
) -> Result<Option<RememberedRequest>> {
    static STATEMENT: CachedStatement = CachedStatement::new();
    let (backend, key) = (connection.get_database_backend(), (request.user.0, request.key.clone()));
    let values = [key.0.into(), key.1.clone().into()];
    let statement = STATEMENT.with(backend, values, || Entity::find_by_id(key).build(backend));
    Ok(Model::find_by_statement(statement).one(connection).await?.map(RememberedRequest::from))
}

/// The same in a transaction that makes the request. Waits for others that do so.
pub(crate) async fn lock(
    transaction: &impl ConnectionTrait,
    request: &KeyedRequest,
) -> Result<Option<RememberedRequest>> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        let sql = format!("SELECT pg_advisory_xact_lock({})", lock_number("$1", "$2"));
        let values = [request.user.0.into(), request.key.clone().into()];
        transaction.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, values)).await?;
    }
    // A statement of its own, which begins when the lock is held: it sees what its last holder has committed.
    find(transaction, request).await
}

/// Remembers what a request has changed. The transaction holds the lock of its key, and has found nothing that still
/// counts.
pub(crate) async fn remember(transaction: &impl ConnectionTrait, request: &KeyedRequest, subject: i64) -> Result<()> {
    let others = [Column::Fingerprint, Column::SubjectId, Column::CreatedAt];
    let replace = OnConflict::columns([Column::UserId, Column::Key]).update_columns(others).to_owned();
    let row = ActiveModel::new(request, subject);
    Entity::insert(row).on_conflict(replace).exec_without_returning(transaction).await?;
    Ok(())
}

/// What the statements that write a change take of a keyed request, with the types.
pub(crate) const INPUTS: [(&str, &str); 5] = [
    ("key_user_id", "bigint"),
    ("key_text", "text"),
    ("key_fingerprint", "bytea"),
    ("key_created_at", "timestamptz"),
    ("key_lifetime", "bigint"),
];

/// The values of [`INPUTS`].
pub(crate) fn inputs(request: &KeyedRequest) -> [Value; 5] {
    let KeyedRequest { user, key, fingerprint, at, lifetime } = request;
    let lifetime = lifetime.num_microseconds().unwrap_or(i64::MAX);
    [user.0.into(), key.clone().into(), fingerprint.clone().into(), (*at).into(), lifetime.into()]
}

/// A part of the statements that write a change on PostgreSQL without waiting: remembers the change of `target`, which
/// is the interview with its locked row, under a `condition`. Nothing is remembered, and the change must not be made,
/// while another request holds the lock of the key, and if the key is remembered. `given` are the inputs.
///
/// The statement may have begun before the last holder of the lock committed. `ON CONFLICT` sees its row all the same.
pub(crate) fn remembered_in_statement(given: [&str; 5], condition: &str) -> String {
    let [user, key, fingerprint, created_at, lifetime] = given;
    let lock = lock_number(user, key);
    format!(
        "remembered AS (INSERT INTO idempotency_keys AS present (user_id, key, fingerprint, subject_id, created_at) \
         SELECT {user}, {key}, {fingerprint}, target.id, {created_at} FROM target \
         WHERE {condition} AND pg_try_advisory_xact_lock({lock}) \
         ON CONFLICT (user_id, key) DO UPDATE SET fingerprint = excluded.fingerprint, \
         subject_id = excluded.subject_id, created_at = excluded.created_at \
         WHERE present.created_at < excluded.created_at - {lifetime} * interval '1 microsecond' \
         RETURNING subject_id), "
    )
}

/// The number of the advisory lock of a key.
fn lock_number(user: &str, key: &str) -> String {
    format!("hashtextextended({key}, {user})")
}

/// Forgets the keys of a user.
pub(crate) async fn forget_user(connection: &impl ConnectionTrait, user: UserId) -> Result<()> {
    Entity::delete_many().filter(COLUMN.user_id.eq(user.0)).exec(connection).await?;
    Ok(())
}

/// At most a page of the keys of a user after this one, in their order.
pub(crate) async fn of_user(
    connection: &impl ConnectionTrait,
    user: UserId,
    after: &str,
) -> Result<Vec<(String, RememberedRequest)>> {
    let query = Entity::find()
        .filter(COLUMN.user_id.eq(user.0))
        .filter(COLUMN.key.gt(after))
        .order_by_asc(Column::Key)
        .limit(person::PAGE);
    let rows = query.all(connection).await?;
    Ok(rows.into_iter().map(|row: Model| (row.key.clone(), row.into())).collect())
}
