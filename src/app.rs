//! Wiring: from settings to a server that listens, and its orderly end.

use crate::config::ServerSettings;
use crate::graphql;
use crate::http::explorer::Explorer;
use crate::http::{self, Server};
use crate::services::{Clock, Services, Tokens};
use crate::storage::Db;
use axum::serve::ListenerExt;
use std::io;
use std::sync::Arc;
use tokio::net::TcpListener;

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
        let services = Arc::new(Services::new(db, clock, tokens, settings.viewer_ttl));
        let limits = Arc::new(settings.limits());
        Self { server: Server { services, schema: graphql::schema(), explorer, limits }, settings }
    }

    /// The use cases.
    #[must_use]
    pub fn services(&self) -> &Services {
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
    pub async fn serve(self, listener: TcpListener, stop: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        let listener = listener.tap_io(|stream| {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "TCP_NODELAY");
            }
        });
        let (stopping, stopped) = tokio::sync::oneshot::channel();
        let stop = async move {
            stop.await;
            tracing::info!("stopping: requests in flight may finish");
            // The receiver is gone only when the server has ended already.
            let _ = stopping.send(());
        };
        let grace = async {
            if stopped.await.is_err() {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(self.settings.shutdown_grace).await;
        };
        let router = self.router();
        tokio::select! {
            served = axum::serve(listener, router).with_graceful_shutdown(stop).into_future() => served?,
            () = grace => {
                tracing::warn!("stopped with requests in flight");
                return Ok(()); // they do not give their connections back: closing would wait for them
            }
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
