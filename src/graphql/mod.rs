//! The GraphQL API: types, queries, mutations, subscriptions, loaders, and how refusals become user errors. A resolver is a doorway of a few lines;
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
mod live;
mod loaders;
mod mutation;
mod query;
mod rates;
mod scalars;
mod session;
mod subscription;
mod types;
mod user_errors;

pub use document::Refused;
pub use engine::{Engine, Opened, Outcome, Permitted};
pub use error::{Code, error_with_code, internal, internal_error};
pub use live::{Ended, Live};
pub use session::Session;

use async_graphql::{SDLExportOptions, ValidationMode};
use mutation::Mutation;
use query::Query;
use subscription::Subscription;

/// The schema that the server executes.
type Schema = async_graphql::Schema<Query, Mutation, Subscription>;

/// Builds the schema. Documents are validated before they come to it, by [`document`].
fn schema() -> Schema {
    Schema::build(Query, Mutation, Subscription).validation_mode(ValidationMode::Fast).finish()
}

/// The schema in the definition language, as `schema.graphql` holds it.
#[must_use]
pub fn sdl() -> String {
    let sdl = schema().sdl_with_options(SDLExportOptions::new().include_specified_by());
    format!("{}\n", sdl.trim_end())
}
