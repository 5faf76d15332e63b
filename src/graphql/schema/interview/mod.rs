//! Interviews in the schema.

pub mod event;
pub mod inputs;
pub mod mutations;
pub mod object;
pub mod queries;
pub mod subscription;
pub mod user_errors;
