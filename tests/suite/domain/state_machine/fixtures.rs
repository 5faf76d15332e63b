//! An interview of Luisa with Jude from 10:00 to 11:00, in any state, and the users who act on it.

use crate::support::people::{
    ADA, COASTAL_FREIGHT, DANA, DANA_APPLICATION, JUDE, JUDE_APPLICATION, JUDE_COASTAL_APPLICATION, JUDE_WITH_LUISA,
    KOFI, LUISA, MONA, NORTHERN_HAULAGE, PLATFORM,
};
use chrono::{DateTime, TimeDelta, Utc};
use interviews::domain::{
    Action, Authority, Command, Interview, InterviewKind, InterviewPatch, Interviewee, IntervieweeId, IntervieweeKind,
    Patch, Proposal, References, Refusal, Side, State, StatusBeforeProposal, TimeSlot, Transition, UserId, Viewer,
};

/// This many minutes after midnight of the day on which all tests of this folder take place.
pub fn at(minutes: i64) -> DateTime<Utc> {
    "2025-03-20T00:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minutes)
}

pub fn hour(hour: i64) -> DateTime<Utc> {
    at(60 * hour)
}

pub fn hours(start: i64, end: i64) -> TimeSlot {
    TimeSlot::try_new(hour(start), hour(end)).unwrap()
}

fn viewer(id: UserId, authority: Authority) -> Viewer {
    Viewer { id, title: "Name".to_owned(), authority, manager: false, time_zone: None }
}

/// Staff of the company, and not the interviewer.
pub fn staff() -> Viewer {
    viewer(MONA, Authority::Staff(NORTHERN_HAULAGE))
}

pub fn driver() -> Viewer {
    viewer(JUDE, Authority::Driver)
}

pub fn admin() -> Viewer {
    viewer(ADA, Authority::Admin)
}

/// A program, which acts for no side.
pub fn service() -> Viewer {
    viewer(PLATFORM, Authority::Service)
}

pub fn every_viewer() -> [Viewer; 4] {
    [staff(), driver(), admin(), service()]
}

pub fn interview(state: State) -> Interview {
    Interview {
        id: JUDE_WITH_LUISA,
        company_id: NORTHERN_HAULAGE,
        driver_id: JUDE,
        interviewee_id: JUDE_APPLICATION,
        interviewer_id: LUISA,
        kind: InterviewKind::VideoCall,
        state,
        slot: hours(10, 11),
        location: Some("https://meet.example".to_owned()),
        allow_overlap: false,
        version: 7,
        created_at: hour(1),
        updated_at: hour(2),
    }
}

/// A side proposed 12:00 to 13:00.
pub fn amended(by: Side, before: StatusBeforeProposal) -> State {
    State::Amended(Proposal { slot: hours(12, 13), by, before })
}

pub fn rejected() -> State {
    State::Rejected { reason: None }
}

pub fn cancelled() -> State {
    State::Cancelled { reason: None }
}

pub fn final_states() -> Vec<State> {
    let no_show = |absent| State::NoShow { absent };
    let (rejected_for, cancelled_for) =
        (State::Rejected { reason: Some("ill".into()) }, State::Cancelled { reason: Some("ill".into()) });
    let (interviewer_absent, driver_absent) = (no_show(Side::Interviewer), no_show(Side::Interviewee));
    vec![rejected(), rejected_for, cancelled(), cancelled_for, State::Completed, interviewer_absent, driver_absent]
}

pub fn every_state() -> Vec<State> {
    let mut states = vec![State::Pending, State::Scheduled];
    for by in [Side::Interviewer, Side::Interviewee] {
        states.extend([amended(by, StatusBeforeProposal::Pending), amended(by, StatusBeforeProposal::Scheduled)]);
    }
    states.extend(final_states());
    states
}

/// A valid command for this action, which changes something in every state that allows it.
pub fn command(action: Action, acting: Option<Side>) -> Command {
    match action {
        Action::Update => update(InterviewPatch { location: Patch::Value("Room 7".into()), ..Default::default() }),
        Action::Amend => Command::Amend { start_at: hour(14), end_at: hour(15), acting },
        Action::Accept => Command::Accept { acting },
        Action::DeclineAmendment => Command::DeclineAmendment { acting },
        Action::WithdrawAmendment => Command::WithdrawAmendment { acting },
        Action::Reject => Command::Reject { reason: None },
        Action::Cancel => Command::Cancel { reason: None },
        Action::Complete => Command::Complete,
        Action::MarkNoShow => Command::MarkNoShow { absent: Side::Interviewee },
    }
}

pub fn update(patch: InterviewPatch) -> Command {
    Command::Update(patch)
}

/// The references that the database would have for these ids.
pub fn found(interviewee: Option<IntervieweeId>, interviewer: Option<UserId>) -> References {
    let interviewee = interviewee.and_then(|id| {
        let (company_id, driver_id) = match id {
            JUDE_APPLICATION => (NORTHERN_HAULAGE, JUDE),
            DANA_APPLICATION => (NORTHERN_HAULAGE, DANA),
            JUDE_COASTAL_APPLICATION => (COASTAL_FREIGHT, JUDE),
            _ => return None,
        };
        Some(Interviewee { id, company_id, driver_id, kind: IntervieweeKind::Verified, updated_at: hour(0) })
    });
    References { interviewee, interviewer_exists: interviewer.is_some_and(|id| [LUISA, KOFI].contains(&id)) }
}

/// Performs the command with the references that a service would look up.
pub fn perform(
    interview: &Interview,
    viewer: &Viewer,
    command: &Command,
    now: DateTime<Utc>,
) -> Result<Option<Transition>, Refusal> {
    let references = match command {
        Command::Update(patch) => found(patch.other_interviewee(interview), patch.other_interviewer(interview)),
        _ => References::default(),
    };
    interview.perform(viewer, command.clone(), references, now)
}
