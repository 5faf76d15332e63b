//! Admission control: at its limit of requests in flight the server refuses more, so that it answers those it has. Each
//! user has a share of them.

use crate::domain::UserId;
use crate::graphql::Code;
use crate::http::error_response::{HttpError, OVERLOADED};
use crate::http::limit_per_key::{UserLimit, UserPermit};
use axum::http::StatusCode;
use std::sync::Arc;
use tokio::sync::{Semaphore, SemaphorePermit};

/// The requests in flight.
#[derive(Clone, Debug)]
pub(crate) struct Admission {
    max: usize,
    all: Arc<Semaphore>,
    users: UserLimit,
}

const TOO_MANY_IN_FLIGHT: HttpError = HttpError::new(
    StatusCode::TOO_MANY_REQUESTS,
    Code::RateLimited,
    "You have too many requests in flight. Wait for their responses.",
);

impl Admission {
    pub(crate) fn new(max_in_flight: usize, max_per_user: usize) -> Self {
        Self { max: max_in_flight, all: Arc::new(Semaphore::new(max_in_flight)), users: UserLimit::new(max_per_user) }
    }

    /// Whether a request is being executed.
    pub(crate) fn is_in_use(&self) -> bool {
        self.all.available_permits() < self.max
    }

    /// A permit for one request, held while the request is executed.
    pub(crate) fn admit(&self) -> Result<SemaphorePermit<'_>, HttpError> {
        self.all.try_acquire().map_err(|_| OVERLOADED)
    }

    /// A permit for a request whose user is known by now, held as long.
    pub(crate) fn admit_user(&self, user: UserId) -> Result<UserPermit, HttpError> {
        self.users.try_acquire(user).ok_or(TOO_MANY_IN_FLIGHT)
    }
}
