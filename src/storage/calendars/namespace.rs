//! The namespace of the ids that calendars know the interviews of this installation by.

use crate::storage::{Result, StorageError};
use sea_orm::{ConnectionTrait, DbErr, Statement};
use uuid::Uuid;

/// The namespace, if it was stored.
pub(crate) async fn find(connection: &impl ConnectionTrait) -> Result<Option<Uuid>> {
    let sql = "SELECT calendar_namespace FROM installation";
    let row = connection.query_one_raw(Statement::from_string(connection.get_database_backend(), sql)).await?;
    let corrupt = |_| StorageError::Corrupt { table: "installation", column: "calendar_namespace", id: 1 };
    let parse = |text: String| Uuid::parse_str(&text).map_err(corrupt);
    row.map(|row| row.try_get_by_index(0)).transpose()?.map(parse).transpose()
}

/// Stores this namespace, unless another one is stored, and returns the stored one.
pub(crate) async fn find_or_store(connection: &impl ConnectionTrait, proposed: Uuid) -> Result<Uuid> {
    let sql = "INSERT INTO installation (id, calendar_namespace) VALUES (1, $1) ON CONFLICT (id) DO NOTHING";
    let values = [proposed.to_string().into()];
    connection.execute_raw(Statement::from_sql_and_values(connection.get_database_backend(), sql, values)).await?;
    find(connection).await?.ok_or_else(|| DbErr::RecordNotInserted.into())
}
