//! The GraphQL API: types, queries, mutations, subscriptions, loaders, and how refusals become user errors. A resolver is a doorway of a few lines;
//! no SQL and no rules are here.

mod context;
mod direct_json;
pub mod engine;
mod loaders;
mod relay;
mod schema;

pub use context::RequestContext;
pub use engine::document::RequestError;
pub use engine::error::{Code, error_with_code, internal, internal_error};
pub use engine::subscriptions::{ResponseStream, StreamEnd};
pub use engine::{AllowedOperations, Engine, Execution, Outcome};

use async_graphql::{SDLExportOptions, ValidationMode};
use schema::interview::mutations::Mutation;
use schema::interview::queries::Query;
use schema::interview::subscription::Subscription;

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
