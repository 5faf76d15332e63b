//! The GraphQL API: types, queries, mutations, loaders, and how refusals become user errors. A resolver is a doorway of a few lines;
//! no SQL and no rules are here.

mod batching;
mod connection;
mod cursor;
mod error;
mod inputs;
mod loaders;
mod mutation;
mod query;
mod scalars;
mod session;
mod types;
mod user_errors;

pub use error::{Code, error_with_code, internal};
pub use session::Session;

use crate::services::SharedServices;
use async_graphql::{EmptySubscription, Request, Response, SDLExportOptions, parser::parse_query};

/// The schema that the server executes.
pub type Schema = async_graphql::Schema<query::Query, mutation::Mutation, EmptySubscription>;

/// Builds the schema.
#[must_use]
pub fn schema() -> Schema {
    Schema::build(query::Query, mutation::Mutation, EmptySubscription).finish()
}

/// The schema in the definition language, as `schema.graphql` holds it.
#[must_use]
pub fn sdl() -> String {
    let sdl =
        schema().sdl_with_options(SDLExportOptions::new().include_specified_by().prefer_single_line_descriptions());
    format!("{}\n", sdl.trim_end())
}

/// Executes one request for one viewer, or for nobody, who is let into introspection alone.
pub async fn execute(schema: &Schema, services: SharedServices, session: Session, request: Request) -> Response {
    let document = match parse_query(&request.query) {
        Ok(document) => document,
        Err(error) => {
            let mut error = async_graphql::ServerError::from(error);
            error::give_code(&mut error, Code::GraphqlParseFailed);
            return Response::from_errors(vec![error]);
        }
    };
    let fetches = batching::Queue::default();
    let loader = loaders::new(services.clone(), session.viewer.clone(), fetches.clone());
    let mut request = request.data(services).data(session).data(loader);
    request.set_parsed_query(document);
    let mut response = batching::drive(fetches, schema.execute(request)).await;
    response.errors.iter_mut().for_each(error::complete);
    response
}
