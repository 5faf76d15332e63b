//! A change writes every column that a change can write. The columns are those of the table, so that a new column fails
//! here until a change writes it.

use crate::support::Database::Postgres;
use crate::support::database::TestDatabase;
use crate::support::people::{BRUNA, BRUNA_APPLICATION, JUDE_WITH_LUISA, JUDE_WITH_PIET, MONA};
use crate::support::unit_of_work::begin_change;
use chrono::{DateTime, TimeDelta, Utc};
use interviews::domain::{Interview, InterviewKind, Proposal, Scope, Side, State, StatusBeforeProposal, TimeSlot};
use interviews::storage::unit_of_work::{Locking, Stored};
use interviews::storage::{self, Db, LockWait};
use rstest::rstest;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// The columns that keep their first value.
const FIXED: [&str; 3] = ["id", "company_id", "created_at"];

#[rstest]
#[tokio::test]
async fn a_change_writes_every_column_that_a_change_can_write(
    #[values(Way::Alone, Way::InGroup, Way::InTransaction)] way: Way,
) {
    let Some(database) = TestDatabase::new(Postgres).await else { return };
    let db = database.connect().await;
    let mut written = BTreeSet::new();
    let mut before = row(&database).await;
    let every_column: BTreeSet<String> = before.keys().cloned().collect();
    // The last one is of an interview that is not open: open ones of the other interviewee would be counted.
    for edit in [propose, reject, mark_no_show, edit_fields] {
        store(&db, way, edit).await;
        let after = row(&database).await;
        written.extend(
            after.iter().filter(|(column, value)| before[*column] != **value).map(|(column, _)| column.clone()),
        );
        before = after;
    }
    let fixed = FIXED.map(str::to_owned).into();
    assert_eq!(every_column.difference(&written).cloned().collect::<BTreeSet<_>>(), fixed);
}

/// How a change is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Alone,
    /// By the statement that serves those who came while another change was being written.
    InGroup,
    InTransaction,
}

/// Stores what `edit` makes of the interview, and reads it back.
async fn store(db: &Db, way: Way, edit: fn(&mut Interview)) {
    let locking = if way == Way::InTransaction { Locking::Pessimistic(LockWait::Full) } else { Locking::Optimistic };
    let (unit, change, after) = begin_change(db, locking, JUDE_WITH_LUISA, edit).await;
    let stored = if way == Way::InGroup {
        let (other, change_of_other, _) = begin_change(db, locking, JUDE_WITH_PIET, |_| {}).await;
        let (first, stored) = tokio::join!(other.store(change_of_other), unit.store(change));
        assert!(matches!(first.unwrap(), Stored::Done(..)));
        stored
    } else {
        unit.store(change).await
    };
    assert!(matches!(stored.unwrap(), Stored::Done(stored, _) if stored == after));
    let found = storage::interviews::find(db.reader(), Scope::Everything, JUDE_WITH_LUISA).await.unwrap();
    assert_eq!(found, Some(after));
}

/// The stored row by its columns.
async fn row(database: &TestDatabase) -> Map<String, Value> {
    let sql = format!("SELECT to_jsonb(interviews) FROM interviews WHERE id = {JUDE_WITH_LUISA}");
    match database.value(&sql).await {
        Value::Object(row) => row,
        row => panic!("{row}"),
    }
}

fn tomorrow(slot: TimeSlot) -> TimeSlot {
    let later = |time: DateTime<Utc>| time + TimeDelta::days(1);
    TimeSlot::try_new(later(slot.start()), later(slot.end())).unwrap()
}

fn edit_fields(interview: &mut Interview) {
    interview.kind = InterviewKind::PhoneCall;
    interview.slot = tomorrow(interview.slot);
    interview.interviewee_id = BRUNA_APPLICATION;
    interview.driver_id = BRUNA;
    interview.interviewer_id = MONA;
    interview.location = Some("Gate 9".to_owned());
    interview.allow_overlap = true;
}

fn propose(interview: &mut Interview) {
    let slot = tomorrow(interview.slot);
    interview.state = State::Amended(Proposal { slot, by: Side::Interviewer, before: StatusBeforeProposal::Pending });
}

fn reject(interview: &mut Interview) {
    interview.state = State::Rejected { reason: Some("Took another job".to_owned()) };
}

fn mark_no_show(interview: &mut Interview) {
    interview.state = State::NoShow { absent: Side::Interviewer };
}
