//! The closed list of reasons for which a request is refused.

use crate::domain::{Action, Field, Interview, InterviewStatus, Names, Side};

/// Why nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The input is wrong: all mistakes at once.
    Invalid(Vec<FieldError>),
    /// There is no such interview for this viewer.
    NotFound,
    /// The viewer sees it, and may not do this.
    Forbidden(&'static str),
    /// The state does not allow it.
    InvalidState {
        /// The state it is in.
        status: InterviewStatus,
        /// What the viewer could do instead.
        available: Vec<Action>,
    },
    /// A person is busy at that time; one entry a side.
    Conflicts(Vec<Conflict>),
    /// Somebody else changed it since the version that the request names.
    Stale(Box<Interview>),
}

impl Refusal {
    /// [`Refusal::InvalidState`] for people.
    #[must_use]
    pub fn state_message(status: InterviewStatus) -> String {
        format!("this cannot be done now: the interview is {}", status.name())
    }

    /// [`Refusal::Stale`] for people.
    #[must_use]
    pub fn stale_message(current: &Interview) -> String {
        format!("the interview has changed meanwhile: it is at version {}", current.version)
    }
}

impl Conflict {
    /// For people.
    #[must_use]
    pub fn message(&self) -> String {
        let person = match self.side {
            Side::Interviewer => "interviewer",
            Side::Interviewee => "driver",
        };
        match (self.visible.len(), self.hidden) {
            (0, _) => format!("the {person} is busy at that time"),
            (1, 0) => format!("the {person} has another interview at that time"),
            (1, _) => format!("the {person} has another interview at that time, and is busy besides"),
            (visible, 0) => format!("the {person} has {visible} other interviews at that time"),
            (visible, _) => format!("the {person} has {visible} other interviews at that time, and is busy besides"),
        }
    }
}

/// Open interviews that take the time of one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Whose time it is.
    pub side: Side,
    /// Those that the viewer may see.
    pub visible: Vec<Interview>,
    /// How many more there are that the viewer may not see.
    pub hidden: usize,
}

/// One wrong field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// What is wrong.
    pub code: FieldErrorCode,
    /// Where.
    pub field: Field,
    /// For people, without the field's name.
    pub message: String,
}

impl FieldError {
    pub(crate) fn new(code: FieldErrorCode, field: Field, message: impl Into<String>) -> Self {
        Self { code, field, message: message.into() }
    }
}

crate::domain::named_enum! {
    /// What can be wrong with a field.
    pub enum FieldErrorCode {
        /// The end is not after the start.
        EndNotAfterStart = "END_NOT_AFTER_START",
        /// Longer than an interview may be, or a text longer than its field.
        TooLong = "TOO_LONG",
        /// This field cannot be cleared.
        NullNotAllowed = "NULL_NOT_ALLOWED",
        /// Blank, or with control characters.
        InvalidLocation = "INVALID_LOCATION",
        /// With control characters other than line breaks and tabs.
        InvalidReason = "INVALID_REASON",
        /// No such interviewee in the interview's company.
        IntervieweeNotFound = "INTERVIEWEE_NOT_FOUND",
        /// No such active staff in the interview's company.
        InterviewerNotFound = "INTERVIEWER_NOT_FOUND",
        /// The proposal says what already stands.
        AmendmentUnchanged = "AMENDMENT_UNCHANGED",
        /// An admin has to say for which side they act.
        SideRequired = "SIDE_REQUIRED",
    }
}
