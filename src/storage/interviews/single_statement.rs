//! A change of one interview and its event as a single statement, which is a transaction of its own. PostgreSQL alone can do that.

use crate::domain::{Event, Interview, UserId};
use crate::storage::database::pool::Pool;
use crate::storage::entities::{event, interview};
use crate::storage::users::time_locks;
use crate::storage::{Result, StorageError};
use sea_orm::{ActiveModelTrait, ConnectionTrait, DbBackend, IdenStatic, Statement, Value};
use std::fmt::Write;
use std::sync::LazyLock;

type InterviewColumn = interview::Column;
type EventColumn = event::Column;

/// The columns of an interview that a change can write.
const CHANGED_COLUMNS: [InterviewColumn; 17] = [
    InterviewColumn::DriverId,
    InterviewColumn::IntervieweeId,
    InterviewColumn::InterviewerId,
    InterviewColumn::Kind,
    InterviewColumn::Status,
    InterviewColumn::StartAt,
    InterviewColumn::EndAt,
    InterviewColumn::AmendStartAt,
    InterviewColumn::AmendEndAt,
    InterviewColumn::AmendedBy,
    InterviewColumn::AmendedFrom,
    InterviewColumn::Location,
    InterviewColumn::Reason,
    InterviewColumn::Absent,
    InterviewColumn::AllowOverlap,
    InterviewColumn::Version,
    InterviewColumn::UpdatedAt,
];

/// The columns of an event, but for its interview.
const EVENT_COLUMNS: [EventColumn; 5] =
    [EventColumn::Type, EventColumn::At, EventColumn::ActorId, EventColumn::ActorSide, EventColumn::Changes];

/// What leads: the id, the version before, and the two locks on people's time that may have to be taken.
const LEADING_PARAMETERS: usize = 4;

/// As [`users::lock_time_of`](crate::storage::users::lock_time_of) and [`crate::update`](crate::storage::interviews::update) do it in a transaction:
/// first the interview's row is locked, then its people's time, then everything is written. But nothing is waited for: whoever is held
/// up needs a transaction, which leaves nothing behind when it is given up.
static WITH_TIME_LOCKS: LazyLock<String> =
    LazyLock::new(|| statement("pg_try_advisory_xact_lock($3) AND pg_try_advisory_xact_lock($4)"));

/// The same for a change that takes no time anew.
static WITHOUT_TIME_LOCKS: LazyLock<String> = LazyLock::new(|| statement("$3::bigint IS NULL AND $4::bigint IS NULL"));

/// The event stands in the log at the number of its transaction, which is the column's default. Numbers are given out in order, and the
/// version before could be read before this transaction began, so that its event's number is lower.
fn statement(condition: &str) -> String {
    let mut set = String::new();
    for (index, column) in CHANGED_COLUMNS.iter().enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        // Writing to a string cannot fail.
        let _ = write!(set, "{comma}{} = ${}", column.as_str(), LEADING_PARAMETERS + index + 1);
    }
    let (mut columns, mut values) = (String::new(), String::new());
    for (index, column) in EVENT_COLUMNS.iter().enumerate() {
        let _ = write!(columns, ", {}", column.as_str());
        let cast = if matches!(column, EventColumn::Changes) { "::json" } else { "" };
        let _ = write!(values, ", ${}{cast}", LEADING_PARAMETERS + CHANGED_COLUMNS.len() + index + 1);
    }
    format!(
        "WITH target AS MATERIALIZED (SELECT id FROM interviews WHERE id = $1 AND version = $2 \
         FOR NO KEY UPDATE SKIP LOCKED), \
         changed AS (UPDATE interviews SET {set} WHERE id = (SELECT id FROM target) AND {condition} RETURNING id) \
         INSERT INTO interview_events (interview_id{columns}) SELECT changed.id{values} FROM changed"
    )
}

/// Stores what an interview has become and the event that tells of it, and makes them last. `lock`: those whose time it takes anew.
///
/// `false` when nothing was written: the interview is no longer at the version before, or somebody else holds what has to be locked. It
/// can still be done in a transaction then.
///
/// # Errors
/// [`StorageError::Overlap`]; or when the database fails.
pub async fn store(pool: &Pool, interview: &Interview, event: Event, lock: Option<[UserId; 2]>) -> Result<bool> {
    let sql = if lock.is_some() { &*WITH_TIME_LOCKS } else { &*WITHOUT_TIME_LOCKS };
    let [first, second] = lock.map_or([None; 2], |people| time_locks(people).map(Some)).map(Value::BigInt);
    let leading = [interview.id.0.into(), (interview.version - 1).into(), first, second];
    let (row, entry) = (interview::ActiveModel::from(interview), event::ActiveModel::from(event));
    let changed = CHANGED_COLUMNS.iter().filter_map(|column| row.get(*column).into_value());
    let entry = EVENT_COLUMNS.iter().filter_map(|column| entry.get(*column).into_value()).map(json_as_text);
    let values = leading.into_iter().chain(changed).chain(entry);
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql.as_str(), values);
    let done = pool.execute_raw(statement).await.map_err(StorageError::from)?;
    Ok(done.rows_affected() == 1)
}

/// The driver sends JSON as `jsonb`, which PostgreSQL would read into a tree, write as text and read once more, for a column that keeps
/// it as text.
fn json_as_text(value: Value) -> Value {
    match value {
        Value::Json(Some(json)) => json.to_string().into(),
        value => value,
    }
}
