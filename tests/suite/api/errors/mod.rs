//! Top-level GraphQL errors, wrong variables, internal errors, limits, the rate limit and introspection.

mod graphql_errors;
mod internal_errors;
mod introspection;
mod limits;
mod rate_limit;
mod variables;
