//! Reminders that are due: finding them, and writing each of them once.

use crate::domain::{DueReminder, EventType, InterviewId, InterviewStatus, ReminderKind, ReminderRule, UserId};
use crate::storage::database::json_values::time;
use crate::storage::{Result, StorageError, Transaction, event_log};
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement};
use serde_json::json;
use std::collections::HashSet;

const START: &str = EventType::ReminderDue.into_str();
const ANSWER: &str = EventType::AnswerOverdue.into_str();

/// The first `limit` reminders that are due by these rules and were not sent. Takes no locks.
pub(crate) async fn due(
    connection: &impl ConnectionTrait,
    rules: &[ReminderRule],
    now: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<DueReminder>> {
    let (backend, last) = (connection.get_database_backend(), |kind: ReminderKind| {
        rules.iter().filter(move |rule| rule.kind == kind).map(|rule| rule.latest_due(now)).max().unwrap_or(now)
    });
    let values = [
        rules_as_json(rules, now).into(),
        now.into(),
        last(ReminderKind::Start).into(),
        last(ReminderKind::Answer).into(),
    ];
    let rows = connection.query_all_raw(Statement::from_sql_and_values(backend, find(backend, limit), values)).await?;
    rows.iter().map(|row| read(row, rules)).collect()
}

/// The rules of each kind.
fn rules_as_json(rules: &[ReminderRule], now: DateTime<Utc>) -> String {
    let rule = |(number, rule): (usize, &ReminderRule)| {
        json!({
            "number": number, "company_id": rule.company_id.0, "offset_minutes": rule.offset_minutes,
            "latest_due": time(rule.latest_due(now)),
        })
    };
    let of = |kind| -> Vec<_> { rules.iter().enumerate().filter(|(_, rule)| rule.kind == kind).map(rule).collect() };
    json!({START: of(ReminderKind::Start), ANSWER: of(ReminderKind::Answer)}).to_string()
}

fn read(row: &QueryResult, rules: &[ReminderRule]) -> Result<DueReminder> {
    let number = usize::try_from(row.try_get::<i32>("", "number")?).ok();
    let rule = number.and_then(|number| rules.get(number)).copied();
    Ok(DueReminder {
        interview_id: InterviewId(row.try_get("", "interview_id")?),
        version: row.try_get("", "version")?,
        driver_id: UserId(row.try_get("", "driver_id")?),
        rule: rule.ok_or_else(|| StorageError::from(DbErr::Custom("a reminder without its rule".to_owned())))?,
    })
}

/// The parameters are the rules, the time, and the greatest `latest_due` of either kind, which bounds what is read of
/// the partial indexes. A row that has no `slot_set_at` yet has `updated_at` instead.
///
/// The candidates are read once for all companies, and joined with the rules afterwards: PostgreSQL does not know how
/// many rules there are, and would read the candidates once for each of them. That a reminder was sent is looked up for
/// each candidate: `NOT EXISTS` would become a join that reads all reminders of the last months.
fn find(backend: DbBackend, limit: u64) -> String {
    let scheduled = InterviewStatus::Scheduled.into_str();
    let later_than_set = match backend {
        DbBackend::Postgres => "set_at + rules.offset_minutes * interval '1 minute' <= due_for",
        _ => {
            "strftime('%Y-%m-%dT%H:%M:%f', set_at, rules.offset_minutes || ' minutes') \
                <= strftime('%Y-%m-%dT%H:%M:%f', due_for)"
        }
    };
    let rules = |kind: &str| match backend {
        DbBackend::Postgres => format!(
            "json_to_recordset($1::json->'{kind}') AS rules \
                (number integer, company_id bigint, offset_minutes integer, latest_due timestamptz)"
        ),
        _ => format!(
            "(SELECT json_extract(value, '$.number') AS number, json_extract(value, '$.company_id') AS company_id, \
                json_extract(value, '$.offset_minutes') AS offset_minutes, \
                json_extract(value, '$.latest_due') AS latest_due FROM json_each($1, '$.{kind}')) AS rules"
        ),
    };
    let candidates = |due_for: &str| {
        format!(
            "SELECT id, version, driver_id, company_id, {due_for} AS due_for, \
                coalesce(slot_set_at, updated_at) AS set_at FROM interviews WHERE start_at > $2"
        )
    };
    let due = |kind: &str, candidates: &str| {
        format!(
            "SELECT {candidates}.id AS interview_id, version, driver_id, rules.number, '{kind}' AS kind, \
                rules.offset_minutes, due_for \
             FROM {candidates} JOIN {rules} ON rules.company_id = {candidates}.company_id \
             WHERE due_for <= rules.latest_due",
            rules = rules(kind)
        )
    };
    format!(
        "WITH starting AS MATERIALIZED ({starting} AND status = '{scheduled}' AND start_at <= $3), \
            waiting AS MATERIALIZED ({waiting} AND waiting_since IS NOT NULL AND waiting_since <= $4), \
            due AS ({starts} AND {later_than_set} UNION ALL {answers}) \
         SELECT interview_id, version, driver_id, CAST(number AS integer) AS number FROM due \
         WHERE (SELECT 1 FROM sent_reminders AS sent WHERE sent.interview_id = due.interview_id AND \
            sent.kind = due.kind AND sent.offset_minutes = due.offset_minutes AND sent.due_for = due.due_for) IS NULL \
         ORDER BY due_for, interview_id, offset_minutes DESC LIMIT {limit}",
        starting = candidates("start_at"),
        waiting = candidates("waiting_since"),
        starts = due(START, "starting"),
        answers = due(ANSWER, "waiting"),
    )
}

/// Writes those of these reminders whose interviews are as they were found, and are not locked by another transaction:
/// their events, and that they were sent. Commits. Returns how many were written; of two servers that write the same
/// reminder, one does.
pub(crate) async fn send(transaction: Transaction, due: Vec<DueReminder>, now: DateTime<Utc>) -> Result<usize> {
    let backend = transaction.get_database_backend();
    let row = |due: &DueReminder| {
        json!({
            "interview_id": due.interview_id.0, "version": due.version,
            "kind": due.rule.kind.event_type().into_str(), "offset_minutes": due.rule.offset_minutes,
        })
    };
    let rows = serde_json::Value::from(due.iter().map(row).collect::<Vec<_>>()).to_string();
    let statement = Statement::from_sql_and_values(backend, insert(backend), [rows.into()]);
    let mut written = HashSet::new();
    for row in transaction.query_all_raw(statement).await? {
        written.insert((
            row.try_get::<i64>("", "interview_id")?,
            row.try_get::<String>("", "kind")?,
            row.try_get::<i32>("", "offset_minutes")?,
        ));
    }
    let key = |due: &DueReminder| {
        (due.interview_id.0, due.rule.kind.event_type().into_str().to_owned(), due.rule.offset_minutes)
    };
    let events: Vec<_> = due.iter().filter(|due| written.contains(&key(due))).map(|due| due.event(now)).collect();
    event_log::insert_all(&transaction, events).await?;
    transaction.commit().await?;
    Ok(written.len())
}

/// The time for which a reminder is due is copied from the row, so that it equals the row's on SQLite too.
fn insert(backend: DbBackend) -> String {
    let (rows, locked) = match backend {
        DbBackend::Postgres => (
            "SELECT * FROM json_to_recordset($1::json) AS rows \
                (interview_id bigint, version integer, kind text, offset_minutes integer)",
            "SELECT interviews.id FROM interviews WHERE EXISTS (SELECT 1 FROM rows \
                WHERE rows.interview_id = interviews.id AND rows.version = interviews.version) \
                FOR NO KEY UPDATE SKIP LOCKED",
        ),
        _ => (
            "SELECT json_extract(value, '$.interview_id') AS interview_id, \
                json_extract(value, '$.version') AS version, \
                json_extract(value, '$.kind') AS kind, json_extract(value, '$.offset_minutes') AS offset_minutes \
                FROM json_each($1)",
            "SELECT interview_id AS id FROM rows",
        ),
    };
    format!(
        "WITH rows AS MATERIALIZED ({rows}), locked AS MATERIALIZED ({locked}) \
         INSERT INTO sent_reminders (interview_id, kind, offset_minutes, due_for) \
         SELECT interviews.id, rows.kind, rows.offset_minutes, \
            CASE rows.kind WHEN '{START}' THEN interviews.start_at ELSE interviews.waiting_since END \
         FROM rows JOIN interviews ON interviews.id = rows.interview_id AND interviews.version = rows.version \
         WHERE interviews.id IN (SELECT id FROM locked) \
         ON CONFLICT DO NOTHING RETURNING interview_id, kind, offset_minutes"
    )
}
