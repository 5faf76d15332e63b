//! Top-level errors, wrong variables, internal errors, limits, the rate limit, when to retry, and introspection.

mod graphql_errors;
mod internal_errors;
mod introspection;
mod limits;
mod rate_limit;
mod retry_after;
mod variables;
