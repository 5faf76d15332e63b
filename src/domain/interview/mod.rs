//! An interview and the states it can be in.

pub mod filter;
pub mod lifecycle;

use crate::domain::{CompanyId, InterviewId, IntervieweeId, TimeSlot, UserId, named_enum};
use chrono::{DateTime, Utc};

named_enum! {
    /// How the two sides meet.
    pub enum InterviewKind {
        /// Over a video link.
        VideoCall = "video_call",
        /// At a place.
        InPerson = "in_person",
        /// By telephone.
        PhoneCall = "phone_call",
    }
}

named_enum! {
    /// Where an interview is in its life.
    pub enum InterviewStatus {
        /// The driver has not answered yet.
        Pending = "pending",
        /// One side proposed another time.
        Amended = "amended",
        /// Both sides agreed.
        Scheduled = "scheduled",
        /// The driver declined. Final.
        Rejected = "rejected",
        /// Staff called it off. Final.
        Cancelled = "cancelled",
        /// It took place. Final.
        Completed = "completed",
        /// A side did not appear. Final.
        NoShow = "no_show",
    }
}

impl InterviewStatus {
    /// The statuses that reserve time and can still change.
    pub const OPEN: [Self; 3] = [Self::Pending, Self::Amended, Self::Scheduled];
}

named_enum! {
    /// One of the two sides that agree on a time.
    pub enum Side {
        /// Any staff of the interview's company.
        Interviewer = "interviewer",
        /// The driver.
        Interviewee = "interviewee",
    }
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

/// What held before a proposal was made, and holds again when it is declined or withdrawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusBeforeProposal {
    /// The driver had not answered.
    Pending,
    /// Both sides had agreed on a time.
    Scheduled,
}

impl From<StatusBeforeProposal> for State {
    fn from(agreement: StatusBeforeProposal) -> Self {
        match agreement {
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
    /// What the interview was before.
    pub before: StatusBeforeProposal,
}

/// The status with what belongs to it alone.
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
        /// What the driver said.
        reason: Option<String>,
    },
    /// See [`InterviewStatus::Cancelled`].
    Cancelled {
        /// What staff said.
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

/// An interview of a company's interviewer with a driver who applied there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interview {
    /// Its id.
    pub id: InterviewId,
    /// The tenant. Always the interviewee's.
    pub company_id: CompanyId,
    /// The interviewee's driver.
    pub driver_id: UserId,
    /// The driver's application.
    pub interviewee_id: IntervieweeId,
    /// Staff of the company.
    pub interviewer_id: UserId,
    /// How they meet.
    pub kind: InterviewKind,
    /// Where it is in its life.
    pub state: State,
    /// The time it takes; a proposal stands in [`State::Amended`].
    pub slot: TimeSlot,
    /// Free text: a link or a place.
    pub location: Option<String>,
    /// Booked over a clash on purpose: reserves no time.
    pub allow_overlap: bool,
    /// Goes up by one with every change.
    pub version: i32,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl Interview {
    /// The status alone.
    #[must_use]
    pub fn status(&self) -> InterviewStatus {
        match self.state {
            State::Pending => InterviewStatus::Pending,
            State::Amended(_) => InterviewStatus::Amended,
            State::Scheduled => InterviewStatus::Scheduled,
            State::Rejected { .. } => InterviewStatus::Rejected,
            State::Cancelled { .. } => InterviewStatus::Cancelled,
            State::Completed => InterviewStatus::Completed,
            State::NoShow { .. } => InterviewStatus::NoShow,
        }
    }

    /// Whose time it takes, and which: none when it can no longer take place, or was booked over a clash on purpose.
    #[must_use]
    pub fn reservation(&self) -> Option<([UserId; 2], TimeSlot)> {
        let reserves = !self.allow_overlap && InterviewStatus::OPEN.contains(&self.status());
        reserves.then_some(([self.driver_id, self.interviewer_id], self.slot))
    }

    /// The people whose time it reserves and did not reserve `before` a change, or reserved at another time.
    #[must_use]
    pub fn newly_reserves_time_of(&self, before: Option<&Self>) -> Option<[UserId; 2]> {
        let (people, slot) = self.reservation()?;
        (before.and_then(Self::reservation) != Some((people, slot))).then_some(people)
    }

    /// The proposal that waits for an answer.
    #[must_use]
    pub fn proposal(&self) -> Option<Proposal> {
        match self.state {
            State::Amended(proposal) => Some(proposal),
            _ => None,
        }
    }

    /// What was said when it was rejected or cancelled.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match &self.state {
            State::Rejected { reason } | State::Cancelled { reason } => reason.as_deref(),
            _ => None,
        }
    }

    /// The side that did not appear.
    #[must_use]
    pub fn absent(&self) -> Option<Side> {
        match self.state {
            State::NoShow { absent } => Some(absent),
            _ => None,
        }
    }

    /// The side that has to answer next.
    #[must_use]
    pub fn awaiting(&self) -> Option<Side> {
        match &self.state {
            State::Pending => Some(Side::Interviewee),
            State::Amended(proposal) => Some(proposal.by.other()),
            _ => None,
        }
    }
}
