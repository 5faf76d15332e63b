//! Enums: those of the domain under their GraphQL names.

use crate::domain;
use crate::graphql::direct_json::json_enums;
use async_graphql::Enum;

/// How the two sides of an interview meet.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::InterviewKind")]
pub enum InterviewKind {
    /// By video call.
    VideoCall,
    /// At a place.
    InPerson,
    /// By telephone.
    PhoneCall,
}

/// The state of an interview. `REJECTED`, `CANCELLED`, `COMPLETED` and `NO_SHOW` are final.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::InterviewStatus")]
pub enum InterviewStatus {
    /// The driver has not accepted or rejected the interview yet.
    Pending,
    /// One side has proposed another time, and the other side has not answered yet.
    Amended,
    /// Both sides have agreed on the time.
    Scheduled,
    /// The driver has rejected the interview.
    Rejected,
    /// Staff have cancelled the interview.
    Cancelled,
    /// The interview has taken place.
    Completed,
    /// One side did not appear.
    NoShow,
}

/// The state of a driver's application.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::IntervieweeKind")]
pub enum IntervieweeKind {
    /// The driver's documents were checked, and the application has no open interview.
    Verified,
    /// An interview was created for the application.
    Interview,
    /// The company has accepted the application.
    Accepted,
    /// The driver has rejected an interview of the application.
    Rejected,
}

/// One of the two sides of an interview.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::Side")]
pub enum Side {
    /// The company: any member of its staff can act for it.
    Interviewer,
    /// The driver.
    Interviewee,
}

/// The role of a user.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::Role")]
pub enum Role {
    /// Sees the interviews in which they are the driver, and acts for the side `INTERVIEWEE`.
    Driver,
    /// Sees the interviews of their company, and acts for the side `INTERVIEWER`.
    Staff,
    /// Sees all interviews, and can act for either side.
    Admin,
    /// A program of the platform: sees all interviews, and acts for no side.
    Service,
}

/// An action on an interview. Each action is a mutation.
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

/// The type of an event in the history of an interview.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::EventType")]
pub enum InterviewEventType {
    /// The interview was created.
    Created,
    /// Staff updated fields of the interview.
    Updated,
    /// One side proposed another time.
    Amended,
    /// The driver accepted the pending interview, or one side accepted the proposed time.
    Accepted,
    /// The other side declined the proposed time.
    AmendmentDeclined,
    /// The proposing side withdrew the proposed time.
    AmendmentWithdrawn,
    /// The driver rejected the interview.
    Rejected,
    /// Staff cancelled the interview.
    Cancelled,
    /// Staff recorded that the interview took place.
    Completed,
    /// Staff recorded that one side did not appear.
    NoShow,
    /// The interview begins in so many minutes as its company has set. A reminder: nothing changes, and nobody did it.
    ReminderDue,
    /// The interview has waited for an answer for so many hours as its company has set. A reminder, like
    /// `REMINDER_DUE`.
    AnswerOverdue,
}

/// The kind of a warning.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::WarningCode")]
pub enum WarningCode {
    /// The time has begun already. The year may be mistyped.
    InThePast,
}

json_enums! { InterviewKind InterviewStatus IntervieweeKind Role Side }
