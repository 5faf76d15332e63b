//! All SQL, for SQLite and PostgreSQL: functions over a connection or transaction that take and return domain types. No rules.

pub mod companies;
mod db;
mod entities;
mod error;
pub mod events;
pub mod interviewees;
pub mod interviews;
mod lease;
mod list;
mod pool;
pub mod recording;
mod rows;
pub mod seeding;
mod texts;
pub mod users;
pub mod with_people;

pub use db::{Db, DbOptions, MigrationState};
pub use error::StorageError;
pub use pool::{Pool, Transaction};
/// Where a query can run: in the pool or in a transaction.
pub use sea_orm::ConnectionTrait as Connection;

/// What storage functions return.
pub type Result<T, E = StorageError> = std::result::Result<T, E>;
