//! Tokens, sign-in, and sessions of open connections.

pub mod authentication;
pub mod live_sessions;
pub mod tokens;
