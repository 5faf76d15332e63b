//! The GraphQL API: types, queries, mutations, loaders, and how refusals become user errors. A resolver is a doorway of a few lines;
//! no SQL and no rules are here.

pub mod batching;
mod connection;
mod cursor;
mod direct;
pub mod document;
mod engine;
mod error;
mod inputs;
pub mod json;
mod loaders;
mod mutation;
mod query;
mod rates;
mod scalars;
mod session;
mod types;
mod user_errors;

pub use document::Refused;
pub use engine::{Engine, Outcome, Permitted};
pub use error::{Code, error_with_code, internal};
pub use session::Session;

use async_graphql::{EmptySubscription, SDLExportOptions, ValidationMode};

/// The schema that the server executes.
type Schema = async_graphql::Schema<query::Query, mutation::Mutation, EmptySubscription>;

/// Builds the schema. Documents are validated before they come to it, by [`document`].
fn schema() -> Schema {
    Schema::build(query::Query, mutation::Mutation, EmptySubscription).validation_mode(ValidationMode::Fast).finish()
}

/// The schema in the definition language, as `schema.graphql` holds it.
#[must_use]
pub fn sdl() -> String {
    let sdl = schema().sdl_with_options(SDLExportOptions::new().include_specified_by());
    format!("{}\n", sdl.trim_end())
}
