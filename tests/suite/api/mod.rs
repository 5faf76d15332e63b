//! The public API: GraphQL's queries, mutations and subscriptions, the REST routes, errors, and who may see what.

mod access;
mod authentication;
mod errors;
pub mod mutations;
mod provisioning;
mod queries;
mod rest;
mod schema;
pub mod settings;
pub mod subscriptions;
mod texts;
mod times;
mod visibility;
