//! Stores the changes of several interviews and their events as one statement, which is a transaction of its own.
//! PostgreSQL only.
//!
//! It does for each interview what [`single_statement`] does for one, in about a third of PostgreSQL's time: what a
//! statement costs by itself (its constraints are prepared for each execution, it is committed) is paid once. For one
//! interview it costs more.

use crate::domain::{Event, EventId, Interview, InterviewId, KeyedRequest, Timing, UserId};
use crate::storage::database::ReservedConnection;
use crate::storage::database::json_values::{type_name, value};
use crate::storage::entities::{event, stored_interview};
use crate::storage::idempotency::{self, INPUTS};
use crate::storage::interviews::changed_columns;
use crate::storage::interviews::single_statement::event_columns;
use crate::storage::time_locks::lock_numbers;
use sea_orm::{ActiveModelTrait, ConnectionTrait, DbBackend, DbErr, IdenStatic, Statement};
use serde_json::{Map, Value as Json};
use std::collections::HashMap;
use std::sync::LazyLock;
use std::time::Duration;

/// One interview as it is to be stored, with its event.
#[derive(Debug)]
pub(crate) struct ChangeRow {
    interview: InterviewId,
    /// The user and the idempotency key of the request.
    key: Option<(UserId, String)>,
    json: String,
}

/// How long the statement waits for a row that a foreign key names. All changes of the server wait with it, so that it
/// gives up sooner than a change alone.
const LOCK_WAIT: Duration = Duration::from_millis(10);

const ID: &str = "id";
const LOCKS: [&str; 2] = ["first_lock", "second_lock"];

static SQL: LazyLock<String> = LazyLock::new(|| sql(false));

/// For groups in which a change has an idempotency key.
static KEYED_SQL: LazyLock<String> = LazyLock::new(|| sql(true));

impl ChangeRow {
    /// `reserves_time_of`: the people whose time has to be locked.
    pub(crate) fn new(
        interview: &Interview,
        timing: Timing,
        event: Event,
        reserves_time_of: Option<[UserId; 2]>,
        keyed: Option<&KeyedRequest>,
    ) -> Self {
        let id = interview.id;
        let mut row = Map::new();
        row.insert(ID.to_owned(), id.0.into());
        for (name, lock) in LOCKS.into_iter().zip(reserves_time_of.map(lock_numbers).into_iter().flatten()) {
            row.insert(name.to_owned(), lock.into());
        }
        let (interview, event) = (stored_interview::changed(interview, timing), event::ActiveModel::from(event));
        row.extend(
            changed_columns::columns()
                .map(|column| (input_of_interview(column), value(interview.get(column).into_value()))),
        );
        row.extend(event_columns().map(|column| (input_of_event(column), value(event.get(column).into_value()))));
        if let Some(keyed) = keyed {
            let given = INPUTS.into_iter().zip(idempotency::inputs(keyed));
            row.extend(given.map(|((name, _), given)| (name.to_owned(), value(Some(given)))));
        }
        let key = keyed.map(|keyed| (keyed.user, keyed.key.clone()));
        Self { interview: id, key, json: Json::Object(row).to_string() }
    }

    pub(crate) fn interview(&self) -> InterviewId {
        self.interview
    }

    pub(crate) fn key(&self) -> Option<&(UserId, String)> {
        self.key.as_ref()
    }
}

/// The name of the value for a column of the interview.
fn input_of_interview(column: stored_interview::Column) -> String {
    format!("interview_{}", column.as_str())
}

/// The name of the value for a column of the event.
fn input_of_event(column: event::Column) -> String {
    format!("event_{}", column.as_str())
}

/// The locks are those of the single statement, and like there, none is waited for. Two changes of the group that
/// reserve the time of one person share its lock, and the constraints decide between them.
fn sql(is_keyed: bool) -> String {
    let [first, second] = LOCKS;
    let version = input_of_interview(stored_interview::Column::Version);
    let interview_inputs = changed_columns::columns().map(|column| (input_of_interview(column), type_name(column)));
    let event_inputs = event_columns().map(|column| (input_of_event(column), type_name(column)));
    let locks = LOCKS.map(|name| (name.to_owned(), "bigint"));
    let key_inputs = INPUTS.into_iter().filter(|_| is_keyed).map(|(name, type_name)| (name.to_owned(), type_name));
    let inputs: Vec<String> = [(ID.to_owned(), "bigint")]
        .into_iter()
        .chain(locks)
        .chain(key_inputs)
        .chain(interview_inputs)
        .chain(event_inputs)
        .map(|(name, type_name)| format!("{name} {type_name}"))
        .collect();
    let (columns, values): (Vec<&str>, Vec<String>) =
        event_columns().map(|column| (column.as_str(), format!("changed.{}", input_of_event(column)))).unzip();
    let has_locks = format!(
        "(target.{first} IS NULL OR \
         pg_try_advisory_xact_lock(target.{first}) AND pg_try_advisory_xact_lock(target.{second}))"
    );
    let (remembered, join, is_first) = if is_keyed { keyed_parts(&has_locks) } else { Default::default() };
    format!(
        "WITH input AS MATERIALIZED (SELECT * FROM json_to_recordset($1::json) AS rows ({inputs})), \
         target AS MATERIALIZED (SELECT input.*, set_config('lock_timeout', '{LOCK_WAIT:?}', true) \
         FROM input JOIN interviews ON interviews.id = input.id AND interviews.version = input.{version} - 1 \
         FOR NO KEY UPDATE OF interviews SKIP LOCKED), \
         {remembered}changed AS (UPDATE interviews SET {set} FROM target{join} WHERE interviews.id = target.id AND \
         {has_locks}{is_first} RETURNING target.*) \
         INSERT INTO interview_events (interview_id, {columns}) SELECT changed.id, {values} FROM changed \
         RETURNING interview_id, id",
        inputs = inputs.join(", "),
        set = changed_columns::assignments(|column| format!("target.{}", input_of_interview(column))),
        columns = columns.join(", "),
        values = values.join(", "),
    )
}

/// What the statement has in addition where changes have keys. It is a join, because PostgreSQL may have to check the
/// condition again for a row that was changed meanwhile, and cannot read a part of the statement that writes again.
fn keyed_parts(has_locks: &str) -> (String, &'static str, &'static str) {
    let given: [String; 4] = std::array::from_fn(|index| format!("target.{}", INPUTS[index].0));
    let [user, key, fingerprint, created_at] = given.each_ref().map(String::as_str);
    let lifetime = format!("(SELECT max({}) FROM target)", INPUTS[4].0);
    let condition = format!("{key} IS NOT NULL AND {has_locks}");
    let remembered = idempotency::remembered_in_statement([user, key, fingerprint, created_at, &lifetime], &condition);
    (
        remembered,
        " LEFT JOIN remembered ON remembered.subject_id = target.id",
        " AND (target.key_text IS NULL OR remembered.subject_id IS NOT NULL)",
    )
}

/// Stores the interviews and the events, and commits. Each interview and each key may occur once. Returns the events by
/// interview. Those interviews are missing that are no longer at the version before, for which another transaction
/// holds a lock, or whose keys have been written since they were looked up.
pub(crate) async fn store(
    connection: &ReservedConnection,
    rows: &[&ChangeRow],
) -> Result<HashMap<InterviewId, EventId>, DbErr> {
    let sql = if rows.iter().any(|row| row.key.is_some()) { &*KEYED_SQL } else { &*SQL };
    let rows: Vec<&str> = rows.iter().map(|row| &*row.json).collect();
    let parameter = format!("[{}]", rows.join(","));
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql.as_str(), [parameter.into()]);
    let stored = connection.query_all_raw(statement).await?;
    stored.iter().map(|row| Ok((InterviewId(row.try_get_by_index(0)?), EventId(row.try_get_by_index(1)?)))).collect()
}
