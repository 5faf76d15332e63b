//! Wiring: from settings to a server that listens, and its shutdown.

pub use crate::http::server::listener::{BindAddress, Listener};

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
use crate::worker::Workers;
use std::sync::Arc;
use tokio::time::sleep;
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
        let services = services
            .with_limits(settings.service_limits())
            .with_webhooks(settings.webhooks.options())
            .with_public_url(&settings.http.public_url().to_string());
        let services = Arc::new(services);
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
            feed_reads: Arc::default(),
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

    /// Goes on serving for `SHUTDOWN_DELAY`, while the readiness check tells load balancers to send requests elsewhere.
    pub async fn drain(&self) {
        let delay = self.settings.http.shutdown_delay;
        if delay.is_zero() {
            return;
        }
        self.server.connections.begin_draining();
        tracing::info!(?delay, "draining: `/readyz` answers 503, and everything else is served");
        sleep(delay).await;
    }

    /// Serves and does background work until `stop` completes. Then it lets requests in flight and batches of work
    /// finish within the grace period.
    pub async fn serve(self, listener: Listener, stop: impl Future<Output = ()> + Send) -> Stopped {
        let limits = self
            .settings
            .http
            .connection_limits()
            .within(descriptors::raise_limit(self.services().db().max_connections()));
        self.server.long_lived.reduce_to(limits.max_long_lived());
        let routers = Routers { main: self.router(), overloaded: http::overloaded_router(self.server.clone()) };
        let timeouts = self.settings.http.timeouts();
        let (tracker, memory) = (&self.server.connections, self.server.memory.clone());
        let stop_work = CancellationToken::new();
        let stop = async {
            stop.await;
            stop_work.cancel();
        };
        let serving = server::serve(listener, routers, tracker, limits, timeouts, memory, stop);
        let serving_and_working = async { tokio::join!(serving, self.work(&stop_work)) };
        let (shutdown, is_work_finished) = tokio::select! {
            stopped = serving_and_working => stopped,
            never = self.services().watch_event_log() => never,
            never = self.services().keep_keys_fresh() => never,
        };
        if !is_work_finished {
            tracing::info!("stopped in the middle of background work: what was not finished is done later");
        }
        match shutdown {
            // The batch that was cut off may still hold a connection, and closing the database would wait for it.
            Shutdown::Graceful if !is_work_finished => Stopped::InOrder,
            Shutdown::Graceful => {
                if let Err(error) = self.services().db().close().await {
                    tracing::warn!(%error, "the database connections could not be closed in order");
                }
                Stopped::InOrder
            }
            // Requests that are still running hold database connections, and closing the database would wait for them.
            Shutdown::Forced { has_requests } if has_requests || self.server.admission.is_in_use() => {
                tracing::warn!("stopped with requests in flight");
                Stopped::RequestsCut
            }
            Shutdown::Forced { .. } => {
                tracing::info!("stopped with connections on which no request was in flight");
                Stopped::InOrder
            }
        }
    }

    /// Does background work from the time when requests are served until `stop` is cancelled. Says whether all batches
    /// were finished within the grace period.
    async fn work(&self, stop: &CancellationToken) -> bool {
        let Some(interval) = self.settings.work.interval() else { return true };
        tokio::select! {
            () = self.server.start.admitted() => {}
            () = stop.cancelled() => return true,
        }
        let workers = Workers::new(self.services().clone(), interval);
        let grace = async {
            stop.cancelled().await;
            sleep(self.settings.http.shutdown_grace).await;
        };
        tokio::select! {
            biased;
            () = workers.run(stop) => true,
            () = grace => false,
        }
    }
}

/// How a server stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// Every request was answered.
    InOrder,
    /// The grace period ended while requests were in flight.
    RequestsCut,
}
