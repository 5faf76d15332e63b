//! Points that an operation costs for what it turned out to do. They are not known before it runs.

use crate::graphql::engine::rate_limit::{Payer, RateLimiter};
use std::hash::Hash;
use std::sync::Arc;

/// Charges the viewer of a request. Resolvers find it in the data of the request.
#[derive(Clone, Default)]
pub(crate) struct Surcharge(Option<Arc<dyn Fn(usize) + Send + Sync>>);

impl Surcharge {
    /// Charges this payer under the rate limit.
    pub(super) fn new<K>(rate_limiter: Arc<RateLimiter<K>>, payer: Payer<K>) -> Self
    where
        K: Clone + Eq + Hash + Send + Sync + 'static,
    {
        Self(Some(Arc::new(move |points| rate_limiter.charge_in_full(&payer, points))))
    }

    /// Takes the points. The rest of the operation is not refused: the errors of its fields would hide from the client
    /// what the fields before them have changed. What follows may be refused.
    pub fn charge(&self, points: usize) {
        if let Some(charge) = &self.0 {
            charge(points);
        }
    }
}
