//! The rules of interview scheduling as plain types and functions: what an interview is, who may do what to it, and what each
//! action makes of it. No I/O, no async, no SQL, no GraphQL; the time is always a parameter.

mod event;
mod expected_version;
mod ids;
mod interview;
pub mod page;
mod patch;
mod people;
mod refusal;
mod text;
pub mod time;
mod time_slot;
mod viewer;

pub use event::{Event, EventType, Field, FieldChange, LogPosition};
pub use expected_version::ExpectedVersion;
pub use ids::{CompanyId, EventId, InterviewId, IntervieweeId, UserId};
pub use interview::filter;
pub use interview::lifecycle::{Action, Command, IntervieweeEffect, Transition};
pub use interview::{Interview, InterviewKind, InterviewStatus, Proposal, Side, State, StatusBeforeProposal};
pub use patch::{Booking, InterviewPatch, Patch, References};
pub use people::{Company, InterviewWithPeople, Interviewee, IntervieweeKind, Participants, User};
pub use refusal::{Conflict, FieldError, FieldErrorCode, Refusal};
pub use text::Names;
pub use time_slot::{SlotError, TimeSlot};
pub use viewer::{Authority, Role, Scope, Viewer};

pub(crate) use text::named_enum;
