//! Use cases on interviews.

mod attempts;
pub mod bulk;
pub mod commands;
mod conflicts;
pub mod queries;
