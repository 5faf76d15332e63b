//! The domain's enums as GraphQL shows them.

use crate::domain;
use crate::graphql::direct_json::{JsonScalar, write_enum};
use async_graphql::Enum;

/// How the two sides of an interview meet.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::InterviewKind")]
pub enum InterviewKind {
    /// Over a video link.
    VideoCall,
    /// At a place.
    InPerson,
    /// By telephone.
    PhoneCall,
}

/// Where an interview is in its life.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::InterviewStatus")]
pub enum InterviewStatus {
    /// The driver has not answered yet.
    Pending,
    /// One side proposed another time, and the other has not answered yet.
    Amended,
    /// Both sides agreed on the time.
    Scheduled,
    /// The driver declined. Final.
    Rejected,
    /// Staff called it off. Final.
    Cancelled,
    /// It took place. Final.
    Completed,
    /// A side did not appear. Final.
    NoShow,
}

/// How far an application has come.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::IntervieweeKind")]
pub enum IntervieweeKind {
    /// The driver's papers were checked.
    Verified,
    /// An interview was arranged.
    Interview,
    /// The driver was taken on.
    Accepted,
    /// The driver rejected an interview.
    Rejected,
}

/// One of the two sides that agree on a time.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::Side")]
pub enum Side {
    /// Any staff of the interview's company.
    Interviewer,
    /// The driver.
    Interviewee,
}

/// What kind of user somebody is.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::Role")]
pub enum Role {
    /// Applies to companies; sees the interviews in which they are the driver.
    Driver,
    /// Works for one company; sees its interviews.
    Staff,
    /// Runs the platform; sees everything and can act for either side.
    Admin,
}

/// What can be done to an interview. Each is a mutation.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::Action")]
pub enum InterviewAction {
    /// `updateInterview`
    Update,
    /// `amendInterview`
    Amend,
    /// `acceptInterview`
    Accept,
    /// `declineAmendment`
    DeclineAmendment,
    /// `withdrawAmendment`
    WithdrawAmendment,
    /// `rejectInterview`
    Reject,
    /// `cancelInterview`
    Cancel,
    /// `completeInterview`
    Complete,
    /// `markNoShow`
    MarkNoShow,
}

/// What happened to an interview.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::EventType")]
pub enum InterviewEventType {
    /// It was created.
    Created,
    /// Staff edited it.
    Updated,
    /// A side proposed another time.
    Amended,
    /// A side agreed to the interview, or to the proposed time.
    Accepted,
    /// The proposed time was turned down.
    AmendmentDeclined,
    /// The proposed time was taken back by the side that had proposed it.
    AmendmentWithdrawn,
    /// The driver declined the interview.
    Rejected,
    /// Staff called it off.
    Cancelled,
    /// It took place.
    Completed,
    /// A side did not appear.
    NoShow,
}

macro_rules! written {
    ($($name:ident)*) => {$(
        impl JsonScalar for $name {
            fn write(&self, out: &mut Vec<u8>) {
                write_enum(*self, out);
            }
        }
    )*};
}

written! { InterviewKind InterviewStatus IntervieweeKind Side }
