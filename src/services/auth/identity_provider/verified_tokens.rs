//! Tokens whose signature was verified: to verify one again takes longer than the rest of a request.

use crate::services::auth::claims::Claims;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

/// The claims of verified tokens, by the SHA-256 of the token. The caller checks whether they have expired, and whether
/// their key is still accepted.
#[derive(Debug)]
pub(super) struct VerifiedTokens(Cache<[u8; 32], Claims, Bytes>);

#[derive(Clone, Debug)]
struct Bytes;

/// The most tokens in the cache, and the most bytes.
const MAX_TOKENS: u64 = 10_000;
const MAX_BYTES: u64 = 4 * 1024 * 1024;
/// For how many tokens memory is allocated at the start.
const INITIAL_CAPACITY: usize = 100;

impl VerifiedTokens {
    pub(super) fn new() -> Self {
        Self(Cache::with_weighter(INITIAL_CAPACITY, MAX_BYTES, Bytes))
    }

    pub(super) fn get(&self, hash: &[u8; 32]) -> Option<Claims> {
        self.0.get(hash)
    }

    pub(super) fn insert(&self, hash: [u8; 32], claims: Claims) {
        self.0.insert(hash, claims);
    }
}

impl Weighter<[u8; 32], Claims> for Bytes {
    /// At least so much that the cache does not take more than [`MAX_TOKENS`].
    fn weight(&self, hash: &[u8; 32], claims: &Claims) -> u64 {
        let bytes = size_of_val(hash) + size_of::<Claims>() + claims.token.jti().map_or(0, str::len);
        (bytes as u64).max(MAX_BYTES.div_ceil(MAX_TOKENS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::UserId;
    use crate::services::auth::claims::{KeyId, TokenId};
    use chrono::DateTime;

    /// Fills a cache with different tokens.
    fn filled(token: &TokenId) -> VerifiedTokens {
        let cache = VerifiedTokens::new();
        for number in 0..20_000_u64 {
            let mut hash = [0; 32];
            hash[..8].copy_from_slice(&number.to_be_bytes());
            let (token, expires_at) = (token.clone(), DateTime::UNIX_EPOCH);
            cache.insert(hash, Claims { user: UserId(1), token, expires_at, issued_at: None, key: KeyId([0; 32]) });
        }
        cache
    }

    #[test]
    fn tokens_and_bytes_are_limited() {
        let small = filled(&TokenId::Hash([0; 32]));
        assert!((5000..=10_000).contains(&small.0.len()), "{}", small.0.len());
        let large = filled(&TokenId::Jti("x".repeat(4096)));
        assert!((500..=1024).contains(&large.0.len()), "{}", large.0.len());
        assert!(small.0.weight() <= MAX_BYTES && large.0.weight() <= MAX_BYTES);
    }
}
