//! An action is available exactly when it is not refused for the state or for permission, in every state, for every
//! side and role. Errors of the input do not count.

use super::fixtures::{admin, at, command, driver, every_state, every_viewer, hours, interview, perform, staff};
use crate::support::people::{DANA_APPLICATION, JUDE_APPLICATION};
use interviews::domain::{
    Action, Command, Interview, InterviewPatch, IntervieweeId, Patch, Proposal, Refusal, Side, State, TimeSlot,
};
use proptest::prelude::*;
use strum::VariantArray;

const SIDES: [Option<Side>; 3] = [None, Some(Side::Interviewer), Some(Side::Interviewee)];

/// Input of commands, valid or not.
#[derive(Clone, Debug)]
struct Inputs {
    start: i64,
    length: i64,
    text: Option<String>,
    interviewee: IntervieweeId,
    absent: Side,
}

fn inputs() -> impl Strategy<Value = Inputs> {
    let text =
        prop_oneof![Just(None), Just(Some(String::new())), Just(Some("\u{0}".into())), "[a-z]{1,9}".prop_map(Some)];
    let interviewee = prop::sample::select(vec![JUDE_APPLICATION, DANA_APPLICATION]);
    let absent = prop_oneof![Just(Side::Interviewer), Just(Side::Interviewee)];
    (540..780_i64, -60..1500_i64, text, interviewee, absent)
        .prop_map(|(start, length, text, interviewee, absent)| Inputs { start, length, text, interviewee, absent })
}

fn command_of(action: Action, acting: Option<Side>, inputs: &Inputs) -> Command {
    let (start_at, end_at) = (at(inputs.start), at(inputs.start + inputs.length));
    let reason = inputs.text.clone();
    match action {
        Action::Update => Command::Update(InterviewPatch {
            start_at: Patch::Value(start_at),
            end_at: Patch::Value(end_at),
            interviewee_id: Patch::Value(inputs.interviewee),
            location: reason.map_or(Patch::Null, Patch::Value),
            ..Default::default()
        }),
        Action::Amend => Command::Amend { start_at, end_at, acting },
        Action::Accept => Command::Accept { acting },
        Action::DeclineAmendment => Command::DeclineAmendment { acting },
        Action::WithdrawAmendment => Command::WithdrawAmendment { acting },
        Action::Reject => Command::Reject { reason },
        Action::Cancel => Command::Cancel { reason },
        Action::Complete => Command::Complete,
        Action::MarkNoShow => Command::MarkNoShow { absent: inputs.absent },
    }
}

/// Every state, at these times.
fn interviews(slot: TimeSlot, proposed: TimeSlot) -> Vec<Interview> {
    let at_these_times = |state| match state {
        State::Amended(proposal) => State::Amended(Proposal { slot: proposed, ..proposal }),
        state => state,
    };
    every_state().into_iter().map(|state| Interview { slot, ..interview(at_these_times(state)) }).collect()
}

fn slots() -> impl Strategy<Value = TimeSlot> {
    (540..780_i64, 1..=1440_i64).prop_map(|(start, length)| TimeSlot::try_new(at(start), at(start + length)).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn action_is_available_exactly_when_it_is_not_refused_for_state_or_permission(
        slot in slots(),
        proposed in slots(),
        now in 500..800_i64,
        inputs in inputs(),
    ) {
        for interview in interviews(slot, proposed) {
            for viewer in every_viewer() {
                let listed = interview.available_actions(&viewer, at(now));
                for action in Action::VARIANTS {
                    let refused = |acting: &Option<Side>| {
                        let done = perform(&interview, &viewer, &command_of(*action, *acting, &inputs), at(now));
                        matches!(done, Err(Refusal::InvalidState { .. } | Refusal::Forbidden(_)))
                    };
                    let possible = !SIDES.iter().all(refused);
                    let context = format!("{action:?} of {interview:?} by {viewer:?}");
                    prop_assert_eq!(listed.contains(action), possible, "{}", context);
                }
            }
        }
    }

    #[test]
    fn state_refusal_lists_the_available_actions(slot in slots(), now in 500..800_i64, inputs in inputs()) {
        for interview in interviews(slot, hours(12, 13)) {
            for viewer in every_viewer() {
                for action in Action::VARIANTS {
                    let done = perform(&interview, &viewer, &command_of(*action, None, &inputs), at(now));
                    if let Err(Refusal::InvalidState { action: refused, current, available }) = done {
                        prop_assert_eq!((refused, &*current), (*action, &interview));
                        prop_assert_eq!(available, interview.available_actions(&viewer, at(now)));
                    }
                }
            }
        }
    }
}

#[test]
fn available_actions_are_ordered_and_distinct() {
    for interview in interviews(hours(10, 11), hours(12, 13)) {
        for viewer in every_viewer() {
            let listed = interview.available_actions(&viewer, at(600));
            let ordered: Vec<Action> =
                Action::VARIANTS.iter().copied().filter(|action| listed.contains(action)).collect();
            assert_eq!(listed, ordered);
        }
    }
}

#[test]
fn naming_the_other_side_is_forbidden_in_every_state() {
    for interview in interviews(hours(10, 11), hours(12, 13)) {
        for action in [Action::Amend, Action::Accept, Action::DeclineAmendment, Action::WithdrawAmendment] {
            for (viewer, other) in [(staff(), Side::Interviewee), (driver(), Side::Interviewer)] {
                let done = perform(&interview, &viewer, &command(action, Some(other)), at(600));
                assert!(matches!(done, Err(Refusal::Forbidden("You cannot act for that side."))), "{done:?}");
            }
        }
    }
}

#[test]
fn admin_has_to_name_the_side_where_either_can_act() {
    for interview in interviews(hours(10, 11), hours(12, 13)) {
        let viewer = admin();
        for action in interview.available_actions(&viewer, at(600)) {
            let done = perform(&interview, &viewer, &command(action, None), at(600));
            match action {
                Action::Amend => {
                    let Err(Refusal::Invalid(errors)) = done else { panic!("{action:?}: {done:?}") };
                    let codes: Vec<&str> = errors.iter().map(|error| error.code.into_str()).collect();
                    assert_eq!(codes, ["SIDE_REQUIRED"]);
                }
                _ => assert!(done.is_ok(), "{action:?}: {done:?}"),
            }
        }
    }
}
