//! Stores interviews in a transaction.

use crate::domain::{Interview, InterviewId};
use crate::storage::entities::interview;
use crate::storage::{Result, StorageError};
use interview::{COLUMN, Column};
use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, Iterable, QueryFilter};

/// Inserts an interview, and returns the id that the database assigns. Fails with [`StorageError::Overlap`].
pub(crate) async fn insert(connection: &impl ConnectionTrait, interview: &Interview) -> Result<InterviewId> {
    let inserted = interview::Entity::insert(interview::ActiveModel::from(interview)).exec(connection).await?;
    Ok(InterviewId(inserted.last_insert_id))
}

/// Stores a changed interview. Fails with [`StorageError::Overlap`], and with [`StorageError::Transient`] if the stored
/// version is not the one before the change.
pub(crate) async fn update(connection: &impl ConnectionTrait, interview: &Interview) -> Result<()> {
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
    if updated.rows_affected == 1 { Ok(()) } else { Err(StorageError::contended()) }
}
