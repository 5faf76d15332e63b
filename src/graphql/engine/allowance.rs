//! What the operations of one request may use together: a batch gets no more than a single operation.

use crate::graphql::engine::error::{Code, RequestError};
use crate::graphql::engine::response_limits::ResponseError;

/// The rest of what the operations of one request may use.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    /// The complexity points of all operations together.
    complexity: usize,
    /// The points that are left.
    complexity_left: usize,
    /// The length of all responses together, in bytes.
    response: usize,
    /// The bytes that are left.
    response_left: usize,
}

impl Allowance {
    pub(super) fn new(complexity: usize, response: usize) -> Self {
        Self { complexity, complexity_left: complexity, response, response_left: response }
    }

    /// The length that the next response may have, in bytes.
    ///
    /// # Errors
    /// `QUERY_TOO_COMPLEX` when there is nothing left: the operation must not run.
    pub(super) fn response_length(&self) -> Result<usize, RequestError> {
        match self.response_left {
            0 => Err(ResponseError::TooLong(self.response).into()),
            left => Ok(left),
        }
    }

    /// Uses the length of a response.
    pub(super) fn spend_response(&mut self, length: usize) {
        self.response_left = self.response_left.saturating_sub(length);
    }

    /// Uses the complexity points of one operation. Those of an operation that may cost more than others count as
    /// their share of what it may cost: `factor` is how many times as much.
    ///
    /// # Errors
    /// `QUERY_TOO_COMPLEX`
    pub(super) fn spend_complexity(&mut self, cost: usize, factor: usize) -> Result<(), RequestError> {
        let limit = self.complexity.saturating_mul(factor);
        let message = if cost > limit {
            format!("The operation costs more than {limit} points. Ask for shorter lists or fewer fields.")
        } else if let Some(left) = self.complexity_left.checked_sub(cost.div_ceil(factor)) {
            self.complexity_left = left;
            return Ok(());
        } else {
            format!(
                "The operations of the batch cost more than {} points together. Send fewer at a time.",
                self.complexity
            )
        };
        Err(RequestError::new(Code::QueryTooComplex, message, None))
    }
}
