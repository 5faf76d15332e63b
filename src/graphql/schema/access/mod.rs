//! Ending the access of people, in the schema: revoked tokens, and erased users.

mod inputs;
pub mod mutations;
mod payload;
