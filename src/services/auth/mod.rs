//! Tokens, signing in, and the sessions of connections that stay open.

pub mod authentication;
pub(crate) mod claims;
mod header;
pub mod identity_provider;
pub mod live_sessions;
mod numeric_date;
pub mod revocation;
pub mod secrets;
pub mod token_problem;
pub mod tokens;
