//! Random walks: users perform random commands on an interview, and every invariant holds after each step.

use super::fixtures::{every_viewer, found, hour, interview, perform};
use super::steps::{Step, bookings, steps};
use crate::support::people::{DANA, JUDE, JUDE_APPLICATION, NORTHERN_HAULAGE};
use chrono::{DateTime, Utc};
use interviews::domain::{
    Command, EventType, Interview, InterviewPatch, InterviewStatus, IntervieweeEffect, IntervieweeKind, Patch, Refusal,
    Side, State, TimeSlot, Transition, time,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use std::collections::{BTreeMap, HashSet};
use strum::VariantArray;

/// Every field that events record, as this test prints it.
fn facts(interview: &Interview) -> BTreeMap<&'static str, String> {
    let mut facts = BTreeMap::from([
        ("kind", interview.kind.into_str().to_owned()),
        ("status", interview.status().into_str().to_owned()),
        ("start_at", time::format(interview.slot.start())),
        ("end_at", time::format(interview.slot.end())),
        ("interviewee_id", interview.interviewee_id.0.to_string()),
        ("interviewer_id", interview.interviewer_id.0.to_string()),
        ("allow_overlap", interview.allow_overlap.to_string()),
    ]);
    facts.extend(interview.location.clone().map(|location| ("location", location)));
    match interview.state.clone() {
        State::Amended(proposal) => facts.extend([
            ("amend_start_at", time::format(proposal.slot.start())),
            ("amend_end_at", time::format(proposal.slot.end())),
            ("amended_by", proposal.by.into_str().to_owned()),
        ]),
        State::Rejected { reason } | State::Cancelled { reason } => facts.extend(reason.map(|it| ("reason", it))),
        State::NoShow { absent } => facts.extend([("absent", absent.into_str().to_owned())]),
        State::Pending | State::Scheduled | State::Completed => {}
    }
    facts
}

/// The statuses, events and refusals that walks have met.
#[derive(Default)]
struct Seen {
    statuses: HashSet<InterviewStatus>,
    events: HashSet<EventType>,
    refusals: HashSet<&'static str>,
    nothing: bool,
}

type Checked = Result<(), TestCaseError>;

fn walk(steps: &[Step], seen: &mut Seen) -> Checked {
    let (mut stored, mut now) = (interview(State::Pending), hour(8));
    let mut before_proposal = InterviewStatus::Pending;
    for step in steps {
        now += step.after;
        seen.statuses.insert(stored.status());
        match perform(&stored, &step.viewer, &step.command, now) {
            Ok(Some(done)) => {
                check_transition(&stored, step, &done, now)?;
                check_interview(&done.interview)?;
                check_return(&stored, &done, before_proposal)?;
                if stored.status() != InterviewStatus::Amended {
                    before_proposal = stored.status();
                }
                seen.events.insert(done.event);
                stored = done.interview;
            }
            Ok(None) => {
                seen.nothing = true;
                check_nothing(&stored, &step.command)?;
            }
            Err(refusal) => {
                seen.refusals.insert(match refusal {
                    Refusal::Invalid(_) => "invalid",
                    Refusal::Forbidden(_) => "forbidden",
                    Refusal::InvalidState { .. } => "state",
                    other => return Err(TestCaseError::fail(format!("not a refusal of the state machine: {other:?}"))),
                });
            }
        }
    }
    Ok(())
}

fn check_transition(before: &Interview, step: &Step, done: &Transition, now: DateTime<Utc>) -> Checked {
    let after = &done.interview;
    prop_assert!(InterviewStatus::OPEN.contains(&before.status()), "a final state was left: {:?}", done);
    prop_assert_eq!(after.version, before.version + 1);
    prop_assert_eq!((after.updated_at, after.created_at), (now, before.created_at));
    prop_assert_eq!((after.id, after.company_id), (before.id, before.company_id));
    prop_assert!(step.viewer.acts_for(done.side));
    prop_assert_eq!(done.event, event_of(&step.command));
    prop_assert_eq!(done.effect, effect_of(&step.command));
    check_overlap(before, &step.command, after)?;
    check_changes(before, done)
}

/// An interview may overlap if the command says so, or if it might before at the same time with the same people.
fn check_overlap(before: &Interview, command: &Command, after: &Interview) -> Checked {
    let booked = |interview: &Interview| (interview.slot, interview.driver_id, interview.interviewer_id);
    let asked = match command {
        Command::Update(patch) => patch.allow_overlap.value(),
        _ => None,
    };
    let kept = before.allow_overlap && booked(before) == booked(after);
    prop_assert_eq!(after.allow_overlap, asked.unwrap_or(kept));
    Ok(())
}

/// The changes are exactly the fields that differ, each once.
fn check_changes(before: &Interview, done: &Transition) -> Checked {
    let (old, new) = (facts(before), facts(&done.interview));
    let differing = old.keys().chain(new.keys()).filter(|field| old.get(*field) != new.get(*field));
    let differing: HashSet<&str> = differing.copied().collect();
    let listed: HashSet<&str> = done.changes.iter().map(|change| change.field.into_str()).collect();
    prop_assert_eq!(&listed, &differing);
    prop_assert_eq!(listed.len(), done.changes.len());
    for change in &done.changes {
        prop_assert_eq!(change.from.as_ref(), old.get(change.field.into_str()));
        prop_assert_eq!(change.to.as_ref(), new.get(change.field.into_str()));
    }
    Ok(())
}

fn check_interview(interview: &Interview) -> Checked {
    let facts = facts(interview);
    let amended = facts["status"] == "amended";
    for field in ["amend_start_at", "amend_end_at", "amended_by"] {
        prop_assert_eq!(facts.contains_key(field), amended, "{} in {:?}", field, interview);
    }
    prop_assert_eq!(interview.proposal().is_some(), amended);
    prop_assert_eq!(facts.contains_key("absent"), facts["status"] == "no_show");
    prop_assert!(interview.reason().is_none() || ["rejected", "cancelled"].contains(&facts["status"].as_str()));
    for slot in [Some(interview.slot), interview.proposal().map(|proposal| proposal.slot)].into_iter().flatten() {
        prop_assert!(TimeSlot::try_new(slot.start(), slot.end()).is_ok(), "{:?}", slot);
    }
    prop_assert_eq!(interview.company_id, NORTHERN_HAULAGE);
    let driver = if interview.interviewee_id == JUDE_APPLICATION { JUDE } else { DANA };
    prop_assert_eq!(interview.driver_id, driver, "the driver is the interviewee's");
    prop_assert!(interview.location.as_deref() != Some(""));
    prop_assert!(interview.expect_version(&Some(interview.version).into()).is_ok());
    let stale = interview.expect_version(&Some(interview.version - 1).into());
    prop_assert_eq!(stale, Err(Refusal::Stale(Box::new(interview.clone()))));
    if !InterviewStatus::OPEN.contains(&interview.status()) {
        for viewer in every_viewer() {
            prop_assert_eq!(interview.available_actions(&viewer, hour(1000)), vec![]);
        }
    }
    Ok(())
}

/// Declining and withdrawing restore the status before the first proposal, at the current time; accepting takes the
/// proposed time.
fn check_return(before: &Interview, done: &Transition, before_proposal: InterviewStatus) -> Checked {
    let after = &done.interview;
    match done.event {
        EventType::AmendmentDeclined | EventType::AmendmentWithdrawn => {
            prop_assert_eq!((after.status(), after.slot), (before_proposal, before.slot));
            let proposed_by = before.proposal().map(|proposal| proposal.by);
            let own = done.event == EventType::AmendmentWithdrawn;
            prop_assert_eq!(proposed_by, Some(if own { done.side } else { done.side.other() }));
        }
        EventType::Accepted => {
            let agreed = before.proposal().map_or(before.slot, |proposal| proposal.slot);
            prop_assert_eq!((after.status(), after.slot), (InterviewStatus::Scheduled, agreed));
            prop_assert_eq!(before.awaiting(), Some(done.side));
        }
        EventType::Amended => {
            prop_assert_eq!(after.slot, before.slot);
            prop_assert_eq!(after.awaiting(), Some(done.side.other()));
        }
        EventType::Completed | EventType::NoShow => {
            prop_assert_eq!(before.status(), InterviewStatus::Scheduled);
            prop_assert!(after.updated_at >= after.slot.start());
        }
        EventType::Created | EventType::Updated | EventType::Rejected | EventType::Cancelled => {}
        // No command reminds.
        EventType::ReminderDue | EventType::AnswerOverdue => prop_assert!(false, "{:?}", done.event),
    }
    Ok(())
}

/// Only an update can succeed and change nothing, and then it asks for the stored values.
fn check_nothing(stored: &Interview, command: &Command) -> Checked {
    let Command::Update(patch) = command else {
        return Err(TestCaseError::fail(format!("{command:?} did nothing")));
    };
    let InterviewPatch { kind, start_at, end_at, interviewee_id, interviewer_id, location, allow_overlap } = patch;
    prop_assert!(kind.leaves(&stored.kind) && allow_overlap.leaves(&stored.allow_overlap));
    prop_assert!(start_at.leaves(&stored.slot.start()) && end_at.leaves(&stored.slot.end()));
    prop_assert!(interviewee_id.leaves(&stored.interviewee_id) && interviewer_id.leaves(&stored.interviewer_id));
    // An empty text is none.
    let text = location.clone().value().filter(|text| !text.is_empty());
    prop_assert!(*location == Patch::Absent || text == stored.location);
    Ok(())
}

trait Leaves<T> {
    /// Whether the patch leaves the stored value.
    fn leaves(&self, stored: &T) -> bool;
}

impl<T: PartialEq> Leaves<T> for Patch<T> {
    fn leaves(&self, stored: &T) -> bool {
        match self {
            Patch::Absent => true,
            Patch::Null => false,
            Patch::Value(value) => value == stored,
        }
    }
}

fn event_of(command: &Command) -> EventType {
    match command {
        Command::Update(_) => EventType::Updated,
        Command::Amend { .. } => EventType::Amended,
        Command::Accept { .. } => EventType::Accepted,
        Command::DeclineAmendment { .. } => EventType::AmendmentDeclined,
        Command::WithdrawAmendment { .. } => EventType::AmendmentWithdrawn,
        Command::Reject { .. } => EventType::Rejected,
        Command::Cancel { .. } => EventType::Cancelled,
        Command::Complete => EventType::Completed,
        Command::MarkNoShow { .. } => EventType::NoShow,
    }
}

fn effect_of(command: &Command) -> IntervieweeEffect {
    match command {
        Command::Reject { .. } => IntervieweeEffect::Becomes(IntervieweeKind::Rejected),
        Command::Cancel { .. } => IntervieweeEffect::Released,
        _ => IntervieweeEffect::None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn every_invariant_holds_after_each_step(steps in steps()) {
        walk(&steps, &mut Seen::default())?;
    }

    #[test]
    fn created_interview_is_pending_and_its_changes_are_all_its_fields(
        viewer in prop::sample::select(every_viewer().to_vec()),
        booking in bookings(),
    ) {
        let references = found(Some(booking.interviewee_id), Some(booking.interviewer_id));
        let possible = viewer.acts_for(Side::Interviewer)
            && TimeSlot::try_new(booking.start_at, booking.end_at).is_ok()
            && references.interviewee.is_some()
            && references.interviewer_exists;
        let done = booking.create(&viewer, references, hour(8));
        prop_assert_eq!(done.is_ok(), possible, "{:?}", done);
        if let Ok(done) = done {
            prop_assert_eq!((done.interview.status(), done.interview.version), (InterviewStatus::Pending, 1));
            prop_assert!(done.interview.location.as_deref() != Some(""));
            let changes = done.changes.iter().map(|change| (change.field.into_str(), change.to.clone().unwrap()));
            prop_assert_eq!(changes.collect::<BTreeMap<_, _>>(), facts(&done.interview));
            prop_assert!(done.changes.iter().all(|change| change.from.is_none()));
        }
    }
}

/// Otherwise the walks above would prove little.
#[test]
fn walks_reach_every_status_and_meet_every_event_and_refusal() {
    let config = Config { cases: 300, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let seen = std::cell::RefCell::new(Seen::default());
    runner.run(&steps(), |steps| walk(&steps, &mut seen.borrow_mut())).unwrap();
    let seen = seen.into_inner();
    assert_eq!(seen.statuses.len(), InterviewStatus::VARIANTS.len(), "{:?}", seen.statuses);
    assert_eq!(
        seen.events.len(),
        EventType::VARIANTS.len() - 3,
        "all but the creation and reminders: {:?}",
        seen.events
    );
    assert_eq!(seen.refusals.len(), 3, "{:?}", seen.refusals);
    assert!(seen.nothing);
}
