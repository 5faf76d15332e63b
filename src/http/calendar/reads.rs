//! How often the address of a feed is read.

use crate::graphql::{Payer, RateLimiter, RequestError};
use crate::services::FeedTokenHash;
use std::num::NonZeroU32;

/// Counts the reads of each token, whether there is a feed with it or not.
pub(crate) struct FeedReads(RateLimiter<FeedTokenHash>);

/// The most reads of a token in a minute.
const READS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(60).unwrap();

impl Default for FeedReads {
    fn default() -> Self {
        Self(RateLimiter::new(READS_PER_MINUTE))
    }
}

impl FeedReads {
    /// Counts a read.
    ///
    /// # Errors
    /// `RATE_LIMITED`, with the time after which to read again.
    pub(crate) fn count(&self, token: &FeedTokenHash) -> Result<(), RequestError> {
        self.0.spend(&Payer::Viewer(token.clone()), 1)
    }
}
