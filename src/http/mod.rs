//! The HTTP server: routes, middleware, GraphQL over HTTP and WebSocket, the REST API, the explorer and health checks.
//! No SQL and no rules are here.

mod access_log;
mod calendar;
mod caller;
mod client_network;
mod content_encoding;
mod content_type;
mod deadline;
mod entity_tags;
mod error_response;
pub mod explorer;
mod graphql;
mod health;
pub(crate) mod host;
mod json_memory;
mod json_text;
mod limit_per_key;
mod method_not_allowed;
mod middleware;
pub(crate) mod origin;
pub(crate) mod origins;
pub(crate) mod public_url;
mod rest;
pub(crate) mod server;
pub(crate) mod start;
mod traceparent;
pub(crate) mod trusted_proxies;
mod websocket;

use crate::graphql::{Engine, MemoryBudget};
use crate::services::SharedServices;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::response::Redirect;
use axum::routing::{any, get};
use calendar::FeedReads;
use error_response::{NO_ROUTE, OVERLOADED};
use explorer::Explorer;
use method_not_allowed::method_not_allowed;
pub(crate) use middleware::admission::Admission;
use origins::AllowedOrigins;
use server::long_lived::LongLivedConnections;
use server::shutdown::ConnectionTracker;
use start::StartState;
use std::sync::Arc;
use std::time::Duration;
use tower_http::set_header::SetResponseHeaderLayer;

/// The state that all handlers share.
#[derive(Clone)]
pub(crate) struct ServerState {
    pub(crate) services: SharedServices,
    pub(crate) engine: Engine,
    pub(crate) explorer: Explorer,
    pub(crate) limits: Arc<Limits>,
    /// The requests in flight.
    pub(crate) admission: Admission,
    /// The memory of requests and responses.
    pub(crate) memory: MemoryBudget,
    pub(crate) connections: ConnectionTracker,
    /// WebSockets and event streams.
    pub(crate) long_lived: LongLivedConnections,
    pub(crate) start: StartState,
    /// How often each feed of a calendar is read.
    pub(crate) feed_reads: Arc<FeedReads>,
    /// The pages of other origins that may call the server.
    pub(crate) origins: Arc<AllowedOrigins>,
    /// The names of this server, besides `localhost`. Empty: it has any name.
    pub(crate) allowed_hosts: Arc<[String]>,
}

/// The limits of requests and of long-lived connections.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The largest request body and the largest WebSocket message, in bytes.
    pub(crate) max_body: usize,
    /// The most operations in a batch.
    pub(crate) max_batch: usize,
    /// The longest time for a request body to arrive.
    pub(crate) body_timeout: Duration,
    /// The longest time for a request.
    pub(crate) request_timeout: Duration,
    /// The longest time until the first message of a WebSocket.
    pub(crate) init_timeout: Duration,
    /// A WebSocket is closed when a message could not be written for this long.
    pub(crate) write_timeout: Duration,
    /// The interval of pings on a WebSocket and of comments on an event stream.
    pub(crate) ping_interval: Duration,
    /// The most operations at a time on one WebSocket.
    pub(crate) max_subscriptions: usize,
}

/// Every route of the server, with its middleware.
pub(crate) fn router(server: ServerState) -> Router {
    let limited = |router: Router<ServerState>| {
        let router = router.layer(from_fn_with_state(server.clone(), middleware::enforce_limits));
        // `enforce_limits` has a limit of its own, which can be configured.
        router.layer(DefaultBodyLimit::disable())
    };
    let graphql = get(graphql::get).post(graphql::post).fallback(graphql::other);
    let api = Router::new().route("/graphql", graphql.clone()).route("/graphql/", graphql);
    let no_referrer = SetResponseHeaderLayer::overriding(calendar::NO_REFERRER.0, calendar::NO_REFERRER.1);
    let router = limited(api.nest("/api/v1", rest::router()))
        .nest("/calendar", limited(calendar::router()).layer(no_referrer))
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/", any(|| async { Redirect::temporary("/graphql") }))
        .merge(explorer::assets())
        .fallback(|| async { NO_ROUTE })
        .method_not_allowed_fallback(method_not_allowed);
    middleware::wrap(router, &server.origins, &server.allowed_hosts, &server.memory).with_state(server)
}

/// The routes of connections beyond the limits. The process runs, but it is not ready.
pub(crate) fn overloaded_router(server: ServerState) -> Router {
    let router = Router::new().route("/livez", get(health::live)).fallback(|| async { OVERLOADED });
    middleware::wrap(router, &server.origins, &server.allowed_hosts, &server.memory).with_state(server)
}
