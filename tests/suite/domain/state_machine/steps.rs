//! What a walk is made of: steps that are often possible, sometimes mistaken, and meet each other's times again and
//! again.

use super::fixtures::{admin, at, driver, hour, staff};
use chrono::{DateTime, TimeDelta, Utc};
use interviews::domain::{
    Booking, Command, InterviewKind, InterviewPatch, IntervieweeId, Names, Patch, Side, UserId, Viewer,
};
use proptest::prelude::*;

/// Somebody does something, a while after the step before.
#[derive(Clone, Debug)]
pub struct Step {
    pub viewer: Viewer,
    pub command: Command,
    pub after: TimeDelta,
}

fn moments() -> impl Strategy<Value = DateTime<Utc>> {
    // Few enough that the same times come again, and some a day off.
    prop_oneof![9 => (18..26_i64).prop_map(|half_hours| at(30 * half_hours)), 1 => Just(hour(36))]
}

fn patch<T: Clone + std::fmt::Debug + 'static>(value: impl Strategy<Value = T> + 'static) -> BoxedStrategy<Patch<T>> {
    prop_oneof![6 => Just(Patch::Absent), 1 => Just(Patch::Null), 4 => value.prop_map(Patch::Value)].boxed()
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![8 => Just("Room 7".to_owned()), 8 => Just("Room 8".to_owned()), 1 => Just(String::new())]
}

fn sides() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Interviewer), Just(Side::Interviewee)]
}

fn patches() -> impl Strategy<Value = InterviewPatch> {
    let kinds = prop::sample::select(InterviewKind::ALL.to_vec());
    let interviewees = prop_oneof![9 => 277..279_i64, 1 => Just(300), 1 => Just(404)].prop_map(IntervieweeId);
    let interviewers = prop_oneof![9 => Just(1001), 9 => Just(1003), 1 => Just(404)].prop_map(UserId);
    let fields = (
        patch(kinds),
        patch(moments()),
        patch(moments()),
        patch(interviewees),
        patch(interviewers),
        patch(texts()),
        patch(any::<bool>()),
    );
    fields.prop_map(|(kind, start_at, end_at, interviewee_id, interviewer_id, location, allow_overlap)| {
        InterviewPatch { kind, start_at, end_at, interviewee_id, interviewer_id, location, allow_overlap }
    })
}

pub fn bookings() -> impl Strategy<Value = Booking> {
    let fields = (moments(), moments(), 277..280_i64, 1000..1004_i64, prop::option::of(texts()), any::<bool>());
    fields.prop_map(|(start_at, end_at, interviewee, interviewer_id, location, allow_overlap)| Booking {
        kind: InterviewKind::InPerson,
        start_at,
        end_at,
        interviewee_id: IntervieweeId(interviewee),
        interviewer_id: UserId(interviewer_id),
        location,
        allow_overlap,
    })
}

fn commands() -> impl Strategy<Value = Command> {
    let acting = || prop_oneof![3 => Just(None), 1 => sides().prop_map(Some)];
    let amend = (moments(), moments(), acting());
    let reason = || prop::option::of(texts());
    prop_oneof![
        6 => patches().prop_map(Command::Update),
        6 => amend.prop_map(|(start_at, end_at, acting)| Command::Amend { start_at, end_at, acting }),
        4 => acting().prop_map(|acting| Command::Accept { acting }),
        3 => acting().prop_map(|acting| Command::DeclineAmendment { acting }),
        3 => acting().prop_map(|acting| Command::WithdrawAmendment { acting }),
        1 => reason().prop_map(|reason| Command::Reject { reason }),
        1 => reason().prop_map(|reason| Command::Cancel { reason }),
        1 => Just(Command::Complete),
        1 => sides().prop_map(|absent| Command::MarkNoShow { absent }),
    ]
}

pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    let viewers = prop_oneof![2 => Just(staff()), 2 => Just(driver()), 1 => Just(admin())];
    let step = (viewers, commands(), 0..40_i64);
    let step = step.prop_map(|(viewer, command, after)| Step { viewer, command, after: TimeDelta::minutes(after) });
    prop::collection::vec(step, 1..40)
}
