//! Updates: their effect on the status, their validation together with the stored fields, and all errors at once.

use super::fixtures::{amended, driver, hour, hours, interview, perform, staff, update};
use crate::support::people::{
    DANA, DANA_APPLICATION, JUDE_COASTAL_APPLICATION, KOFI, UNKNOWN_INTERVIEWEE, UNKNOWN_USER,
};
use interviews::domain::{
    EventType, Interview, InterviewKind, InterviewPatch, IntervieweeEffect, Patch, Refusal, Side, State,
    StatusBeforeProposal,
};
use rstest::rstest;

fn empty() -> InterviewPatch {
    InterviewPatch::default()
}

fn new_time() -> InterviewPatch {
    InterviewPatch { start_at: Patch::Value(hour(9)), end_at: Patch::Value(hour(10)), ..empty() }
}

fn later_end() -> InterviewPatch {
    InterviewPatch { end_at: Patch::Value(hour(12)), ..empty() }
}

fn other_interviewee() -> InterviewPatch {
    InterviewPatch { interviewee_id: Patch::Value(DANA_APPLICATION), ..empty() }
}

fn other_interviewer() -> InterviewPatch {
    InterviewPatch { interviewer_id: Patch::Value(KOFI), ..empty() }
}

fn other_kind() -> InterviewPatch {
    InterviewPatch { kind: Patch::Value(InterviewKind::InPerson), ..empty() }
}

fn no_location() -> InterviewPatch {
    InterviewPatch { location: Patch::Null, ..empty() }
}

fn allow_overlap() -> InterviewPatch {
    InterviewPatch { allow_overlap: Patch::Value(true), ..empty() }
}

fn open_states() -> Vec<State> {
    let proposed = |by| [amended(by, StatusBeforeProposal::Pending), amended(by, StatusBeforeProposal::Scheduled)];
    let mut states = vec![State::Pending, State::Scheduled];
    states.extend(proposed(Side::Interviewer).into_iter().chain(proposed(Side::Interviewee)));
    states
}

#[rstest]
#[case(new_time())]
#[case(later_end())]
#[case(other_interviewee())]
fn another_time_or_interviewee_makes_the_interview_pending(#[case] patch: InterviewPatch) {
    for state in open_states() {
        let done = perform(&interview(state), &staff(), &update(patch.clone()), hour(8)).unwrap().unwrap();
        assert_eq!(done.interview.state, State::Pending);
        assert_eq!((done.event, done.effect), (EventType::Updated, IntervieweeEffect::None));
    }
}

#[rstest]
#[case(other_interviewer())]
#[case(other_kind())]
#[case(no_location())]
#[case(allow_overlap())]
fn any_other_field_leaves_the_status_and_the_proposal(#[case] patch: InterviewPatch) {
    for state in open_states() {
        let done = perform(&interview(state.clone()), &staff(), &update(patch.clone()), hour(8)).unwrap().unwrap();
        assert_eq!(done.interview.state, state);
        assert_eq!((done.changes.len(), done.effect), (1, IntervieweeEffect::None));
    }
}

#[test]
fn another_interviewee_sets_their_driver() {
    let done = perform(&interview(State::Pending), &staff(), &update(other_interviewee()), hour(8)).unwrap().unwrap();
    assert_eq!((done.interview.interviewee_id, done.interview.driver_id), (DANA_APPLICATION, DANA));
}

#[test]
fn stored_values_are_no_change_in_any_open_state() {
    for state in open_states() {
        let stored = interview(state);
        let same = InterviewPatch {
            kind: Patch::Value(stored.kind),
            start_at: Patch::Value(stored.slot.start()),
            end_at: Patch::Value(stored.slot.end()),
            interviewee_id: Patch::Value(stored.interviewee_id),
            interviewer_id: Patch::Value(stored.interviewer_id),
            location: stored.location.clone().map_or(Patch::Null, Patch::Value),
            allow_overlap: Patch::Value(stored.allow_overlap),
        };
        for patch in [empty(), same] {
            assert_eq!(perform(&stored, &staff(), &update(patch), hour(8)), Ok(None));
        }
    }
}

#[test]
fn stored_interviewer_is_valid_after_leaving_the_company() {
    let stored = Interview { interviewer_id: UNKNOWN_USER, ..interview(State::Scheduled) };
    let patch = InterviewPatch { interviewer_id: Patch::Value(UNKNOWN_USER), ..no_location() };
    assert!(perform(&stored, &staff(), &update(patch), hour(8)).is_ok());
}

/// The codes and fields of the errors.
fn errors_of(patch: InterviewPatch) -> Vec<String> {
    match perform(&interview(State::Scheduled), &staff(), &update(patch), hour(8)) {
        Err(Refusal::Invalid(errors)) => {
            errors.iter().map(|error| format!("{} {}", error.code.into_str(), error.field.into_str())).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[rstest]
#[case(InterviewPatch { start_at: Patch::Value(hour(11)), ..empty() }, "END_NOT_AFTER_START start_at")]
#[case(InterviewPatch { end_at: Patch::Value(hour(10)), ..empty() }, "END_NOT_AFTER_START end_at")]
#[case(InterviewPatch { start_at: Patch::Value(hour(-14)), ..empty() }, "DURATION_TOO_LONG start_at")]
#[case(InterviewPatch { end_at: Patch::Value(hour(35)), ..empty() }, "DURATION_TOO_LONG end_at")]
#[case::empty(
    InterviewPatch { start_at: Patch::Value(hour(12)), end_at: Patch::Value(hour(12)), ..empty() },
    "END_NOT_AFTER_START end_at"
)]
#[case(InterviewPatch { kind: Patch::Null, ..empty() }, "NULL_NOT_ALLOWED kind")]
#[case(InterviewPatch { start_at: Patch::Null, ..empty() }, "NULL_NOT_ALLOWED start_at")]
#[case(InterviewPatch { end_at: Patch::Null, ..empty() }, "NULL_NOT_ALLOWED end_at")]
#[case(InterviewPatch { interviewee_id: Patch::Null, ..empty() }, "NULL_NOT_ALLOWED interviewee_id")]
#[case(InterviewPatch { interviewer_id: Patch::Null, ..empty() }, "NULL_NOT_ALLOWED interviewer_id")]
#[case(InterviewPatch { allow_overlap: Patch::Null, ..empty() }, "NULL_NOT_ALLOWED allow_overlap")]
#[case(InterviewPatch { location: Patch::Value(" \t".into()), ..empty() }, "INVALID_LOCATION location")]
#[case(InterviewPatch { location: Patch::Value("a\nb".into()), ..empty() }, "INVALID_LOCATION location")]
#[case(InterviewPatch { location: Patch::Value("ö".repeat(2001)), ..empty() }, "TEXT_TOO_LONG location")]
#[case::unknown(
    InterviewPatch { interviewee_id: Patch::Value(UNKNOWN_INTERVIEWEE), ..empty() },
    "INTERVIEWEE_NOT_FOUND interviewee_id"
)]
#[case::of_another_company(
    InterviewPatch { interviewee_id: Patch::Value(JUDE_COASTAL_APPLICATION), ..empty() },
    "INTERVIEWEE_NOT_FOUND interviewee_id"
)]
#[case::unknown_interviewer(
    InterviewPatch { interviewer_id: Patch::Value(UNKNOWN_USER), ..empty() },
    "INTERVIEWER_NOT_FOUND interviewer_id"
)]
fn error_names_the_field_of_the_update_merged_with_the_stored_interview(
    #[case] patch: InterviewPatch,
    #[case] error: &str,
) {
    assert_eq!(errors_of(patch), [error]);
}

#[test]
fn empty_location_is_none() {
    let patch = InterviewPatch { location: Patch::Value(String::new()), ..empty() };
    let stored = Interview { location: Some("Room 7".to_owned()), ..interview(State::Pending) };
    let edited = perform(&stored, &staff(), &update(patch), hour(8)).unwrap().unwrap();
    assert_eq!(edited.interview.location, None);
}

#[test]
fn all_errors_are_reported_at_once() {
    let patch = InterviewPatch {
        kind: Patch::Null,
        start_at: Patch::Value(hour(12)),
        end_at: Patch::Absent,
        interviewee_id: Patch::Value(UNKNOWN_INTERVIEWEE),
        interviewer_id: Patch::Value(UNKNOWN_USER),
        location: Patch::Value(" ".to_owned()),
        allow_overlap: Patch::Null,
    };
    assert_eq!(
        errors_of(patch),
        [
            "NULL_NOT_ALLOWED kind",
            "END_NOT_AFTER_START start_at",
            "NULL_NOT_ALLOWED allow_overlap",
            "INVALID_LOCATION location",
            "INTERVIEWEE_NOT_FOUND interviewee_id",
            "INTERVIEWER_NOT_FOUND interviewer_id",
        ]
    );
}

#[test]
fn driver_is_forbidden_to_update_before_the_input_is_validated() {
    let patch = InterviewPatch { kind: Patch::Null, ..empty() };
    let done = perform(&interview(State::Pending), &driver(), &update(patch), hour(8));
    assert!(matches!(done, Err(Refusal::Forbidden(_))), "{done:?}");
}

#[test]
fn update_to_the_proposed_time_drops_the_proposal_and_is_pending() {
    let proposed = InterviewPatch { start_at: Patch::Value(hour(12)), end_at: Patch::Value(hour(13)), ..empty() };
    let interview = interview(amended(Side::Interviewee, StatusBeforeProposal::Scheduled));
    let done = perform(&interview, &staff(), &update(proposed), hour(8)).unwrap().unwrap();
    assert_eq!((done.interview.state, done.interview.slot), (State::Pending, hours(12, 13)));
    let changed: Vec<&str> = done.changes.iter().map(|change| change.field.into_str()).collect();
    assert_eq!(changed, ["status", "start_at", "end_at", "amend_start_at", "amend_end_at", "amended_by"]);
}

mod proposing {
    use super::super::fixtures::{amended, at, driver, hour, interview, perform, staff};
    use interviews::domain::{Command, Interview, Refusal, Side, State, StatusBeforeProposal, Viewer};
    use rstest::rstest;

    /// The code and field of the error, if there is one.
    fn error(interview: &Interview, viewer: &Viewer, (start, end): (i64, i64)) -> Option<String> {
        let command = Command::Amend { start_at: at(start), end_at: at(end), acting: None };
        match perform(interview, viewer, &command, hour(8)) {
            Ok(done) => done.map(|_| None).unwrap(),
            Err(Refusal::Invalid(errors)) => {
                let [error] = &errors[..] else { panic!("{errors:?}") };
                Some(format!("{} {}", error.code.into_str(), error.field.into_str()))
            }
            other => panic!("{other:?}"),
        }
    }

    #[rstest]
    #[case::the_current_time(600, 660, Some("AMENDMENT_UNCHANGED amend_start_at"))]
    #[case::shorter(600, 659, None)]
    #[case::empty(720, 720, Some("END_NOT_AFTER_START amend_end_at"))]
    #[case::end_before_start(720, 700, Some("END_NOT_AFTER_START amend_end_at"))]
    #[case::a_day(720, 720 + 1440, None)]
    #[case::more_than_a_day(720, 720 + 1441, Some("DURATION_TOO_LONG amend_end_at"))]
    #[case::in_the_past(-9000, -8990, None)]
    fn proposal_is_another_valid_time(#[case] start: i64, #[case] end: i64, #[case] expected: Option<&str>) {
        for state in [State::Pending, State::Scheduled, amended(Side::Interviewer, StatusBeforeProposal::Pending)] {
            assert_eq!(error(&interview(state), &driver(), (start, end)).as_deref(), expected);
        }
    }

    #[test]
    fn proposed_time_cannot_be_proposed_again_by_either_side() {
        for by in [Side::Interviewer, Side::Interviewee] {
            let interview = interview(amended(by, StatusBeforeProposal::Pending));
            for viewer in [staff(), driver()] {
                let error = error(&interview, &viewer, (720, 780));
                assert_eq!(error.as_deref(), Some("AMENDMENT_UNCHANGED amend_start_at"));
            }
        }
    }
}
