//! Wiring: from settings to a server that listens, and its shutdown.

use crate::config::ServerSettings;
use crate::graphql::{Engine, InterviewsApi, MemoryBudget};
use crate::http;
use crate::http::Admission;
use crate::http::ServerState;
use crate::http::explorer::Explorer;
use crate::http::server::long_lived::LongLivedConnections;
use crate::http::server::shutdown::ConnectionTracker;
use crate::http::server::{self, Routers, Shutdown, descriptors};
use crate::http::start::StartState;
use crate::services::{Clock, Services, SharedServices, Tokens};
use crate::storage::Db;
use std::io;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The server before it listens.
#[derive(Clone)]
pub struct App {
    server: ServerState,
    settings: ServerSettings,
}

impl App {
    /// Wires the services, the GraphQL engine and the HTTP server together.
    #[must_use]
    pub fn new(db: Db, clock: Clock, tokens: Tokens, explorer: Explorer, settings: ServerSettings) -> Self {
        let services = Services::new(db, clock, tokens, settings.services.cache_lifetimes());
        let services = Arc::new(services.with_limits(settings.service_limits()));
        let limits = Arc::new(settings.http.limits());
        let memory = MemoryBudget::new(settings.http.request_memory);
        let engine = Engine::new(InterviewsApi::new(services.clone()), settings.graphql.limits(), memory.clone());
        let admission = Admission::new(settings.http.max_in_flight, settings.http.max_in_flight_per_user);
        let origins = Arc::new(settings.http.allowed_origins());
        let allowed_hosts = settings.http.allowed_hosts.iter().filter(|name| !name.is_empty()).cloned().collect();
        let connections = ConnectionTracker::default();
        let long_lived = LongLivedConnections::new(settings.http.long_lived_limits(), connections.shutdown_signal());
        let start = StartState::default();
        let server = ServerState {
            services,
            engine,
            explorer,
            limits,
            admission,
            memory,
            connections,
            long_lived,
            start,
            origins,
            allowed_hosts,
        };
        Self { server, settings }
    }

    /// The use cases.
    #[must_use]
    pub fn services(&self) -> &SharedServices {
        &self.server.services
    }

    /// The engine of the GraphQL API.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.server.engine
    }

    /// The memory of requests and responses.
    #[must_use]
    pub fn memory(&self) -> &MemoryBudget {
        &self.server.memory
    }

    /// The routes, to call them without a socket.
    pub fn router(&self) -> axum::Router {
        http::router(self.server.clone())
    }

    /// Refuses requests, but for health checks, until [`Self::admit_requests`].
    pub fn hold_requests(&self) {
        self.server.start.hold_requests();
    }

    /// Serves requests from now on.
    pub fn admit_requests(&self) {
        self.server.start.admit_requests();
    }

    /// Serves until `stop` completes, then lets requests in flight finish within the grace period.
    pub async fn serve(self, listener: TcpListener, stop: impl Future<Output = ()> + Send) {
        let limits = self.settings.http.connection_limits().within(descriptors::raise_limit());
        self.server.long_lived.reduce_to(limits.max_long_lived());
        let routers = Routers { main: self.router(), overloaded: http::overloaded_router(self.server.clone()) };
        let timeouts = self.settings.http.timeouts();
        let (tracker, memory) = (&self.server.connections, self.server.memory.clone());
        let serving = server::serve(listener, routers, tracker, limits, timeouts, memory, stop);
        let shutdown = tokio::select! {
            shutdown = serving => shutdown,
            never = self.services().watch_event_log() => never,
            never = self.services().keep_keys_fresh() => never,
        };
        // Requests that are still running hold database connections, and closing the database would wait for them.
        if shutdown == Shutdown::Graceful
            && let Err(error) = self.services().db().close().await
        {
            tracing::warn!(%error, "the database connections could not be closed in order");
        }
    }
}

/// The two steps in which signals stop the process. Either step is SIGTERM or SIGINT (Ctrl-C).
pub struct ShutdownSignals {
    /// Cancelled by the first signal: the server stops gracefully.
    pub drain: CancellationToken,
    /// Cancelled by the second signal: the process ends at once.
    pub abort: CancellationToken,
}

/// Listens for the signals that stop the process.
///
/// # Errors
/// The process cannot listen for signals.
pub fn listen_for_signals() -> io::Result<ShutdownSignals> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let (drain, abort) = (CancellationToken::new(), CancellationToken::new());
    let steps = [drain.clone(), abort.clone()];
    tokio::spawn(async move {
        for step in steps {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            step.cancel();
        }
    });
    Ok(ShutdownSignals { drain, abort })
}
