//! Top-level GraphQL errors, internal errors, limits and introspection.

mod graphql_errors;
mod internal_errors;
mod introspection;
mod limits;
