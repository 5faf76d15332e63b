//! The rules of interview scheduling as plain types and functions: what an interview is, who may do what to it, and what each
//! action makes of it. No I/O, no async, no SQL, no GraphQL; the time is always a parameter.

mod change;
pub mod filter;
mod ids;
mod interview;
mod lifecycle;
pub mod page;
mod patch;
mod people;
mod refusal;
mod slot;
mod text;
pub mod time;
mod version;
mod viewer;

pub use change::{Event, EventType, Field, FieldChange, LogPosition};
pub use ids::{CompanyId, EventId, InterviewId, IntervieweeId, UserId};
pub use interview::{Agreement, Interview, InterviewKind, InterviewStatus, Proposal, Side, State};
pub use lifecycle::{Action, Command, IntervieweeEffect, Transition};
pub use patch::{Booking, InterviewPatch, Patch, References};
pub use people::{Company, Interviewee, IntervieweeKind, People, User};
pub use refusal::{Conflict, Mistake, MistakeCode, Refusal};
pub use slot::{SlotError, TimeSlot};
pub use text::Names;
pub use version::ExpectedVersion;
pub use viewer::{Authority, Role, Scope, Viewer};

pub(crate) use text::named_enum;
