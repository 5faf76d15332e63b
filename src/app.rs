//! Wiring: from settings to a server that listens, and its orderly end.

use crate::config::ServerSettings;
use crate::graphql::Engine;
use crate::http;
use crate::http::explorer::Explorer;
use crate::http::server;
use crate::http::server::Shutdown;
use crate::http::{ConnectionTracker, Server};
use crate::services::{Clock, Services, SharedServices, Tokens};
use crate::storage::Db;
use std::io;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// The server, wired and not listening yet.
#[derive(Clone)]
pub struct App {
    server: Server,
    settings: ServerSettings,
}

impl App {
    /// Wires it.
    #[must_use]
    pub fn new(db: Db, clock: Clock, tokens: Tokens, explorer: Explorer, settings: ServerSettings) -> Self {
        let services = Arc::new(Services::new(db, clock, tokens, settings.cache_lifetimes()));
        let limits = Arc::new(settings.limits());
        let engine = Engine::new(services.clone(), settings.documents(), settings.rate_limit);
        let in_flight = Arc::new(Semaphore::new(settings.max_in_flight));
        let origins = settings.cors_origins.clone().into();
        let connections = ConnectionTracker::new(settings.max_sockets);
        Self { server: Server { services, engine, explorer, limits, in_flight, connections, origins }, settings }
    }

    /// The use cases.
    #[must_use]
    pub fn services(&self) -> &SharedServices {
        &self.server.services
    }

    /// The routes, for calling them without a socket.
    pub fn router(&self) -> axum::Router {
        http::router(self.server.clone())
    }

    /// Serves until `stop` is done, then lets requests in flight finish, for as long as the settings grant.
    ///
    /// # Errors
    /// When the socket fails.
    pub async fn serve(self, listener: TcpListener, stop: impl Future<Output = ()> + Send) -> io::Result<()> {
        let timeouts = server::Timeouts {
            header: self.settings.header_timeout,
            writing: self.settings.write_timeout,
            stopping: self.settings.shutdown_grace,
        };
        if server::serve(listener, self.router(), &self.server.connections, timeouts, stop).await? == Shutdown::Forced {
            return Ok(()); // what was cut off does not give its connections back: closing would wait for it
        }
        if let Err(error) = self.services().db().close().await {
            tracing::warn!(%error, "the database connections could not be closed in order");
        }
        Ok(())
    }
}

/// Done when the process is told to stop: SIGTERM or Ctrl-C.
///
/// # Errors
/// When signals cannot be waited for.
pub fn stop_signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
