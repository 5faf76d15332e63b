//! Stores a change of an interview and its event as one statement, which is a transaction of its own. PostgreSQL only.

use crate::domain::{Event, EventId, Interview, KeyedRequest, Timing, UserId};
use crate::storage::Result;
use crate::storage::database::commit::commit;
use crate::storage::database::{BRIEF_LOCK_WAIT, ReservedConnection};
use crate::storage::entities::event;
use crate::storage::idempotency;
use crate::storage::interviews::changed_columns;
use crate::storage::time_locks::lock_numbers;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ColumnType, ConnectionTrait, DbBackend, IdenStatic, Iterable, Statement, Value,
};
use std::sync::LazyLock;

/// The parameters before those of the columns: the id, the version before the change, and the two locks on people's
/// time.
const LEADING_PARAMETERS: usize = 4;

/// Takes the locks in the same order as a transaction does, see [`crate::storage::unit_of_work`]: first the interview's
/// row, then its people's time. It does not wait for them (`SKIP LOCKED`, `try`). For rows that its foreign keys
/// reference it waits briefly: when a request is cancelled, PostgreSQL would go on with a statement that waits. On
/// contention the caller falls back to a transaction, which a cancelled request rolls back.
static WITH_TIME_LOCKS: LazyLock<String> = LazyLock::new(|| statement(TIME_LOCKS));

/// For a change that reserves no time.
static WITHOUT_TIME_LOCKS: LazyLock<String> = LazyLock::new(|| statement(NO_LOCKS));

/// The same for changes with an idempotency key.
static KEYED_WITH_TIME_LOCKS: LazyLock<String> = LazyLock::new(|| keyed_statement(TIME_LOCKS));

static KEYED_WITHOUT_TIME_LOCKS: LazyLock<String> = LazyLock::new(|| keyed_statement(NO_LOCKS));

const TIME_LOCKS: &str = "pg_try_advisory_xact_lock($3) AND pg_try_advisory_xact_lock($4)";

const NO_LOCKS: &str = "$3::bigint IS NULL AND $4::bigint IS NULL";

/// The columns of an event that the statement inserts, in the order of their parameters. The interview's id comes from
/// its row.
pub(super) fn event_columns() -> impl Iterator<Item = event::Column> {
    event::Column::iter().filter(|column| event::is_given(*column) && !matches!(column, event::Column::InterviewId))
}

/// The event gets the number of its transaction, which is the column's default. Transactions are numbered in the order
/// in which they begin, and this one begins after the version before it was read, so that its event comes after the one
/// of that version.
fn statement(condition: &str) -> String {
    statement_with("", &format!("(SELECT id FROM target) AND {condition}"))
}

/// The last parameters are [`idempotency::INPUTS`].
fn keyed_statement(condition: &str) -> String {
    let first = LEADING_PARAMETERS + changed_columns::count() + event_columns().count() + 1;
    let given: [String; 5] = std::array::from_fn(|index| format!("${}", first + index));
    let remembered = idempotency::remembered_in_statement(given.each_ref().map(String::as_str), condition);
    statement_with(&remembered, "(SELECT subject_id FROM remembered)")
}

/// `id` selects the row of the interview, if the change is to be made.
fn statement_with(remembered: &str, id: &str) -> String {
    let first = LEADING_PARAMETERS + 1;
    let parameters = first + changed_columns::count()..;
    let (columns, values): (Vec<&str>, Vec<String>) =
        event_columns().zip(parameters).map(|(column, number)| (column.as_str(), parameter(number, column))).unzip();
    format!(
        "WITH target AS MATERIALIZED (SELECT id, set_config('lock_timeout', '{BRIEF_LOCK_WAIT:?}', true) \
         FROM interviews WHERE id = $1 AND version = $2 FOR NO KEY UPDATE SKIP LOCKED), \
         {remembered}changed AS (UPDATE interviews SET {set} WHERE id = {id} RETURNING id) \
         INSERT INTO interview_events (interview_id, {columns}) SELECT changed.id, {values} FROM changed RETURNING id",
        set = changed_columns::assignments_of_parameters(first),
        columns = columns.join(", "),
        values = values.join(", "),
    )
}

/// See [`json_as_text`] for the type of JSON.
fn parameter(number: usize, column: impl ColumnTrait) -> String {
    let cast = if matches!(column.def().get_column_type(), ColumnType::Json) { "::json" } else { "" };
    format!("${number}{cast}")
}

/// Stores the interview and the event, and commits. `reserves_time_of`: the people whose time has to be locked. Returns
/// the id of the event.
///
/// `None` when nothing was written: the interview is no longer at the version before, another transaction holds a lock
/// that the change needs, or the idempotency key has been written since it was looked up.
pub(crate) async fn store(
    connection: &ReservedConnection,
    interview: &Interview,
    timing: Timing,
    event: Event,
    reserves_time_of: Option<[UserId; 2]>,
    keyed: Option<&KeyedRequest>,
) -> Result<Option<EventId>> {
    let sql = match (reserves_time_of.is_some(), keyed.is_some()) {
        (true, false) => &*WITH_TIME_LOCKS,
        (false, false) => &*WITHOUT_TIME_LOCKS,
        (true, true) => &*KEYED_WITH_TIME_LOCKS,
        (false, true) => &*KEYED_WITHOUT_TIME_LOCKS,
    };
    let [first, second] =
        reserves_time_of.map_or([None; 2], |people| lock_numbers(people).map(Some)).map(Value::BigInt);
    let leading = [interview.id.0.into(), (interview.version - 1).into(), first, second];
    let event = event::ActiveModel::from(event);
    let event = event_columns().filter_map(|column| event.get(column).into_value()).map(json_as_text);
    let key = keyed.into_iter().flat_map(idempotency::inputs);
    let values = leading.into_iter().chain(changed_columns::values(interview, timing)).chain(event).chain(key);
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql.as_str(), values);
    // All rows, although there is one at most: PostgreSQL commits after it has sent the rows.
    let rows = commit(connection.query_all_raw(statement), |rows| !rows.is_empty()).await?;
    Ok(rows.first().map(|row| row.try_get_by_index(0)).transpose()?.map(EventId))
}

/// The driver sends JSON as `jsonb`. PostgreSQL would parse it, write it as text and parse it again for a column of
/// type `json`.
fn json_as_text(value: Value) -> Value {
    match value {
        Value::Json(Some(json)) => json.to_string().into(),
        value => value,
    }
}
