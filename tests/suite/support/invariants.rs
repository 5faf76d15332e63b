//! The invariants that the database has to hold after any load, read from the database and not from the server.

use super::database::TestDatabase;
use super::inspect::query;
use super::load_generator::{INTERVIEWEES, Ledger};
use interviews::domain::InterviewId;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashSet};

const OPEN: &str = "('pending', 'amended', 'scheduled')";

/// The number of events.
pub async fn events(database: &TestDatabase) -> usize {
    let count: i64 = database.value("SELECT count(*) FROM interview_events").await;
    usize::try_from(count).unwrap()
}

/// Pairs of open interviews of one person that overlap.
pub async fn double_bookings(database: &TestDatabase) -> Vec<Value> {
    let pairs = format!(
        "SELECT a.id AS one, b.id AS other FROM interviews a JOIN interviews b ON a.id < b.id \
         AND (a.driver_id = b.driver_id OR a.interviewer_id = b.interviewer_id) \
         AND a.start_at < b.end_at AND b.start_at < a.end_at \
         WHERE a.status IN {OPEN} AND b.status IN {OPEN} AND NOT a.allow_overlap AND NOT b.allow_overlap"
    );
    query(database, &pairs).await
}

/// Checks that no person has two interviews at the same time; that every version of every interview has its event, and
/// the events add up to the row; that an interviewee with an open interview is not `verified`; and that every
/// acknowledged change is stored once.
pub async fn check(database: &TestDatabase, ledger: &Ledger) {
    assert_eq!(double_bookings(database).await, Vec::<Value>::new());
    let verified = format!(
        "SELECT id FROM interviewees WHERE kind = 'verified' AND id IN ({}) AND EXISTS \
         (SELECT 1 FROM interviews WHERE interviewee_id = interviewees.id AND status IN {OPEN})",
        INTERVIEWEES.map(|id| id.to_string()).join(", ")
    );
    assert_eq!(
        query(database, &verified).await,
        Vec::<Value>::new(),
        "interviewees with an open interview that are `verified`"
    );
    let histories = histories(database).await;
    for row in query(database, "SELECT * FROM interviews").await {
        check_history(&row, &histories[&InterviewId(row["id"].as_i64().unwrap())]);
    }
    check_ledger(ledger, &histories);
}

/// The events of each interview, in their order.
async fn histories(database: &TestDatabase) -> BTreeMap<InterviewId, Vec<Value>> {
    let mut histories: BTreeMap<InterviewId, Vec<Value>> = BTreeMap::new();
    for event in query(database, "SELECT * FROM interview_events ORDER BY id").await {
        histories.entry(InterviewId(event["interview_id"].as_i64().unwrap())).or_default().push(event);
    }
    histories
}

/// The changes of an event, as JSON on either database.
fn changes(event: &Value) -> Vec<Value> {
    let changes = match &event["changes"] {
        Value::String(text) => serde_json::from_str(text).unwrap(),
        changes => changes.clone(),
    };
    serde_json::from_value(changes).unwrap()
}

/// Each version has an event, each event begins with the values that the one before ended with, and the last one ends
/// with those of the row. Subscribers follow the order of transactions: it is the order of the versions too.
fn check_history(row: &Value, events: &[Value]) {
    assert_eq!(row["version"], events.len(), "{row}");
    assert_eq!(events[0]["type"], "created");
    assert!(events.is_sorted_by_key(|event| event["transaction_id"].as_i64().unwrap()), "{events:#?}");
    let times: Vec<Value> = events.iter().map(|event| comparable(&event["at"])).collect();
    assert!(times.is_sorted_by_key(Value::as_i64), "{times:?} {events:#?}");
    assert_eq!(comparable(&row["updated_at"]), *times.last().unwrap(), "{row}");
    let mut fields: Map<String, Value> = Map::new();
    for change in events.iter().flat_map(changes) {
        let field = change["field"].as_str().unwrap().to_owned();
        let before = fields.insert(field, change["to"].clone()).unwrap_or_default();
        assert_eq!(before, change["from"], "{row}: {events:#?}");
    }
    for (field, value) in fields {
        assert_eq!(comparable(&row[&field]), comparable(&value), "{field} of {row}");
    }
}

/// A value in the same form for both databases.
fn comparable(value: &Value) -> Value {
    match value {
        Value::String(text) => match chrono::DateTime::parse_from_rfc3339(text) {
            Ok(time) => json!(time.timestamp_millis()),
            Err(_) => match text.as_str() {
                "true" => json!("1"),
                "false" => json!("0"),
                text => json!(text),
            },
        },
        Value::Bool(flag) => json!(if *flag { "1" } else { "0" }),
        Value::Number(number) => json!(number.to_string()),
        value => value.clone(),
    }
}

fn check_ledger(ledger: &Ledger, histories: &BTreeMap<InterviewId, Vec<Value>>) {
    let mut versions = HashSet::new();
    for change in &ledger.acknowledged {
        assert!(versions.insert((change.interview, change.version)), "two responses have the same version: {change:?}");
        let index = usize::try_from(change.version - 1).unwrap();
        let event = histories.get(&change.interview).and_then(|events| events.get(index));
        let event = event.unwrap_or_else(|| panic!("acknowledged, but not stored: {change:?}"));
        assert_eq!((&event["type"], &event["actor_id"]), (&json!(change.event), &json!(change.actor.0)), "{change:?}");
        if let Some(trace) = &change.trace {
            assert!(changes(event).iter().any(|it| it["to"] == *trace), "{change:?}: {event}");
        }
    }
}
