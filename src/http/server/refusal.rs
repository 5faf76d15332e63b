//! Connections beyond the limits: their request is answered with 503 if it arrives at once, and they are closed.

use crate::http::server::listener::Connection;
use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// How many connections are being refused at a time. Others are closed without a response.
const MAX_REFUSALS: usize = 32;
/// How long the request may take to arrive, and its response to be written.
const REFUSAL_TIME: Duration = Duration::from_secs(2);

/// Refuses connections.
pub(super) struct Refusals {
    router: Router,
    permits: Arc<Semaphore>,
}

impl Refusals {
    /// Answers by this router, which is always quick.
    pub(super) fn new(router: Router) -> Self {
        Self { router, permits: Arc::new(Semaphore::new(MAX_REFUSALS)) }
    }

    /// The task that refuses the connection; `None` if it is closed already.
    pub(super) fn refuse(&self, stream: Connection) -> Option<impl Future<Output = ()> + Send + 'static> {
        let permit = self.permits.clone().try_acquire_owned().ok()?;
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(REFUSAL_TIME)
            .keep_alive(false)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(self.router.clone()));
        Some(async move {
            let _permit = permit;
            // The client may have gone.
            let _ = timeout(REFUSAL_TIME, connection).await;
        })
    }
}
