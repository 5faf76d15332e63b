//! The closed list of reasons for which a request is refused, with the codes that both transports send.

use crate::domain::{Action, FieldError, Interview, InterviewStatus, Side};
use strum::{IntoStaticStr, VariantArray};

/// Why nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The input has errors. Contains all of them, each with its own code.
    Invalid(Vec<FieldError>),
    /// No interview with this id is visible to the viewer.
    NotFound,
    /// The viewer sees the interview and has no permission for the action. Contains the message.
    Forbidden(&'static str),
    /// The state of the interview does not allow the action.
    InvalidState {
        /// The action.
        action: Action,
        /// The interview as it is.
        current: Box<Interview>,
        /// The actions that the viewer can perform instead.
        available: Vec<Action>,
    },
    /// One or both people are busy at that time, with one entry each.
    Conflicts(Vec<Conflict>),
    /// The interview does not have a version that the request expects, usually because it has changed since. Contains
    /// the current interview.
    Stale(Box<Interview>),
    /// The idempotency key is no key.
    InvalidKey,
    /// Another request of the user had the idempotency key.
    KeyReused,
}

/// The codes of refusals and of field errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE", const_into_str)]
pub enum RefusalCode {
    /// The end is not after the start.
    EndNotAfterStart,
    /// The interview is longer than [`TimeSlot::MAX_HOURS`](crate::domain::TimeSlot::MAX_HOURS) or than the server
    /// allows.
    DurationTooLong,
    /// The text is longer than its field.
    TextTooLong,
    /// The field is required or cannot be cleared.
    NullNotAllowed,
    /// The location is blank, or has characters that are not for a line of text.
    InvalidLocation,
    /// The reason is blank, or has characters that are not for texts.
    InvalidReason,
    /// The interview's company has no such interviewee.
    IntervieweeNotFound,
    /// The interview's company has no such active staff.
    InterviewerNotFound,
    /// The interviewee has as many open interviews as the server allows.
    TooManyOpenInterviews,
    /// The proposed time equals the current one or the one that is already proposed.
    AmendmentUnchanged,
    /// An admin did not name the side for which they act, and both are possible.
    SideRequired,
    /// A new row of the platform lacks the field.
    Required,
    /// The id is no number from 1 to 2^63 − 1.
    InvalidId,
    /// An earlier row of the request has the same id.
    DuplicateId,
    /// Staff have no company.
    CompanyRequired,
    /// A user who is not staff has a company.
    CompanyNotAllowed,
    /// There is no such company.
    CompanyNotFound,
    /// There is no such driver.
    DriverNotFound,
    /// The field cannot change any more.
    Immutable,
    /// The person was erased.
    Erased,
    /// The text is no http or https URL.
    InvalidImage,
    /// The text is no address.
    InvalidEmail,
    /// The name or title is blank, too long, or has characters that are not for texts.
    InvalidTitle,
    /// The text has characters that are not for texts.
    InvalidText,
    /// No token can have this `jti`.
    InvalidJti,
    /// A setting of a company cannot have the value.
    InvalidSetting,
    /// A webhook cannot have this URL.
    InvalidUrl,
    /// The company has as many webhooks as it may have.
    TooManyWebhooks,
    /// The user has as many feeds of calendars as a user may have.
    TooManyFeeds,
    /// See [`Refusal::InvalidKey`].
    InvalidIdempotencyKey,
    /// See [`Refusal::KeyReused`].
    IdempotencyKeyReused,
    /// The person has open interviews.
    OpenInterviews,
    /// See [`Refusal::NotFound`].
    NotFound,
    /// See [`Refusal::Forbidden`].
    Forbidden,
    /// See [`Refusal::InvalidState`].
    InvalidState,
    /// See [`Refusal::Conflicts`].
    ScheduleConflict,
    /// See [`Refusal::Stale`].
    StaleVersion,
}

impl Refusal {
    /// The message of [`Refusal::NotFound`].
    pub const NOT_FOUND: &'static str = "This interview does not exist, or you cannot see it.";
    /// The message of [`Refusal::Stale`].
    pub const STALE: &'static str = "This interview has changed in the meantime. Look at it again before you decide.";

    /// The message of [`Refusal::InvalidKey`].
    pub const INVALID_KEY: &'static str = "An idempotency key has to have 1 to 255 printable ASCII characters.";
    /// The message of [`Refusal::KeyReused`].
    pub const KEY_REUSED: &'static str = "This idempotency key was used for another request. Choose a new one.";

    /// The code; of several errors, that of the first one.
    #[must_use]
    pub fn code(&self) -> RefusalCode {
        match self {
            Self::Invalid(errors) => errors.first().map_or(RefusalCode::Required, |error| error.code),
            Self::NotFound => RefusalCode::NotFound,
            Self::Forbidden(_) => RefusalCode::Forbidden,
            Self::InvalidState { .. } => RefusalCode::InvalidState,
            Self::Conflicts(_) => RefusalCode::ScheduleConflict,
            Self::Stale(_) => RefusalCode::StaleVersion,
            Self::InvalidKey => RefusalCode::InvalidIdempotencyKey,
            Self::KeyReused => RefusalCode::IdempotencyKeyReused,
        }
    }

    /// The message of [`Refusal::InvalidState`].
    #[must_use]
    pub fn state_message(action: Action, status: InterviewStatus) -> String {
        let state = match (status, action) {
            (InterviewStatus::Scheduled, Action::Complete | Action::MarkNoShow) => "has not started yet",
            (InterviewStatus::Pending, _) => "is pending",
            (InterviewStatus::Amended, _) => "has an open proposal of another time",
            (InterviewStatus::Scheduled, _) => "is scheduled",
            (InterviewStatus::Rejected, _) => "was rejected",
            (InterviewStatus::Cancelled, _) => "was cancelled",
            (InterviewStatus::Completed, _) => "is completed",
            (InterviewStatus::NoShow, _) => "was marked as a no-show",
        };
        format!("This is not possible, because the interview {state}.")
    }
}

impl Conflict {
    /// The conflicts of an interview with others that are not stored, so that the viewer cannot see them: one for each
    /// side whose time they take.
    #[must_use]
    pub fn with_unseen(interview: &Interview, others: &[Interview], overridable: bool) -> Vec<Self> {
        let Some((people, slot)) = interview.reservation() else { return Vec::new() };
        let taken = others.iter().filter(|other| other.id != interview.id).filter_map(Interview::reservation);
        let taken: Vec<_> = taken.filter(|(_, other)| other.overlaps(slot)).collect();
        let is_taken = |side: usize| taken.iter().any(|(others, _)| others[side] == people[side]);
        let [driver, interviewer] = [0, 1].map(is_taken);
        [(Side::Interviewer, interviewer), (Side::Interviewee, driver)]
            .into_iter()
            .filter(|(_, is_taken)| *is_taken)
            .map(|(side, _)| Self { side, visible: Vec::new(), overridable })
            .collect()
    }

    /// The message for the person who made the request.
    #[must_use]
    pub fn message(&self) -> String {
        let person = match self.side {
            Side::Interviewer => "interviewer",
            Side::Interviewee => "driver",
        };
        match self.visible.len() {
            0 => format!("The {person} is busy at that time."),
            1 => format!("The {person} has another interview at that time."),
            visible => format!("The {person} has {visible} other interviews at that time."),
        }
    }
}

/// The open interviews that reserve the time of one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The side of the person.
    pub side: Side,
    /// The interviews that the viewer may see. Empty if the person is busy with others.
    pub visible: Vec<Interview>,
    /// Whether the same request may be made with the permission to overlap.
    pub overridable: bool,
}
