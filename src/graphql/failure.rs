//! Failures of services and refused tokens as errors of GraphQL. The cause of a failure is logged here, and the client
//! gets a code and a constant message.

use crate::graphql::engine::error::{Code, NoViewer, RequestError, failure_error};
use crate::services::{Failure, ServiceError, TokenProblem};
use async_graphql::Error;

impl From<Failure> for Code {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unavailable => Self::Unavailable,
            Failure::Timeout => Self::Timeout,
            Failure::OutcomeUnknown => Self::OutcomeUnknown,
            Failure::Internal => Self::Internal,
        }
    }
}

/// Why a request has no viewer, as the engine tells it to clients.
#[must_use]
pub const fn no_viewer(problem: TokenProblem) -> NoViewer {
    let is_anonymous = matches!(problem, TokenProblem::Missing);
    NoViewer { reason: problem.reason(), message: problem.message(), is_anonymous }
}

/// Logs a failure, and returns the error for the client.
pub fn report(cause: &ServiceError, request_id: &str) -> Error {
    cause.log(request_id);
    failure_error(cause.failure().into(), request_id)
}

/// Logs a failure that kept a request from running, and returns the error for the client.
pub fn reject(cause: &ServiceError, request_id: &str) -> RequestError {
    cause.log(request_id);
    RequestError::failed(cause.failure().into(), request_id)
}
