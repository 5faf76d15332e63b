//! All SQL, for PostgreSQL and SQLite: functions that take a connection or transaction, and take and return domain
//! types. No rules.

pub(crate) mod accounts;
mod backup;
pub(crate) mod bulk_insert;
pub(crate) mod calendars;
pub(crate) mod cleanup;
pub(crate) mod companies;
pub(crate) mod company_settings;
mod database;
mod entities;
pub(crate) mod erasure;
pub mod event_log;
mod folded_names;
mod grouping;
pub(crate) mod history;
pub(crate) mod idempotency;
mod interview_queue;
pub(crate) mod interviewees;
pub mod interviews;
pub(crate) mod person;
pub(crate) mod provisioning;
pub(crate) mod recent_past;
mod reminder_times;
pub(crate) mod reminders;
pub(crate) mod time_locks;
pub mod tokens;
pub mod unit_of_work;
pub(crate) mod users;
pub(crate) mod webhooks;

pub use backup::BackupError;
pub use database::{
    DatabaseOptions, Db, LockWait, MigrationState, Outage, Pool, RequestChanges, StorageError, Synchronous,
    Transaction, UserReader, share_connections,
};

/// The target under which the driver logs what PostgreSQL sends to each session beside its responses, for example that
/// it shuts down. The storage logs an outage once.
pub const POSTGRES_NOTICES: &str = "sqlx::postgres::notice";

/// The result of a storage function.
pub type Result<T, E = StorageError> = std::result::Result<T, E>;
