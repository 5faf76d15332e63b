//! Tokens, signing in, and the sessions of connections that stay open.

pub mod authentication;
pub(crate) mod claims;
pub mod identity_provider;
pub mod live_sessions;
pub mod revocation;
pub mod secrets;
pub mod token_problem;
pub mod tokens;
