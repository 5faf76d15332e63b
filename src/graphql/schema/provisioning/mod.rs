//! What the platform feeds into the server, in the schema.

pub mod company;
mod inputs;
pub mod mutations;
mod payload;
pub mod queries;
pub mod user;
