//! The REST routes: documented answers, errors, and the same results as GraphQL.

#[macro_use]
mod response;

mod addresses;
mod create_interview;
mod preconditions;
mod request;
mod routes;
mod same_as_graphql;
mod update_interview;
