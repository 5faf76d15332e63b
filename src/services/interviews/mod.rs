//! Use cases on interviews.

pub mod commands;
mod conflicts;
pub mod queries;
