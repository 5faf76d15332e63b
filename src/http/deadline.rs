//! The deadline of a request.

use crate::http::error_response::{HttpError, OUTCOME_UNKNOWN, TIMED_OUT};
use crate::services::RequestChanges;
use std::pin::Pin;
use std::time::Duration;
use tokio::time::timeout;

/// Runs a request, and drops it at its deadline. The database rolls back what it has begun, but not what it has
/// committed, and nobody knows about a commit that is not answered.
pub(crate) async fn run_within<F: Future>(limit: Duration, request: Pin<&mut F>) -> Result<F::Output, HttpError> {
    let changes = RequestChanges::default();
    timeout(limit, changes.observe(request)).await.map_err(|_| {
        if !changes.may_be_written() {
            return TIMED_OUT;
        }
        tracing::info!("a request timed out after it may have changed something");
        OUTCOME_UNKNOWN
    })
}
