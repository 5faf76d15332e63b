//! Interviews in the schema.

pub mod bulk;
mod direct;
pub mod event;
mod field_change;
mod inputs;
pub mod list;
pub mod log_cursor;
pub mod mutations;
pub mod object;
mod operations;
mod payload;
pub mod queries;
pub mod subscription;
pub mod user_errors;
