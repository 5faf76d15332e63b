//! The permission to overlap: it ends with the time and the people for which it was given.

use super::fixtures::{amended, command, driver, hour, interview, perform, staff, update};
use crate::support::people::{DANA_APPLICATION, JUDE_APPLICATION, KOFI, LUISA};
use interviews::domain::{
    Action, Command, Field, Interview, InterviewKind, InterviewPatch, Patch, Side, State, StatusBeforeProposal,
    Transition, Viewer,
};
use rstest::rstest;

fn overlapping(state: State) -> Interview {
    Interview { allow_overlap: true, ..interview(state) }
}

fn done(before: &Interview, viewer: &Viewer, command: &Command) -> Transition {
    perform(before, viewer, command, hour(8)).unwrap().unwrap()
}

/// The value of `allow_overlap` before and after, if the event has it.
fn recorded(done: &Transition) -> Option<(&str, &str)> {
    let change = done.changes.iter().find(|change| change.field == Field::AllowOverlap)?;
    Some((change.from.as_deref().unwrap(), change.to.as_deref().unwrap()))
}

fn empty() -> InterviewPatch {
    InterviewPatch::default()
}

#[rstest]
#[case::start(InterviewPatch { start_at: Patch::Value(hour(9)), ..empty() })]
#[case::end(InterviewPatch { end_at: Patch::Value(hour(12)), ..empty() })]
#[case::interviewer(InterviewPatch { interviewer_id: Patch::Value(KOFI), ..empty() })]
#[case::driver(InterviewPatch { interviewee_id: Patch::Value(DANA_APPLICATION), ..empty() })]
fn another_time_or_person_needs_the_permission_anew(#[case] patch: InterviewPatch) {
    for state in [State::Pending, State::Scheduled, amended(Side::Interviewee, StatusBeforeProposal::Scheduled)] {
        let before = overlapping(state);
        let moved = done(&before, &staff(), &update(patch.clone()));
        assert_eq!((moved.interview.allow_overlap, recorded(&moved)), (false, Some(("true", "false"))));
        assert!(moved.interview.newly_reserves_time_of(Some(&before)).is_some());
        for allowed in [true, false] {
            let patch = InterviewPatch { allow_overlap: Patch::Value(allowed), ..patch.clone() };
            assert_eq!(done(&before, &staff(), &update(patch)).interview.allow_overlap, allowed);
        }
    }
}

#[rstest]
#[case::location(InterviewPatch { location: Patch::Value("Gate 2".into()), ..empty() })]
#[case::kind(InterviewPatch { kind: Patch::Value(InterviewKind::InPerson), ..empty() })]
#[case::stored_time_and_people(InterviewPatch {
    start_at: Patch::Value(hour(10)),
    end_at: Patch::Value(hour(11)),
    interviewee_id: Patch::Value(JUDE_APPLICATION),
    interviewer_id: Patch::Value(LUISA),
    location: Patch::Null,
    ..empty()
})]
fn other_fields_keep_the_permission(#[case] patch: InterviewPatch) {
    let changed = done(&overlapping(State::Scheduled), &staff(), &update(patch));
    assert_eq!((changed.interview.allow_overlap, recorded(&changed)), (true, None));
}

#[test]
fn permission_for_the_stored_time_changes_nothing_if_it_is_there_already() {
    let patch = InterviewPatch { allow_overlap: Patch::Value(true), ..empty() };
    assert_eq!(perform(&overlapping(State::Pending), &staff(), &update(patch), hour(8)), Ok(None));
}

#[test]
fn proposal_and_its_end_keep_the_permission_and_its_acceptance_ends_it() {
    for by in [Side::Interviewer, Side::Interviewee] {
        let before = overlapping(amended(by, StatusBeforeProposal::Scheduled));
        let (own, other) = if by == Side::Interviewer { (staff(), driver()) } else { (driver(), staff()) };
        for (viewer, action, allowed) in [
            (&own, Action::Amend, true),
            (&other, Action::Amend, true),
            (&own, Action::WithdrawAmendment, true),
            (&other, Action::DeclineAmendment, true),
            (&other, Action::Accept, false),
        ] {
            let done = done(&before, viewer, &command(action, None));
            assert_eq!(done.interview.allow_overlap, allowed, "{action:?}");
            assert_eq!(recorded(&done), (!allowed).then_some(("true", "false")), "{action:?}");
        }
    }
}

#[test]
fn every_action_that_keeps_the_time_keeps_the_permission() {
    for (viewer, state, action) in [
        (driver(), State::Pending, Action::Accept),
        (driver(), State::Scheduled, Action::Reject),
        (staff(), State::Scheduled, Action::Cancel),
    ] {
        assert!(done(&overlapping(state), &viewer, &command(action, None)).interview.allow_overlap, "{action:?}");
    }
    for action in [Action::Complete, Action::MarkNoShow] {
        let done = perform(&overlapping(State::Scheduled), &staff(), &command(action, None), hour(12));
        assert!(done.unwrap().unwrap().interview.allow_overlap, "{action:?}");
    }
}
