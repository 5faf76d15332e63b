//! Interviews in people's own calendars, in the schema.

mod feed;
pub mod links;
pub mod mutations;
mod payload;
pub mod queries;
