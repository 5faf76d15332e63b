//! One interview of Luisa Hintz with Jude Howell, from ten to eleven, in any state; and the people who act on it.

use chrono::{DateTime, TimeDelta, Utc};
use interviews::domain::{
    Action, Authority, Command, CompanyId, Interview, InterviewId, InterviewKind, InterviewPatch, Interviewee,
    IntervieweeId, IntervieweeKind, Patch, Proposal, References, Refusal, Side, State, StatusBeforeProposal, TimeSlot,
    Transition, UserId, Viewer,
};

pub const COMPANY: CompanyId = CompanyId(1);
pub const JUDE: UserId = UserId(997);

/// So many minutes after midnight, on the only day there is.
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
    Viewer { id, title: "Somebody".to_owned(), authority }
}

/// Staff of the company, though not the interviewer.
pub fn staff() -> Viewer {
    viewer(UserId(1000), Authority::Staff(COMPANY))
}

pub fn driver() -> Viewer {
    viewer(JUDE, Authority::Driver)
}

pub fn admin() -> Viewer {
    viewer(UserId(1), Authority::Admin)
}

pub fn everybody() -> [Viewer; 3] {
    [staff(), driver(), admin()]
}

pub fn interview(state: State) -> Interview {
    Interview {
        id: InterviewId(27),
        company_id: COMPANY,
        driver_id: JUDE,
        interviewee_id: IntervieweeId(277),
        interviewer_id: UserId(1001),
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

/// Somebody proposed twelve to one.
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
    let (nobody, missing) = (no_show(Side::Interviewer), no_show(Side::Interviewee));
    vec![rejected(), rejected_for, cancelled(), cancelled_for, State::Completed, nobody, missing]
}

pub fn every_state() -> Vec<State> {
    let mut states = vec![State::Pending, State::Scheduled];
    for by in [Side::Interviewer, Side::Interviewee] {
        states.extend([amended(by, StatusBeforeProposal::Pending), amended(by, StatusBeforeProposal::Scheduled)]);
    }
    states.extend(final_states());
    states
}

/// A valid request for this action, which changes something in every state that allows it.
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

/// What a look-up of these ids finds: 277 and 278 applied to the company and 300 to another; 1001 and 1003 are its
/// staff.
pub fn found(interviewee: Option<IntervieweeId>, interviewer: Option<UserId>) -> References {
    let interviewee = interviewee.and_then(|id| {
        let (company_id, driver_id) = match id.0 {
            277 => (COMPANY, JUDE),
            278 => (COMPANY, UserId(998)),
            300 => (CompanyId(2), JUDE),
            _ => return None,
        };
        Some(Interviewee { id, company_id, driver_id, kind: IntervieweeKind::Verified, updated_at: hour(0) })
    });
    References { interviewee, interviewer_exists: interviewer.is_some_and(|id| [1001, 1003].contains(&id.0)) }
}

/// Performs with what a service would have looked up.
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
