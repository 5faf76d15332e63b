//! All SQL, for SQLite and PostgreSQL: functions over a connection or transaction that take and return domain types. No rules.

pub mod companies;
mod db;
mod entities;
mod error;
pub mod events;
pub mod interviewees;
pub mod interviews;
mod list;
pub mod seeding;
pub mod users;

pub use db::{Db, DbOptions, MigrationState, Transaction};
pub use error::StorageError;

/// What storage functions return.
pub type Result<T, E = StorageError> = std::result::Result<T, E>;
