//! HTTP: the router, GraphQL over HTTP and over sockets, the REST API, the explorer, health, and what every answer has. No SQL and no
//! rules.

mod authorization;
mod content_type;
mod error_response;
pub mod explorer;
mod graphql;
mod health;
mod middleware;
mod rest;
pub(crate) mod server;
mod websocket;

use crate::domain::Side;
use crate::graphql::Engine;
use crate::services::SharedServices;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderMap, Uri};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{any, get, patch, post};
use error_response::ErrorFormat;
use explorer::Explorer;
use server::shutdown::ConnectionTracker;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};

/// What the handlers share.
#[derive(Clone)]
pub(crate) struct Server {
    /// The use cases.
    pub services: SharedServices,
    /// The GraphQL API.
    pub engine: Engine,
    /// The page for browsers.
    pub explorer: Explorer,
    /// What a request may cost.
    pub limits: Arc<Limits>,
    /// A permit for each request in flight.
    pub in_flight: Arc<Semaphore>,
    /// The connections that stay open.
    pub connections: ConnectionTracker,
    /// The origins whose pages may call the server.
    pub origins: Arc<[String]>,
}

/// What a request may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The largest body, in bytes.
    pub body: usize,
    /// The most operations in a batch.
    pub batch: usize,
    /// The longest time for sending a body.
    pub body_time: Duration,
    /// The longest time for one request.
    pub time: Duration,
    /// The longest time for a WebSocket's first message.
    pub init_time: Duration,
    /// The longest time in which a WebSocket's client takes nothing of what is sent to it.
    pub write_time: Duration,
    /// How often a connection that stays open shows that it does.
    pub ping: Duration,
    /// The most operations at a time on one WebSocket.
    pub subscriptions: usize,
}

/// Every route of the server.
pub(crate) fn router(server: Server) -> Router {
    let rest = Router::new()
        .route("/interviews", post(rest::create))
        .route("/interviews/{id}", patch(rest::update))
        .route("/interviews/{id}/amend", post(|s, c, id, body| rest::amend(Side::Interviewer, s, c, id, body)))
        .route("/interviews/{id}/accept", post(|s, c, id| rest::accept(Side::Interviewer, s, c, id)))
        .route("/interviews/{id}/cancel", post(rest::cancel))
        .route("/users/interviews/{id}/amend", post(|s, c, id, body| rest::amend(Side::Interviewee, s, c, id, body)))
        .route("/users/interviews/{id}/accept", post(|s, c, id| rest::accept(Side::Interviewee, s, c, id)))
        .route("/users/interviews/{id}/reject", post(rest::reject))
        .fallback(|| async { error_response::no_route(ErrorFormat::Rest) })
        .method_not_allowed_fallback(|| async { error_response::no_method(ErrorFormat::Rest) })
        .layer(from_fn(middleware::runtime));
    let router = Router::new()
        .route("/graphql", get(graphql::get).post(graphql::post).fallback(graphql::other))
        .nest("/api/v1", rest)
        .layer(from_fn_with_state(server.clone(), middleware::limit))
        .layer(DefaultBodyLimit::disable()) // ours is the one above
        .route("/livez", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/", any(graphql::redirect))
        .merge(explorer::assets())
        .fallback(
            |uri: Uri, headers: HeaderMap| async move { error_response::no_route(ErrorFormat::of(&uri, &headers)) },
        )
        .method_not_allowed_fallback(|uri: Uri, headers: HeaderMap| async move {
            error_response::no_method(ErrorFormat::of(&uri, &headers))
        })
        // An event that waits in a compressor is late.
        .layer(CompressionLayer::new().gzip(true).compress_when(SizeAbove::new(1024).and(NotForContentType::SSE)));
    let router = if server.origins.is_empty() { router } else { router.layer(middleware::cors(&server.origins)) };
    router.layer(from_fn(middleware::every_answer)).with_state(server)
}
