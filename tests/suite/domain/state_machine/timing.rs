//! What each change means for reminders and for entries in calendars.

use super::fixtures::{
    admin, amended, cancelled, command, driver, hour, hours, interview, perform, rejected, staff, update,
};
use crate::support::people::{DANA_APPLICATION, KOFI};
use interviews::domain::{
    Action, Command, Interview, InterviewKind, InterviewPatch, Patch, Side, State, StatusBeforeProposal, Timing, Viewer,
};
use rstest::rstest;

const NOTHING: Timing = Timing { sets_slot: false, asks_anew: false, changes_entry: false };
const ASKS: Timing = Timing { asks_anew: true, ..NOTHING };
const SETS: Timing = Timing { sets_slot: true, ..NOTHING };
const AGREES_TO_ANOTHER_TIME: Timing = Timing { sets_slot: true, ..REPLACES };
const REPLACES: Timing = Timing { changes_entry: true, ..NOTHING };
const MOVES: Timing = Timing { sets_slot: true, asks_anew: true, changes_entry: true };

const PENDING: StatusBeforeProposal = StatusBeforeProposal::Pending;
const SCHEDULED: StatusBeforeProposal = StatusBeforeProposal::Scheduled;

fn patch(edit: impl FnOnce(&mut InterviewPatch)) -> Command {
    let mut patch = InterviewPatch::default();
    edit(&mut patch);
    update(patch)
}

fn moved() -> Command {
    patch(|patch| (patch.start_at, patch.end_at) = (Patch::Value(hour(9)), Patch::Value(hour(10))))
}

fn longer() -> Command {
    patch(|patch| patch.end_at = Patch::Value(hour(12)))
}

fn other_driver() -> Command {
    patch(|patch| patch.interviewee_id = Patch::Value(DANA_APPLICATION))
}

fn other_interviewer() -> Command {
    patch(|patch| patch.interviewer_id = Patch::Value(KOFI))
}

fn other_kind() -> Command {
    patch(|patch| patch.kind = Patch::Value(InterviewKind::InPerson))
}

fn no_location() -> Command {
    patch(|patch| patch.location = Patch::Null)
}

fn overlapping() -> Command {
    patch(|patch| patch.allow_overlap = Patch::Value(true))
}

fn by_staff(before: StatusBeforeProposal) -> State {
    amended(Side::Interviewer, before)
}

#[rstest]
#[case::agreed(State::Pending, driver(), command(Action::Accept, None), SETS)]
#[case::proposed(State::Pending, driver(), command(Action::Amend, None), ASKS)]
#[case::proposed_while_scheduled(State::Scheduled, driver(), command(Action::Amend, None), ASKS)]
#[case::proposed_again(by_staff(PENDING), staff(), command(Action::Amend, None), ASKS)]
#[case::proposal_agreed(by_staff(SCHEDULED), driver(), command(Action::Accept, None), AGREES_TO_ANOTHER_TIME)]
#[case::declined_to_pending(by_staff(PENDING), driver(), command(Action::DeclineAmendment, None), ASKS)]
#[case::declined_to_scheduled(by_staff(SCHEDULED), driver(), command(Action::DeclineAmendment, None), NOTHING)]
#[case::withdrawn_to_scheduled(by_staff(SCHEDULED), staff(), command(Action::WithdrawAmendment, None), NOTHING)]
#[case::moved(State::Scheduled, staff(), moved(), MOVES)]
#[case::moved_while_pending(State::Pending, staff(), moved(), MOVES)]
#[case::moved_while_amended(by_staff(SCHEDULED), staff(), moved(), MOVES)]
#[case::longer(State::Scheduled, staff(), longer(), MOVES)]
#[case::other_driver(State::Scheduled, staff(), other_driver(), ASKS)]
#[case::other_driver_while_pending(State::Pending, staff(), other_driver(), ASKS)]
#[case::other_interviewer(State::Pending, staff(), other_interviewer(), NOTHING)]
#[case::other_kind(State::Pending, staff(), other_kind(), REPLACES)]
#[case::other_kind_while_amended(by_staff(PENDING), staff(), other_kind(), REPLACES)]
#[case::no_location(State::Scheduled, staff(), no_location(), REPLACES)]
#[case::overlapping(State::Scheduled, staff(), overlapping(), NOTHING)]
#[case::rejected(State::Pending, driver(), command(Action::Reject, None), REPLACES)]
#[case::cancelled(by_staff(SCHEDULED), staff(), command(Action::Cancel, None), REPLACES)]
#[case::completed(State::Scheduled, staff(), command(Action::Complete, None), NOTHING)]
#[case::no_show(State::Scheduled, staff(), command(Action::MarkNoShow, None), NOTHING)]
fn timing_of_a_change(
    #[case] state: State,
    #[case] viewer: Viewer,
    #[case] command: Command,
    #[case] expected: Timing,
) {
    let before = interview(state);
    let after = perform(&before, &viewer, &command, hour(10)).unwrap().unwrap().interview;
    assert_eq!(Timing::of(&after, Some(&before)), expected);
}

#[rstest]
#[case(State::Pending, ASKS)]
#[case(by_staff(PENDING), ASKS)]
#[case(State::Scheduled, NOTHING)]
#[case(cancelled(), NOTHING)]
#[case(rejected(), NOTHING)]
fn time_of_a_new_interview_is_set_and_a_waiting_one_asks(#[case] state: State, #[case] expected: Timing) {
    assert_eq!(Timing::of(&interview(state), None), Timing { sets_slot: true, ..expected });
}

#[test]
fn proposal_of_another_end_alone_moves_the_interview() {
    let before = interview(State::Scheduled);
    let propose = Command::Amend { start_at: hour(10), end_at: hour(12), acting: Some(Side::Interviewer) };
    let amended = perform(&before, &admin(), &propose, hour(8)).unwrap().unwrap().interview;
    assert_eq!(Timing::of(&amended, Some(&before)), ASKS);
    let accept = command(Action::Accept, Some(Side::Interviewee));
    let after = perform(&amended, &admin(), &accept, hour(9)).unwrap().unwrap().interview;
    assert_eq!(after, Interview { slot: hours(10, 12), version: 9, updated_at: hour(9), ..before });
    assert_eq!(Timing::of(&after, Some(&amended)), AGREES_TO_ANOTHER_TIME);
}
