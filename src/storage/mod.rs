//! All SQL, for SQLite and PostgreSQL: functions over a connection or transaction that take and return domain types. No rules.

pub mod bulk_insert;
pub mod companies;
mod database;
mod entities;
pub mod event_log;
pub mod interviewees;
pub mod interviews;
pub mod unit_of_work;
pub mod users;

pub use database::error::StorageError;
pub use database::pool::{Pool, Transaction};
pub use database::{DatabaseOptions, Db, MigrationState};
/// Where a query can run: in the pool or in a transaction.
pub use sea_orm::ConnectionTrait as Connection;

/// What storage functions return.
pub type Result<T, E = StorageError> = std::result::Result<T, E>;
