//! The steps of a random walk: often possible, sometimes invalid, and with few enough times that they meet again.

use super::fixtures::{admin, at, driver, hour, staff};
use crate::support::people::{
    DANA_APPLICATION, JUDE_APPLICATION, JUDE_COASTAL_APPLICATION, KOFI, LUISA, UNKNOWN_INTERVIEWEE, UNKNOWN_USER,
};
use chrono::{DateTime, TimeDelta, Utc};
use interviews::domain::{Booking, Command, InterviewKind, InterviewPatch, Patch, Side, Viewer};
use proptest::prelude::*;
use strum::VariantArray;

/// A viewer's command, this long after the step before.
#[derive(Clone, Debug)]
pub struct Step {
    pub viewer: Viewer,
    pub command: Command,
    pub after: TimeDelta,
}

fn moments() -> impl Strategy<Value = DateTime<Utc>> {
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
    let kinds = prop::sample::select(InterviewKind::VARIANTS.to_vec());
    let interviewees = prop_oneof![
        9 => prop::sample::select(vec![JUDE_APPLICATION, DANA_APPLICATION]),
        1 => Just(JUDE_COASTAL_APPLICATION),
        1 => Just(UNKNOWN_INTERVIEWEE),
    ];
    let interviewers = prop_oneof![9 => Just(LUISA), 9 => Just(KOFI), 1 => Just(UNKNOWN_USER)];
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
    let interviewees = prop::sample::select(vec![JUDE_APPLICATION, DANA_APPLICATION, UNKNOWN_INTERVIEWEE]);
    let interviewers = prop::sample::select(vec![LUISA, KOFI, UNKNOWN_USER]);
    let fields = (moments(), moments(), interviewees, interviewers, prop::option::of(texts()), any::<bool>());
    fields.prop_map(|(start_at, end_at, interviewee_id, interviewer_id, location, allow_overlap)| Booking {
        kind: InterviewKind::InPerson,
        start_at,
        end_at,
        interviewee_id,
        interviewer_id,
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
