//! Admission control: at its limit of requests in flight the server refuses more, so that it answers those it has.

use crate::http::error_response::{HttpError, OVERLOADED};
use tokio::sync::{Semaphore, SemaphorePermit};

/// A permit for one request, held while the request is executed.
pub(crate) fn admit(in_flight: &Semaphore) -> Result<SemaphorePermit<'_>, HttpError> {
    in_flight.try_acquire().map_err(|_| OVERLOADED)
}
