//! Connections: accepted, served with time limits for slow clients, and ended in order.

use super::standing::{Standing, Stopping};
use super::writing::Impatient;
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
pub enum Ending {
    /// Every request was answered.
    InOrder,
    /// The time that was granted ran out.
    Cut,
}

/// Serves until `stop` is done, then lets requests in flight finish and connections that stay open take their leave, for as long as is
/// granted.
///
/// # Errors
/// When the socket fails for good.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    standing: &Standing,
    timeouts: Timeouts,
    stop: impl Future<Output = ()> + Send,
) -> io::Result<Ending> {
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
        connect(stream, &router, timeouts, standing.listen());
    }
    drop(listener);
    tracing::info!("stopping: requests in flight may finish");
    tokio::select! {
        () = standing.stop() => Ok(Ending::InOrder),
        () = tokio::time::sleep(timeouts.stopping) => {
            tracing::warn!("stopped with requests in flight");
            Ok(Ending::Cut)
        }
    }
}

fn connect(stream: TcpStream, router: &Router, timeouts: Timeouts, mut stopping: Stopping) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY");
    }
    // Twice: a WebSocket gives up at half of it, and has the rest to say why.
    let stream = Impatient::new(stream, timeouts.writing * 2);
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(timeouts.header)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router.clone()))
        .with_upgrades();
    tokio::spawn(async move {
        let mut connection = pin!(connection);
        let ended = tokio::select! {
            ended = &mut connection => ended,
            () = stopping.told() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended early");
        }
    });
}
