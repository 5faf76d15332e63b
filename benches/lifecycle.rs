//! The state machine alone: how long it takes to decide a change.
#![expect(clippy::unwrap_used, reason = "a failure ends the benchmark")]

use chrono::{DateTime, TimeDelta, Utc};
use divan::{Bencher, black_box};
use interviews::domain::{
    Authority, Command, CompanyId, Interview, InterviewId, InterviewKind, InterviewPatch, IntervieweeId, Patch,
    References, State, TimeSlot, UserId, Viewer,
};

fn main() {
    divan::main();
}

fn start() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_742_466_728_958).unwrap()
}

fn interview() -> Interview {
    let slot = TimeSlot::try_new(start(), start() + TimeDelta::hours(1)).unwrap();
    Interview {
        id: InterviewId(27),
        company_id: CompanyId(1),
        driver_id: UserId(997),
        interviewee_id: IntervieweeId(277),
        interviewer_id: UserId(1000),
        kind: InterviewKind::VideoCall,
        state: State::Pending,
        slot,
        location: None,
        allow_overlap: false,
        version: 1,
        created_at: start(),
        updated_at: start(),
    }
}

fn staff() -> Viewer {
    let authority = Authority::Staff(CompanyId(1));
    Viewer { id: UserId(1000), title: "Staff".to_owned(), authority, manager: false, time_zone: None }
}

fn decide(bencher: Bencher, command: &Command) {
    let (interview, viewer) = (interview(), staff());
    bencher.bench_local(|| {
        let command = black_box(command).clone();
        black_box(&interview).perform(&viewer, command, References::default(), start()).unwrap().unwrap()
    });
}

#[divan::bench]
fn update_of_time_and_place(bencher: Bencher) {
    let patch = InterviewPatch {
        start_at: Patch::Value(start() + TimeDelta::minutes(5)),
        end_at: Patch::Value(start() + TimeDelta::minutes(65)),
        location: Patch::Value("Gate 9".to_owned()),
        ..InterviewPatch::default()
    };
    decide(bencher, &Command::Update(patch));
}

#[divan::bench]
fn amend(bencher: Bencher) {
    let (start_at, end_at) = (start() + TimeDelta::hours(2), start() + TimeDelta::hours(3));
    decide(bencher, &Command::Amend { start_at, end_at, acting: None });
}

#[divan::bench]
fn cancel(bencher: Bencher) {
    decide(bencher, &Command::Cancel { reason: Some("The room is gone".to_owned()) });
}

#[divan::bench]
fn available_actions(bencher: Bencher) {
    let (interview, viewer) = (interview(), staff());
    bencher.bench_local(|| black_box(&interview).available_actions(&viewer, start()));
}
