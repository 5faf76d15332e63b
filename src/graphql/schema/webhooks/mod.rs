//! Webhooks, in the schema.

mod delivery;
pub mod enums;
mod inputs;
pub mod mutations;
mod object;
mod payload;
pub mod queries;
mod user_errors;
