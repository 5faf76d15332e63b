//! The table of transitions: who may do what in each state, and the state, event and effect of each transition.

use super::fixtures::{
    admin, amended, at, cancelled, command, driver, every_state, every_viewer, final_states, found, hour, hours,
    interview, perform, rejected, service, staff,
};
use crate::support::people::{JUDE_APPLICATION, LUISA};
use interviews::domain::{
    Action, Booking, Command, EventType, Interview, InterviewKind, IntervieweeEffect, IntervieweeKind, Refusal, Side,
    State, StatusBeforeProposal, TimeSlot, Transition, Viewer,
};
use rstest::rstest;
use strum::VariantArray;

const PENDING: StatusBeforeProposal = StatusBeforeProposal::Pending;
const SCHEDULED: StatusBeforeProposal = StatusBeforeProposal::Scheduled;
const STAFF: Side = Side::Interviewer;
const DRIVER: Side = Side::Interviewee;

/// Who may perform each action, in the order of the actions: s for staff, d for the driver, b for both, - for neither.
#[rustfmt::skip]
fn permissions(state: &State, started: bool) -> &'static str {
    match (state, started) {
        //                            update amend accept decline withdraw reject cancel complete no-show
        (State::Pending, _) =>                                             "s b d - - d s - -",
        (State::Amended(proposal), _) if proposal.by == Side::Interviewer => "s b d d s d s - -",
        (State::Amended(_), _) =>                                          "s b s s d d s - -",
        (State::Scheduled, false) =>                                       "s b - - - d s - -",
        (State::Scheduled, true) =>                                        "s b - - - d s s s",
        _ =>                                                               "- - - - - - - - -",
    }
}

#[test]
fn each_side_can_do_in_every_state_what_the_table_says() {
    for state in every_state() {
        let interview = interview(state);
        for (now, started) in [(at(599), false), (at(600), true), (at(601), true), (hour(48), true)] {
            for (action, who) in Action::VARIANTS.iter().zip(permissions(&interview.state, started).split(' ')) {
                let context = format!("{action:?} in {:?} at {now}", interview.state);
                for (viewer, side) in [(staff(), STAFF), (driver(), DRIVER)] {
                    let may = matches!((who, side), ("b", _) | ("s", STAFF) | ("d", DRIVER));
                    let done = perform(&interview, &viewer, &command(*action, None), now);
                    assert_eq!(done.is_ok(), may, "{context}: {done:?}");
                    // An admin who names a side may do what that side may do.
                    let takes_a_side = !matches!(*action, Action::Update | Action::Reject | Action::Cancel);
                    if takes_a_side && !matches!(*action, Action::Complete | Action::MarkNoShow) {
                        let done = perform(&interview, &admin(), &command(*action, Some(side)), now);
                        assert_eq!(done.is_ok(), may, "an admin for {side:?}: {context}: {done:?}");
                    } else {
                        let done = perform(&interview, &admin(), &command(*action, None), now);
                        assert_eq!(done.is_ok(), who != "-", "an admin: {context}: {done:?}");
                    }
                }
            }
        }
    }
}

fn booking() -> Booking {
    Booking {
        kind: InterviewKind::PhoneCall,
        start_at: hour(10),
        end_at: hour(11),
        interviewee_id: JUDE_APPLICATION,
        interviewer_id: LUISA,
        location: None,
        allow_overlap: false,
    }
}

#[rstest]
#[case::staff(staff())]
#[case::an_admin(admin())]
fn created_interview_is_pending(#[case] viewer: Viewer) {
    let references = found(Some(JUDE_APPLICATION), Some(LUISA));
    let created = booking().create(&viewer, references, hour(9)).unwrap();
    assert_eq!(created.interview.state, State::Pending);
    assert_eq!((created.interview.version, created.interview.created_at), (1, hour(9)));
    assert_eq!((created.event, created.side), (EventType::Created, STAFF));
    assert_eq!(created.effect, IntervieweeEffect::Becomes(IntervieweeKind::Interview));
}

#[test]
fn driver_and_service_cannot_create() {
    for viewer in [driver(), service()] {
        let references = found(Some(JUDE_APPLICATION), Some(LUISA));
        assert!(matches!(booking().create(&viewer, references, hour(9)), Err(Refusal::Forbidden(_))));
    }
}

#[test]
fn service_can_do_nothing_in_any_state() {
    for state in every_state() {
        let interview = interview(state);
        for now in [at(599), at(601)] {
            assert_eq!(interview.available_actions(&service(), now), []);
            for action in Action::VARIANTS {
                for acting in [None, Some(STAFF), Some(DRIVER)] {
                    let done = perform(&interview, &service(), &command(*action, acting), now);
                    assert!(matches!(done, Err(Refusal::Forbidden(_))), "{action:?}: {done:?}");
                }
            }
        }
    }
}

/// The outcome of a transition.
struct Outcome {
    state: State,
    slot: TimeSlot,
    event: EventType,
    by: Side,
    effect: IntervieweeEffect,
}

/// An outcome that leaves the time and the interviewee's kind.
fn becomes(state: State, event: EventType, by: Side) -> Outcome {
    Outcome { state, slot: hours(10, 11), event, by, effect: IntervieweeEffect::None }
}

fn proposal(by: Side, before: StatusBeforeProposal) -> State {
    let State::Amended(proposal) = amended(by, before) else { unreachable!() };
    State::Amended(interviews::domain::Proposal { slot: hours(14, 15), ..proposal })
}

fn accepted(slot: TimeSlot, by: Side) -> Outcome {
    Outcome { slot, ..becomes(State::Scheduled, EventType::Accepted, by) }
}

fn rejection() -> Outcome {
    let effect = IntervieweeEffect::Becomes(IntervieweeKind::Rejected);
    Outcome { effect, ..becomes(rejected(), EventType::Rejected, DRIVER) }
}

fn cancellation() -> Outcome {
    Outcome { effect: IntervieweeEffect::Released, ..becomes(cancelled(), EventType::Cancelled, STAFF) }
}

const AMEND: Action = Action::Amend;
const DECLINE: Action = Action::DeclineAmendment;
const WITHDRAW: Action = Action::WithdrawAmendment;

#[rstest]
#[case(State::Pending, Action::Accept, driver(), accepted(hours(10, 11), DRIVER))]
#[case(State::Pending, AMEND, staff(), becomes(proposal(STAFF, PENDING), EventType::Amended, STAFF))]
#[case(State::Pending, AMEND, driver(), becomes(proposal(DRIVER, PENDING), EventType::Amended, DRIVER))]
#[case(State::Scheduled, AMEND, staff(), becomes(proposal(STAFF, SCHEDULED), EventType::Amended, STAFF))]
#[case(State::Scheduled, AMEND, driver(), becomes(proposal(DRIVER, SCHEDULED), EventType::Amended, DRIVER))]
// A revision and a counter-proposal leave the status before the first proposal.
#[case(amended(STAFF, PENDING), AMEND, staff(), becomes(proposal(STAFF, PENDING), EventType::Amended, STAFF))]
#[case(amended(STAFF, PENDING), AMEND, driver(), becomes(proposal(DRIVER, PENDING), EventType::Amended, DRIVER))]
#[case(amended(DRIVER, SCHEDULED), AMEND, driver(), becomes(proposal(DRIVER, SCHEDULED), EventType::Amended, DRIVER))]
#[case(amended(DRIVER, SCHEDULED), AMEND, staff(), becomes(proposal(STAFF, SCHEDULED), EventType::Amended, STAFF))]
#[case(amended(STAFF, PENDING), Action::Accept, driver(), accepted(hours(12, 13), DRIVER))]
#[case(amended(DRIVER, PENDING), Action::Accept, staff(), accepted(hours(12, 13), STAFF))]
#[case(amended(DRIVER, SCHEDULED), Action::Accept, staff(), accepted(hours(12, 13), STAFF))]
#[case(amended(STAFF, PENDING), DECLINE, driver(), becomes(State::Pending, EventType::AmendmentDeclined, DRIVER))]
#[case(amended(STAFF, SCHEDULED), DECLINE, driver(), becomes(State::Scheduled, EventType::AmendmentDeclined, DRIVER))]
#[case(amended(DRIVER, PENDING), DECLINE, staff(), becomes(State::Pending, EventType::AmendmentDeclined, STAFF))]
#[case(amended(DRIVER, SCHEDULED), DECLINE, staff(), becomes(State::Scheduled, EventType::AmendmentDeclined, STAFF))]
#[case(amended(STAFF, PENDING), WITHDRAW, staff(), becomes(State::Pending, EventType::AmendmentWithdrawn, STAFF))]
#[case(amended(STAFF, SCHEDULED), WITHDRAW, staff(), becomes(State::Scheduled, EventType::AmendmentWithdrawn, STAFF))]
#[case(amended(DRIVER, PENDING), WITHDRAW, driver(), becomes(State::Pending, EventType::AmendmentWithdrawn, DRIVER))]
#[case(
    amended(DRIVER, SCHEDULED),
    WITHDRAW,
    driver(),
    becomes(State::Scheduled, EventType::AmendmentWithdrawn, DRIVER)
)]
#[case(State::Pending, Action::Reject, driver(), rejection())]
#[case(amended(STAFF, PENDING), Action::Reject, driver(), rejection())]
#[case(amended(DRIVER, SCHEDULED), Action::Reject, driver(), rejection())]
#[case(State::Scheduled, Action::Reject, driver(), rejection())]
#[case(State::Pending, Action::Cancel, staff(), cancellation())]
#[case(amended(STAFF, SCHEDULED), Action::Cancel, staff(), cancellation())]
#[case(amended(DRIVER, PENDING), Action::Cancel, staff(), cancellation())]
#[case(State::Scheduled, Action::Cancel, staff(), cancellation())]
#[case(State::Scheduled, Action::Complete, staff(), becomes(State::Completed, EventType::Completed, STAFF))]
#[case(
    State::Scheduled,
    Action::MarkNoShow,
    staff(),
    becomes(State::NoShow { absent: DRIVER }, EventType::NoShow, STAFF)
)]
fn transition_has_the_outcome_of_the_table(
    #[case] from: State,
    #[case] action: Action,
    #[case] viewer: Viewer,
    #[case] expected: Outcome,
    #[values(false, true)] by_an_admin: bool,
) {
    let side = viewer.sides()[0];
    let (viewer, acting) = if by_an_admin { (admin(), Some(side)) } else { (viewer, None) };
    let before = interview(from);
    let done = perform(&before, &viewer, &command(action, acting), hour(10)).unwrap().unwrap();
    let Transition { interview, event, side, changes, effect } = done;
    assert_eq!((event, side, effect), (expected.event, expected.by, expected.effect));
    assert!(!changes.is_empty());
    // No other field has changed.
    let (state, slot, version, updated_at) = (expected.state, expected.slot, before.version + 1, hour(10));
    assert_eq!(interview, Interview { state, slot, version, updated_at, ..before });
}

#[rstest]
#[case::complete(Command::Complete)]
#[case::no_show_of_the_driver(Command::MarkNoShow { absent: DRIVER })]
#[case::no_show_of_the_interviewer(Command::MarkNoShow { absent: STAFF })]
fn interview_can_be_completed_from_its_start_on(#[case] command: Command) {
    let interview = interview(State::Scheduled);
    let early = perform(&interview, &staff(), &command, hour(10) - chrono::TimeDelta::milliseconds(1));
    let Err(Refusal::InvalidState { action, current, available }) = early else { panic!("{early:?}") };
    assert_eq!(*current, interview);
    let message = Refusal::state_message(action, current.status());
    assert_eq!(message, "This is not possible, because the interview has not started yet.");
    assert_eq!(available, [Action::Update, Action::Amend, Action::Cancel]);
    for now in [hour(10), hour(11), hour(1000)] {
        assert!(perform(&interview, &staff(), &command, now).is_ok());
    }
}

#[test]
fn scheduled_interview_that_moves_into_the_future_cannot_be_completed() {
    let interview = interview(amended(DRIVER, SCHEDULED));
    let accept = command(Action::Accept, None);
    let moved = perform(&interview, &staff(), &accept, hour(11)).unwrap().unwrap().interview;
    assert!(matches!(perform(&moved, &staff(), &Command::Complete, hour(11)), Err(Refusal::InvalidState { .. })));
    assert!(perform(&moved, &staff(), &Command::Complete, hour(12)).is_ok());
}

#[test]
fn final_state_refuses_every_action() {
    for state in final_states() {
        let interview = interview(state);
        for action in Action::VARIANTS {
            for viewer in every_viewer() {
                match perform(&interview, &viewer, &command(*action, None), hour(10)).unwrap_err() {
                    Refusal::InvalidState { action: refused, current, available } => {
                        assert_eq!((refused, *current, available), (*action, interview.clone(), vec![]));
                    }
                    // Permission is checked first.
                    Refusal::Forbidden(_) => assert_ne!(viewer, admin(), "{action:?}"),
                    other => panic!("{other:?}"),
                }
            }
        }
    }
}

#[test]
fn pending_interview_awaits_the_driver_and_an_amended_one_the_other_side() {
    assert_eq!(interview(State::Pending).awaiting(), Some(DRIVER));
    for before in [PENDING, SCHEDULED] {
        assert_eq!(interview(amended(STAFF, before)).awaiting(), Some(DRIVER));
        assert_eq!(interview(amended(DRIVER, before)).awaiting(), Some(STAFF));
    }
    assert_eq!(interview(State::Scheduled).awaiting(), None);
    for state in final_states() {
        assert_eq!(interview(state).awaiting(), None);
    }
}
