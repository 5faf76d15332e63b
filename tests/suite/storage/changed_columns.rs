//! A change writes every column that a change can write. The columns are those of the table, so that a new column fails
//! here until a change writes it.

use crate::support::Database::Postgres;
use crate::support::database::TestDatabase;
use crate::support::people::{BRUNA, BRUNA_APPLICATION, JUDE_WITH_LUISA, MONA, NORTHERN_HAULAGE};
use chrono::{DateTime, TimeDelta, Utc};
use interviews::domain::{
    Authority, EventType, Interview, InterviewKind, IntervieweeEffect, Proposal, Scope, Side, State,
    StatusBeforeProposal, TimeSlot, Transition, Viewer,
};
use interviews::storage::unit_of_work::{Change, Include, Locking, Stored, UnitOfWork};
use interviews::storage::{self, Db, LockWait};
use rstest::rstest;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// The columns that keep their first value.
const FIXED: [&str; 3] = ["id", "company_id", "created_at"];

#[rstest]
#[tokio::test]
async fn a_change_writes_every_column_that_a_change_can_write(
    #[values(Locking::Optimistic, Locking::Pessimistic(LockWait::Full))] locking: Locking,
) {
    let Some(database) = TestDatabase::new(Postgres).await else { return };
    let db = database.connect().await;
    let mut written = BTreeSet::new();
    let mut before = row(&database).await;
    let every_column: BTreeSet<String> = before.keys().cloned().collect();
    // The last one is of an interview that is not open: open ones of the other interviewee would be counted.
    for edit in [propose, reject, mark_no_show, edit_fields] {
        store(&db, locking, edit).await;
        let after = row(&database).await;
        written.extend(
            after.iter().filter(|(column, value)| before[*column] != **value).map(|(column, _)| column.clone()),
        );
        before = after;
    }
    let fixed = FIXED.map(str::to_owned).into();
    assert_eq!(every_column.difference(&written).cloned().collect::<BTreeSet<_>>(), fixed);
}

/// Stores what `edit` makes of the interview, and reads it back.
async fn store(db: &Db, locking: Locking, edit: fn(&mut Interview)) {
    let unit = UnitOfWork::begin(db, MONA, locking, Some(JUDE_WITH_LUISA)).await.unwrap();
    assert_eq!(matches!(unit, UnitOfWork::Optimistic { .. }), locking == Locking::Optimistic);
    let before = unit.load(Scope::Everything, JUDE_WITH_LUISA, Include::Nothing).await.unwrap().unwrap().interview;
    let mut after = before.clone();
    edit(&mut after);
    after.version += 1;
    after.updated_at += TimeDelta::hours(1);
    let transition = Transition {
        interview: after.clone(),
        event: EventType::Updated,
        side: Side::Interviewer,
        changes: Vec::new(),
        effect: IntervieweeEffect::None,
    };
    let viewer = Viewer {
        id: MONA,
        title: "Mona Berg".to_owned(),
        authority: Authority::Staff(NORTHERN_HAULAGE),
        manager: false,
        time_zone: None,
    };
    let stored = unit.store(Change::new(&viewer, Some(&before), transition, 1)).await.unwrap();
    assert!(matches!(stored, Stored::Done(stored, _) if stored == after));
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
