//! Connections: accepted, served with time limits for slow clients, and ended in order.

mod inline_repoll;
pub mod shutdown;
mod write_timeout;

use crate::http::server::inline_repoll::InlineRepoll;
use crate::http::server::shutdown::{ConnectionTracker, ShutdownSignal};
use crate::http::server::write_timeout::WriteTimeout;
use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::io;
use std::pin::pin;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

/// How long clients may take.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// To send the headers of a request, and to rest between requests.
    pub header: Duration,
    /// To take anything of what is sent to them.
    pub writing: Duration,
    /// To finish when the server stops.
    pub stopping: Duration,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// Every request was answered.
    Graceful,
    /// The time that was granted ran out.
    Forced,
}

/// Serves until `stop` is done, then lets requests in flight finish and connections that stay open take their leave, for as long as is
/// granted.
///
/// # Errors
/// When the socket fails for good.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    connections: &ConnectionTracker,
    timeouts: Timeouts,
    stop: impl Future<Output = ()> + Send,
) -> io::Result<Shutdown> {
    let mut stop = pin!(stop);
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Out of file descriptors, say: connections that end make room again.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
            () = &mut stop => break,
        };
        connect(stream, &router, timeouts, connections.listen());
    }
    drop(listener);
    tracing::info!("stopping: requests in flight may finish");
    tokio::select! {
        () = connections.stop() => Ok(Shutdown::Graceful),
        () = tokio::time::sleep(timeouts.stopping) => {
            tracing::warn!("stopped with requests in flight");
            Ok(Shutdown::Forced)
        }
    }
}

fn connect(stream: TcpStream, router: &Router, timeouts: Timeouts, mut stopping: ShutdownSignal) {
    // Twice: a WebSocket gives up at half of it, and has the rest to say why.
    let timeout_after = timeouts.writing * 2;
    if let Err(error) = stream.set_nodelay(true).and_then(|()| set_user_timeout(&stream, timeout_after)) {
        tracing::debug!(%error, "a connection's options could not be set");
    }
    let stream = WriteTimeout::new(stream, timeout_after);
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(timeouts.header)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router.clone()))
        .with_upgrades();
    tokio::spawn(InlineRepoll::new(async move {
        let mut connection = pin!(connection);
        let ended = tokio::select! {
            ended = &mut connection => ended,
            () = stopping.requested() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended early");
        }
    }));
}

/// Ends the connection once nothing of what was sent is acknowledged for so long: a client that vanished without a word, as phones do, would
/// otherwise be kept for a quarter of an hour. What waits in the system's buffer is out of [`WriteTimeout`]'s sight.
#[cfg(target_os = "linux")]
fn set_user_timeout(stream: &TcpStream, timeout_after: Duration) -> io::Result<()> {
    socket2::SockRef::from(stream).set_tcp_user_timeout(Some(timeout_after))
}

/// Other systems have their own notion of how long.
#[cfg(not(target_os = "linux"))]
fn set_user_timeout(_: &TcpStream, _: Duration) -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_not_acknowledged_ends_the_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        set_user_timeout(&stream, Duration::from_secs(20)).unwrap();
        assert_eq!(socket2::SockRef::from(&stream).tcp_user_timeout().unwrap(), Some(Duration::from_secs(20)));
    }
}
