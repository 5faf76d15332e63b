//! The server's connections: accepting them, timeouts for slow clients, and the graceful shutdown.

mod accept;
mod inline_repoll;
pub(crate) mod shutdown;
mod timeouts;

pub(crate) use timeouts::Timeouts;

use crate::http::server::shutdown::ConnectionTracker;
use axum::Router;
use std::pin::pin;
use tokio::net::TcpListener;

/// How the server stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shutdown {
    /// Every request was answered.
    Graceful,
    /// The grace period ended while requests were in flight.
    Forced,
}

/// Serves until `stop` completes. Then it accepts no more connections, lets requests in flight finish and closes
/// WebSockets and event streams, for at most the grace period.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    connections: &ConnectionTracker,
    timeouts: Timeouts,
    stop: impl Future<Output = ()> + Send,
) -> Shutdown {
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            stream = accept::next_connection(&listener) => accept::serve(stream, &router, timeouts, connections),
            () = &mut stop => break,
        }
    }
    drop(listener);
    tracing::info!("stopping: requests in flight may finish");
    tokio::select! {
        () = connections.shut_down() => Shutdown::Graceful,
        () = tokio::time::sleep(timeouts.shutdown_grace) => {
            tracing::warn!("stopped with requests in flight");
            Shutdown::Forced
        }
    }
}
