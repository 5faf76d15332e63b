//! The settings of companies, in the schema.

mod inputs;
pub mod mutations;
pub mod object;
mod payload;
