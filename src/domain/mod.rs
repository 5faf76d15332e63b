//! The rules of interview scheduling as plain types and functions: what an interview is, who may change it, and what
//! each action makes of it. No I/O, no async, no SQL, no GraphQL. The current time is always a parameter.

mod audience;
pub mod calendar;
mod company_settings;
pub mod erasure;
mod event;
mod event_filter;
mod event_log;
mod expected_version;
mod field;
mod field_error;
mod idempotency;
mod ids;
mod interview;
pub mod page;
mod patch;
mod people;
pub mod provisioning;
mod refusal;
mod reminder;
mod retention;
mod search;
pub mod text;
pub mod time;
mod time_slot;
mod time_zone;
mod viewer;
pub mod webhook;
mod whole_number;

pub use audience::Audience;
pub use company_settings::{CompanySettings, Setting, SettingError, SettingsPatch, SettingsUpdate};
pub use event::{Event, EventType, FieldChange};
pub use event_filter::EventFilter;
pub use event_log::{Epoch, LogCursor, LogPosition, Since};
pub use expected_version::{ExpectedVersion, Versions};
pub use field::Field;
pub use field_error::FieldError;
pub use idempotency::{IdempotencyKey, Interface, KeyedRequest, RememberedRequest};
pub use ids::{CompanyId, DeliveryId, EventId, FeedId, InterviewId, IntervieweeId, UserId, WebhookId};
pub use interview::booking::Booking;
pub use interview::command::{Command, IntervieweeEffect, References, Transition};
pub use interview::edit::InterviewPatch;
pub use interview::filter;
pub use interview::lifecycle::Action;
pub use interview::limits::BookingLimits;
pub use interview::past::{RecentPast, ValuesAtEvent};
pub use interview::state::{InterviewStatus, Proposal, Side, State, StatusBeforeProposal};
pub use interview::timing::Timing;
pub use interview::warning::{Warning, WarningCode};
pub use interview::{Interview, InterviewKind};
pub use patch::Patch;
pub use people::{
    Account, Company, InterviewWithPeople, Interviewee, IntervieweeKind, Participants, User, is_token_accepted,
};
pub use refusal::{Conflict, Refusal, RefusalCode};
pub use reminder::{DueReminder, ReminderKind, ReminderRule};
pub use retention::Retention;
pub use search::{Search, fold};
pub use text::{Breaks, TextProblem};
pub use time_slot::{SlotError, TimeSlot};
pub use time_zone::{TimeZone, UnknownTimeZone};
pub use viewer::{Authority, Role, Scope, Viewer};
pub use whole_number::whole_number;
