//! Use cases on interviews: commands change them, queries read them.

pub mod commands;
mod conflicts;
pub mod queries;
