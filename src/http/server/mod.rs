//! The server's connections: accepting them, limits on their number, timeouts for slow clients, and the graceful
//! shutdown.

mod accept;
mod activity;
mod client_stream;
pub(crate) mod descriptors;
mod eviction;
mod head_memory;
mod inline_repoll;
pub mod listener;
pub(crate) mod long_lived;
mod open_connections;
mod refusal;
mod request_tracking;
pub(crate) mod shutdown;
mod timeouts;

pub(crate) use open_connections::ConnectionLimits;
pub(crate) use timeouts::Timeouts;

use crate::graphql::{LogLimit, MemoryBudget};
use crate::http::server::accept::{Acceptor, ConnectionServer};
use crate::http::server::listener::Listener;
use crate::http::server::open_connections::OpenConnections;
use crate::http::server::refusal::Refusals;
use crate::http::server::shutdown::ConnectionTracker;
use axum::Router;
use std::pin::pin;
use std::sync::Arc;

/// How the server stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shutdown {
    /// Every request was answered.
    Graceful,
    /// The grace period ended while connections were open.
    Forced {
        /// Whether requests over HTTP were in flight.
        has_requests: bool,
    },
}

/// The routes of the server.
pub(crate) struct Routers {
    /// The routes of connections within the limits.
    pub(crate) main: Router,
    /// The routes of connections beyond the limits.
    pub(crate) overloaded: Router,
}

/// Serves until `stop` completes. Then it accepts no more connections, lets requests in flight finish and closes
/// WebSockets and event streams, for at most the grace period.
pub(crate) async fn serve(
    listener: Listener,
    routers: Routers,
    tracker: &ConnectionTracker,
    limits: ConnectionLimits,
    timeouts: Timeouts,
    memory: MemoryBudget,
    stop: impl Future<Output = ()> + Send,
) -> Shutdown {
    let acceptor = Acceptor {
        listener,
        server: Arc::new(ConnectionServer {
            router: routers.main,
            timeouts,
            tracker: tracker.clone(),
            open: OpenConnections::new(limits, tracker.clone(), memory),
            refusals: Refusals::new(routers.overloaded),
            refused: LogLimit::default(),
        }),
        failures: LogLimit::default(),
    };
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            () = acceptor.accept() => {}
            () = &mut stop => break,
        }
    }
    acceptor.accept_queued().await;
    let open = acceptor.server.open.clone();
    drop(acceptor);
    tracing::info!("stopping: requests in flight may finish");
    tokio::select! {
        () = tracker.shut_down() => Shutdown::Graceful,
        () = tokio::time::sleep(timeouts.shutdown_grace) => Shutdown::Forced { has_requests: open.have_requests() },
    }
}
