//! The states of an interview and the sides that change them.

use crate::domain::TimeSlot;
use serde::Serialize;
use strum::{EnumString, IntoStaticStr, VariantArray};

/// The status of an interview.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum InterviewStatus {
    /// The driver has not answered yet.
    Pending,
    /// One side proposed another time.
    Amended,
    /// Both sides agreed on the time.
    Scheduled,
    /// The driver declined. Final.
    Rejected,
    /// Staff cancelled it. Final.
    Cancelled,
    /// It took place. Final.
    Completed,
    /// A side did not appear. Final.
    NoShow,
}

impl InterviewStatus {
    /// The statuses that reserve time and can still change.
    pub const OPEN: [Self; 3] = [Self::Pending, Self::Amended, Self::Scheduled];

    /// The statuses that wait for the answer of a side.
    pub const WAITING: [Self; 2] = [Self::Pending, Self::Amended];

    /// The side whose answer an interview with this status waits for, if this side proposed the time of an amended one.
    #[must_use]
    pub fn awaiting(self, proposed_by: Option<Side>) -> Option<Side> {
        match self {
            Self::Pending => Some(Side::Interviewee),
            Self::Amended => proposed_by.map(Side::other),
            _ => None,
        }
    }
}

/// One of the two sides that agree on a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, Serialize, VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Side {
    /// Any staff of the interview's company.
    Interviewer,
    /// The driver.
    Interviewee,
}

impl Side {
    /// The opposite side.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Interviewer => Self::Interviewee,
            Self::Interviewee => Self::Interviewer,
        }
    }
}

/// The status to which an interview returns when a proposal is declined or withdrawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum StatusBeforeProposal {
    /// The driver had not answered.
    Pending,
    /// Both sides had agreed on a time.
    Scheduled,
}

impl From<StatusBeforeProposal> for State {
    fn from(before: StatusBeforeProposal) -> Self {
        match before {
            StatusBeforeProposal::Pending => Self::Pending,
            StatusBeforeProposal::Scheduled => Self::Scheduled,
        }
    }
}

/// Another time that one side proposed. It reserves nothing until the other side accepts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The proposed time.
    pub slot: TimeSlot,
    /// The side that proposed it.
    pub by: Side,
    /// The status before the first proposal.
    pub before: StatusBeforeProposal,
}

/// An [`InterviewStatus`] with its data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// See [`InterviewStatus::Pending`].
    Pending,
    /// See [`InterviewStatus::Amended`].
    Amended(Proposal),
    /// See [`InterviewStatus::Scheduled`].
    Scheduled,
    /// See [`InterviewStatus::Rejected`].
    Rejected {
        /// The driver's reason.
        reason: Option<String>,
    },
    /// See [`InterviewStatus::Cancelled`].
    Cancelled {
        /// The reason that staff gave.
        reason: Option<String>,
    },
    /// See [`InterviewStatus::Completed`].
    Completed,
    /// See [`InterviewStatus::NoShow`].
    NoShow {
        /// The side that did not appear.
        absent: Side,
    },
}

impl State {
    /// The status without its data.
    #[must_use]
    pub fn status(&self) -> InterviewStatus {
        match self {
            Self::Pending => InterviewStatus::Pending,
            Self::Amended(_) => InterviewStatus::Amended,
            Self::Scheduled => InterviewStatus::Scheduled,
            Self::Rejected { .. } => InterviewStatus::Rejected,
            Self::Cancelled { .. } => InterviewStatus::Cancelled,
            Self::Completed => InterviewStatus::Completed,
            Self::NoShow { .. } => InterviewStatus::NoShow,
        }
    }
}
