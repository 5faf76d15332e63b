//! Top-level GraphQL errors, internal errors and limits.

mod graphql_errors;
mod internal_errors;
mod limits;
