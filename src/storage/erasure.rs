//! Erases a person. All of it belongs to one transaction, which takes locks in the order of all changes: first the
//! interviews, then the time of their people.

use crate::domain::erasure::ERASED_TEXT;
use crate::domain::{Account, Interview, InterviewStatus, UserId};
use crate::storage::database::fetch;
use crate::storage::entities::{account, interview};
use crate::storage::{Result, StorageError, Transaction, time_locks};
use sea_orm::sea_query::LockType;
use sea_orm::{
    ActiveModelTrait, Condition, ConnectionTrait, DbBackend, DbErr, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect, Select, Statement,
};

/// The user with this id, whom no other transaction changes until this one ends.
pub(crate) async fn lock_account(transaction: &Transaction, id: UserId) -> Result<Option<Account>> {
    // A stronger lock would wait for every change of an interview that refers to the user.
    let query = account::Entity::find_by_id(id.0).lock(LockType::NoKeyUpdate);
    fetch::one(transaction, query).await?.map(Account::try_from).transpose()
}

/// The person's open interviews, by id. No other transaction changes them, or adds one that reserves the person's time,
/// until this one ends. Fails with [`StorageError::Transient`] if one was added meanwhile.
pub(crate) async fn lock_open_interviews(transaction: &Transaction, id: UserId) -> Result<Vec<Interview>> {
    let locked = read(transaction, open_interviews(id).lock_exclusive()).await?;
    time_locks::lock(transaction, [id, id]).await?;
    let present = read(transaction, open_interviews(id)).await?;
    let is_locked = |interview: &Interview| locked.iter().any(|locked| locked.id == interview.id);
    if present.iter().all(is_locked) { Ok(present) } else { Err(StorageError::Transient(DbErr::RecordNotUpdated)) }
}

fn open_interviews(id: UserId) -> Select<interview::Entity> {
    let is_person =
        Condition::any().add(interview::COLUMN.driver_id.eq(id.0)).add(interview::COLUMN.interviewer_id.eq(id.0));
    interview::Entity::find()
        .filter(interview::COLUMN.status.is_in(InterviewStatus::OPEN.map(|status| status.into_str())))
        .filter(is_person)
        .order_by_asc(interview::Column::Id)
}

async fn read(transaction: &Transaction, query: Select<interview::Entity>) -> Result<Vec<Interview>> {
    fetch::all(transaction, query).await?.into_iter().map(Interview::try_from).collect()
}

/// Removes the reasons in the driver's interviews and in their events.
pub(crate) async fn erase_reasons(transaction: &Transaction, driver: UserId) -> Result<()> {
    let backend = transaction.get_database_backend();
    let reasons = "UPDATE interviews SET reason = NULL WHERE driver_id = $1 AND reason IS NOT NULL";
    let in_interviews = Statement::from_sql_and_values(backend, reasons, [driver.0.into()]);
    let values = [driver.0.into(), ERASED_TEXT.into()];
    let in_events = Statement::from_sql_and_values(backend, reasons_in_events(backend), values);
    transaction.execute_raw(in_interviews).await?;
    transaction.execute_raw(in_events).await?;
    Ok(())
}

/// Replaces the values of `reason` in the changes of events, and leaves null as it is.
const fn reasons_in_events(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => {
            "UPDATE interview_events SET changes = (\
                SELECT json_agg(CASE WHEN change->>'field' = 'reason' THEN json_build_object('field', 'reason', \
                    'from', CASE WHEN change->>'from' IS NOT NULL THEN $2::text END, \
                    'to', CASE WHEN change->>'to' IS NOT NULL THEN $2::text END) ELSE change END ORDER BY position) \
                FROM json_array_elements(changes) WITH ORDINALITY AS elements (change, position)) \
            WHERE interview_id IN (SELECT id FROM interviews WHERE driver_id = $1) \
                AND EXISTS (SELECT FROM json_array_elements(changes) AS change WHERE change->>'field' = 'reason')"
        }
        _ => {
            "UPDATE interview_events SET changes = (\
                SELECT json_group_array(json(CASE WHEN json_extract(value, '$.field') = 'reason' THEN json_object(\
                    'field', 'reason', \
                    'from', iif(json_extract(value, '$.from') IS NULL, NULL, $2), \
                    'to', iif(json_extract(value, '$.to') IS NULL, NULL, $2)) ELSE value END) ORDER BY key) \
                FROM json_each(changes)) \
            WHERE interview_id IN (SELECT id FROM interviews WHERE driver_id = $1) \
                AND EXISTS (SELECT 1 FROM json_each(changes) WHERE json_extract(value, '$.field') = 'reason')"
        }
    }
}

/// Stores what stays of the user.
pub(crate) async fn store_account(transaction: &Transaction, account: Account) -> Result<()> {
    let row = account::Model::from(account).into_active_model().reset_all();
    account::Entity::update(row).exec(transaction).await?;
    Ok(())
}
