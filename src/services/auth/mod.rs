//! Tokens, signing in, and the sessions of connections that stay open.

pub mod authentication;
pub mod live_sessions;
pub mod token_problem;
pub mod tokens;
