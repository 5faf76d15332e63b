//! Accepts connections and serves HTTP/1.1 on them.
//!
//! `axum::serve` has no timeout for the headers of a request, therefore the server drives hyper itself.

use crate::http::server::inline_repoll::InlineRepoll;
use crate::http::server::shutdown::ConnectionTracker;
use crate::http::server::timeouts::{Timeouts, set_user_timeout, with_write_timeout};
use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::pin::pin;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

/// How long to wait after a failure to accept: the usual cause is a lack of file descriptors.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(100);

/// About the largest head of a request, in bytes. Apart from one response, a connection buffers no more than this in
/// either direction, so that its memory is small.
const MAX_HEAD: usize = 64 * 1024;

/// The next connection that can be accepted.
pub(super) async fn next_connection(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_RETRY_DELAY).await;
            }
        }
    }
}

/// Serves a connection in a task of its own. When the server stops, the request in flight is the last one.
pub(super) fn serve(stream: TcpStream, router: &Router, timeouts: Timeouts, connections: &ConnectionTracker) {
    // Twice the setting: a WebSocket closes after the setting itself, and needs time to send the close frame.
    let write_timeout = timeouts.write * 2;
    if let Err(error) = stream.set_nodelay(true).and_then(|()| set_user_timeout(&stream, write_timeout)) {
        tracing::debug!(%error, "the options of a connection could not be set");
    }
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(timeouts.header)
        .max_buf_size(MAX_HEAD)
        .serve_connection(
            TokioIo::new(with_write_timeout(stream, write_timeout)),
            TowerToHyperService::new(router.clone()),
        )
        .with_upgrades();
    let shutdown = connections.shutdown_signal();
    connections.spawn(InlineRepoll::new(async move {
        let mut connection = pin!(connection);
        let ended = tokio::select! {
            ended = &mut connection => ended,
            () = shutdown.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended early");
        }
    }));
}
