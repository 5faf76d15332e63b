//! Stores interviews in a transaction.

use crate::domain::{Interview, InterviewId, Timing};
use crate::storage::entities::stored_interview as interview;
use crate::storage::interviews::changed_columns::{assignments_of_parameters, values};
use crate::storage::{Result, StorageError};
use sea_orm::{ConnectionTrait, EntityTrait, Statement};
use std::sync::LazyLock;

/// Inserts an interview, and returns the id that the database assigns. Fails with [`StorageError::Overlap`].
pub(crate) async fn insert(connection: &impl ConnectionTrait, interview: &Interview) -> Result<InterviewId> {
    let inserted = interview::Entity::insert(interview::ActiveModel::from(interview)).exec(connection).await?;
    Ok(InterviewId(inserted.last_insert_id))
}

/// The first two parameters are the id and the version before the change.
static UPDATE: LazyLock<String> = LazyLock::new(|| {
    format!(r#"UPDATE "interviews" SET {} WHERE id = $1 AND version = $2"#, assignments_of_parameters(3))
});

/// Stores a changed interview. Fails with [`StorageError::Overlap`], and with [`StorageError::Transient`] if the stored
/// version is not the one before the change.
pub(crate) async fn update(connection: &impl ConnectionTrait, interview: &Interview, timing: Timing) -> Result<()> {
    let leading = [interview.id.0.into(), (interview.version - 1).into()];
    let values = leading.into_iter().chain(values(interview, timing));
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), UPDATE.as_str(), values);
    let updated = connection.execute_raw(statement).await?;
    if updated.rows_affected() == 1 { Ok(()) } else { Err(StorageError::contended()) }
}
