//! Seaography's generated schema over the peers' tables, with every option at its default.

use async_graphql_axum::{GraphQLRequest, GraphQLResponse};
use axum::{Router, extract::State, routing::post};
use seaography::{Builder, BuilderContext, async_graphql::dynamic::Schema, lazy_static::lazy_static};
use seaography_peer::entities;

lazy_static! {
    static ref CONTEXT: BuilderContext = BuilderContext::default();
}

async fn graphql(State(schema): State<Schema>, request: GraphQLRequest) -> GraphQLResponse {
    schema.execute(request.into_inner()).await.into()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let database = sea_orm::Database::connect(std::env::var("DATABASE_URL")?).await?;
    let builder = entities::register_entity_modules(Builder::new(&CONTEXT, database.clone()));
    let schema = builder.schema_builder().data(database).finish()?;
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{}", std::env::var("PORT")?)).await?;
    axum::serve(listener, Router::new().route("/graphql", post(graphql)).with_state(schema)).await?;
    Ok(())
}
