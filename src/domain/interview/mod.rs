//! An interview, and what can be read off it.

pub(crate) mod booking;
pub(crate) mod command;
pub(crate) mod edit;
pub mod filter;
mod history;
pub(crate) mod lifecycle;
pub(crate) mod limits;
pub mod past;
pub(crate) mod state;
pub(crate) mod timing;
pub(in crate::domain) mod validate;
pub(crate) mod warning;

use crate::domain::{
    CompanyId, ExpectedVersion, InterviewId, InterviewStatus, IntervieweeId, Proposal, Refusal, Side, State, TimeSlot,
    UserId,
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use strum::{EnumString, IntoStaticStr, VariantArray};

/// How the two sides meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, Serialize, VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum InterviewKind {
    /// Over a video link.
    VideoCall,
    /// At a place.
    InPerson,
    /// By telephone.
    PhoneCall,
}

/// An interview of a company's interviewer with a driver who applied there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interview {
    /// Assigned by the database; 0 until the interview is stored.
    pub id: InterviewId,
    /// The tenant. Always the interviewee's company.
    pub company_id: CompanyId,
    /// Always the interviewee's driver.
    pub driver_id: UserId,
    /// The driver's application.
    pub interviewee_id: IntervieweeId,
    /// A member of the company's staff.
    pub interviewer_id: UserId,
    /// How the two sides meet.
    pub kind: InterviewKind,
    /// The status with its data.
    pub state: State,
    /// The time that the interview reserves. A proposed time is part of [`State::Amended`].
    pub slot: TimeSlot,
    /// Free text: a link or a place.
    pub location: Option<String>,
    /// Whether the interview may overlap with others at its time, with its people. If so it reserves no time.
    pub allow_overlap: bool,
    /// Begins at 1, and is incremented with every change.
    pub version: i32,
    /// The time of the event [`Created`](crate::domain::EventType::Created).
    pub created_at: DateTime<Utc>,
    /// The time of the last event.
    pub updated_at: DateTime<Utc>,
}

impl Interview {
    /// The status without its data.
    #[must_use]
    pub fn status(&self) -> InterviewStatus {
        self.state.status()
    }

    /// The people and the time that the interview reserves; none if it can no longer take place or allows overlaps.
    #[must_use]
    pub fn reservation(&self) -> Option<([UserId; 2], TimeSlot)> {
        let reserves = !self.allow_overlap && InterviewStatus::OPEN.contains(&self.status());
        reserves.then_some(self.people_and_slot())
    }

    fn people_and_slot(&self) -> ([UserId; 2], TimeSlot) {
        (self.people(), self.slot)
    }

    /// The driver and the interviewer.
    #[must_use]
    pub fn people(&self) -> [UserId; 2] {
        [self.driver_id, self.interviewer_id]
    }

    /// The people whose time it reserves, unless it reserved the same time of the same people `before` a change.
    #[must_use]
    pub fn newly_reserves_time_of(&self, before: Option<&Self>) -> Option<[UserId; 2]> {
        let (people, slot) = self.reservation()?;
        (before.and_then(Self::reservation) != Some((people, slot))).then_some(people)
    }

    /// The proposal that the other side has not answered yet.
    #[must_use]
    pub fn proposal(&self) -> Option<Proposal> {
        match self.state {
            State::Amended(proposal) => Some(proposal),
            _ => None,
        }
    }

    /// The reason of a rejection or cancellation.
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

    /// The side whose answer the interview waits for.
    #[must_use]
    pub fn awaiting(&self) -> Option<Side> {
        self.status().awaiting(self.proposal().map(|proposal| proposal.by))
    }

    /// Checks the version that a request was made for. Refuses with [`Refusal::Stale`].
    pub fn expect_version(&self, expected: &ExpectedVersion) -> Result<(), Refusal> {
        if expected.matches(self.version) { Ok(()) } else { Err(Refusal::Stale(Box::new(self.clone()))) }
    }
}
