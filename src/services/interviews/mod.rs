//! Use cases on interviews: commands change them, queries read them.

pub mod commands;
pub mod queries;
