//! Use cases on interviews.

mod attempts;
pub mod commands;
mod conflicts;
pub mod queries;
