//! What the operations of one request may use together: a batch gets no more than a single operation.

use crate::graphql::engine::error::RequestError;
use crate::graphql::engine::excess::Excess;
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
        if cost > limit {
            let message =
                format!("The operation costs more than {limit} points. Ask for shorter lists or fewer fields.");
            return Err(RequestError::too_complex(message, Excess::of_cost(cost, limit)));
        }
        let (limit, share) = (self.complexity, cost.div_ceil(factor));
        let Some(left) = self.complexity_left.checked_sub(share) else {
            let message =
                format!("The operations of the batch cost more than {limit} points together. Send fewer at a time.");
            let together = (limit - self.complexity_left).saturating_add(share);
            return Err(RequestError::too_complex(message, Excess::of_cost(together, limit)));
        };
        self.complexity_left = left;
        Ok(())
    }
}
