//! Tokens: which are accepted, how they are sent, and how soon a revoked one or a changed user counts.

mod claims;
mod signing_in;
