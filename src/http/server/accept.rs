//! Accepts connections and serves HTTP/1.1 on them.
//!
//! `axum::serve` has no timeout for the headers of a request, therefore the server drives hyper itself.

use crate::graphql::LogLimit;
use crate::http::server::activity::{Activity, IdleKind};
use crate::http::server::client_stream::ClientStream;
use crate::http::server::inline_repoll::InlineRepoll;
use crate::http::server::listener::{Connection, Listener};
use crate::http::server::open_connections::{Admission, OpenConnection, OpenConnections, Refused};
use crate::http::server::refusal::Refusals;
use crate::http::server::request_tracking::TrackedRoutes;
use crate::http::server::shutdown::ConnectionTracker;
use crate::http::server::timeouts::{Timeouts, set_user_timeout, with_write_timeout};
use axum::Router;
use hyper::server::conn::http1::{Builder, UpgradeableConnection};
use hyper_util::rt::TokioIo;
use std::io::{self, ErrorKind};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};
use tokio_io_timeout::TimeoutStream;
use tokio_util::either::Either;

/// About the largest head of a request, in bytes; a longer one is answered with 431. Apart from one response, a
/// connection buffers no more than this in either direction, so that its memory is small.
const MAX_HEAD: usize = 16 * 1024;

/// How long to wait after a failure to accept.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(20);

/// How long a connection on which nothing has arrived may go on, for a request that has arrived and is not noticed yet.
const ARRIVAL_GRACE: Duration = Duration::from_millis(25);
/// How long the rest of a head may take to arrive when the server stops. Clients send heads at once.
const LAST_HEAD_TIMEOUT: Duration = Duration::from_secs(2);
/// How long an evicted connection may go on, for a request that is about to be complete.
const EVICTION_GRACE: Duration = Duration::from_millis(25);
/// How often an evicted connection that got a request is checked again.
const EVICTION_RECHECK: Duration = Duration::from_secs(1);

/// How long to wait for one more connection before the listener is closed, and how long to accept at most.
const QUEUE_TIME: Duration = Duration::from_millis(2);
const MAX_QUEUE_TIME: Duration = Duration::from_millis(50);

type HttpConnection = UpgradeableConnection<TokioIo<ClientStream<Pin<Box<TimeoutStream<Connection>>>>>, TrackedRoutes>;

/// Accepts the connections of one listener.
pub(super) struct Acceptor {
    pub(super) listener: Listener,
    pub(super) server: Arc<ConnectionServer>,
    pub(super) failures: LogLimit,
}

/// Serves connections, each in a task of its own.
pub(super) struct ConnectionServer {
    pub(super) router: Router,
    pub(super) timeouts: Timeouts,
    pub(super) tracker: ConnectionTracker,
    pub(super) open: OpenConnections,
    pub(super) refusals: Refusals,
    pub(super) refused: LogLimit,
}

impl Acceptor {
    /// Accepts the next connection and serves or refuses it. Other connections do not wait for it.
    pub(super) async fn accept(&self) {
        let (stream, client) = self.next_connection().await;
        match self.server.open.admit(client) {
            Admission::Open(connection) => self.server.serve(stream, connection),
            Admission::Refused(why) => self.server.refuse(stream, why),
            Admission::Pending(admitted) => {
                let server = self.server.clone();
                self.server.tracker.spawn(async move {
                    match admitted.await {
                        Some(connection) => server.serve(stream, connection),
                        None => server.refuse(stream, Refused::Full),
                    }
                });
            }
        }
    }

    /// Accepts the connections that the system has established already. When the listener is closed, it resets those.
    pub(super) async fn accept_queued(&self) {
        let end = Instant::now() + MAX_QUEUE_TIME;
        while Instant::now() < end && timeout(QUEUE_TIME, self.accept()).await.is_ok() {}
    }

    async fn next_connection(&self) -> (Connection, IpAddr) {
        loop {
            match self.listener.accept().await {
                Ok(connection) => return connection,
                Err(error) if is_of_client(&error) => tracing::debug!(%error, "a client left before it was accepted"),
                Err(error) => {
                    if let Some(suppressed) = self.failures.count() {
                        tracing::warn!(%error, suppressed, "a connection could not be accepted");
                    }
                    // The usual cause is a lack of file descriptors, and this frees one.
                    self.server.open.evict();
                    sleep(ACCEPT_RETRY_DELAY).await;
                }
            }
        }
    }
}

impl ConnectionServer {
    fn refuse(&self, stream: Connection, why: Refused) {
        if let Some(suppressed) = self.refused.count() {
            let limit = match why {
                Refused::Full => "MAX_CONNECTIONS",
                Refused::AddressFull => "MAX_CONNECTIONS_PER_ADDRESS",
            };
            tracing::warn!(limit, suppressed, "a connection was refused");
        }
        if let Some(refusal) = self.refusals.refuse(stream) {
            self.tracker.spawn(refusal);
        }
    }

    /// Serves a connection in a task of its own. When the server stops, the request in flight is the last one.
    fn serve(&self, stream: Connection, connection: OpenConnection) {
        let (timeouts, connection) = (self.timeouts, Arc::new(connection));
        // Twice the setting: a WebSocket closes after the setting itself, and needs time to send the close frame.
        let write_timeout = timeouts.write * 2;
        if let Either::Left(stream) = &stream
            && let Err(error) = stream.set_nodelay(true).and_then(|()| set_user_timeout(stream, write_timeout))
        {
            tracing::debug!(%error, "the options of a connection could not be set");
        }
        let activity = connection.activity.clone();
        let routes = TrackedRoutes::new(&self.router, connection.clone());
        // In a box: the future below would hold it twice, once as a captured value and once as its own variable.
        let http = Builder::new()
            // hyper's timeout would also end idle connections, which have another one.
            .header_read_timeout(None)
            .max_buf_size(MAX_HEAD)
            .serve_connection(
                TokioIo::new(ClientStream::new(with_write_timeout(stream, write_timeout), connection)),
                routes,
            )
            .with_upgrades();
        let mut http = Box::pin(http);
        self.tracker.spawn(InlineRepoll::new(async move {
            let ended = tokio::select! {
                // In this order: bytes that arrived while the server was too busy to read them are noticed.
                biased;
                ended = &mut http => Some(ended),
                () = must_close(&activity, timeouts) => None,
            };
            let ended = match ended {
                Some(ended) => ended,
                None if activity.is_evicted() => match end_evicted(http.as_mut(), &activity).await {
                    Some(ended) => ended,
                    None => return,
                },
                None => match end_gracefully(http.as_mut(), &activity, timeouts).await {
                    Some(ended) => ended,
                    None => return,
                },
            };
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection ended early");
            }
        }));
    }
}

/// Waits until the connection is asked to close, or its client has sent too little in time.
async fn must_close(activity: &Activity, timeouts: Timeouts) {
    let close = activity.close_signal();
    tokio::select! {
        () = close.cancelled() => {}
        () = timed_out(activity, timeouts) => {}
    }
}

async fn timed_out(activity: &Activity, timeouts: Timeouts) {
    while let Some(left) = timeouts.look_again(activity.awaited()) {
        sleep(left).await;
    }
}

/// Ends a connection of a server that stops, or one whose client has sent too little in time. A request that has begun
/// to arrive is answered if the rest of it arrives in time; `None` when the connection has to be dropped.
async fn end_gracefully(
    mut http: Pin<&mut HttpConnection>,
    activity: &Activity,
    timeouts: Timeouts,
) -> Option<hyper::Result<()>> {
    // The request of a connection that was accepted only now may have arrived, and is not noticed at once.
    if !activity.has_received()
        && let Ok(ended) = timeout(ARRIVAL_GRACE, http.as_mut()).await
    {
        return Some(ended);
    }
    if !activity.has_received() {
        return None; // hyper would wait for a request
    }
    http.as_mut().graceful_shutdown();
    let timeouts = Timeouts { header: timeouts.header.min(LAST_HEAD_TIMEOUT), ..timeouts };
    tokio::select! {
        biased;
        ended = http => Some(ended),
        () = timed_out(activity, timeouts) => None,
    }
}

/// Ends an evicted connection. A request that is complete in time is answered; `None` when the connection has to be
/// dropped, because hyper would wait for the rest of a request, or until the client has read its response.
async fn end_evicted(mut http: Pin<&mut HttpConnection>, activity: &Activity) -> Option<hyper::Result<()>> {
    if activity.is_given_up() && activity.idle().is_some() {
        return None; // others wait for its memory
    }
    // hyper would close a connection on which nothing has arrived.
    if activity.idle().is_none_or(|idle| idle.kind != IdleKind::Arriving) {
        http.as_mut().graceful_shutdown();
    }
    let mut grace = EVICTION_GRACE;
    loop {
        if let Ok(ended) = timeout(grace, http.as_mut()).await {
            return Some(ended);
        }
        if activity.idle().is_some() {
            return None;
        }
        http.as_mut().graceful_shutdown();
        grace = EVICTION_RECHECK;
    }
}

/// Whether accepting failed because of the one connection that was accepted.
fn is_of_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionRefused
            | ErrorKind::Interrupted
    )
}
