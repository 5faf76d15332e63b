//! The authenticated user in the schema.

mod object;
pub mod queries;
