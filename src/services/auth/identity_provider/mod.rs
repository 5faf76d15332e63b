//! Tokens of an identity provider, which publishes its public keys as a JSON Web Key Set (RFC 7517).

mod claim_rules;
mod key;
mod key_set;
mod key_store;
mod verified_tokens;

pub use claim_rules::ClaimRules;
pub use key_set::KeySetError;
pub use key_store::{KeySetState, RefreshTimes};

use super::claims::{Claims, KeyId};
use super::header;
use super::token_problem::TokenProblem;
use super::tokens::VerificationError;
use crate::outbound::DocumentSource;
use crate::services::Clock;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Validation};
use key_set::ALGORITHMS;
use key_store::KeyStore;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use verified_tokens::VerifiedTokens;

/// Verifies tokens with the keys of a key set.
#[derive(Debug)]
pub struct IdentityProvider {
    rules: ClaimRules,
    keys: Arc<KeyStore>,
    verified: VerifiedTokens,
}

/// The longest accepted token, in bytes. A header of HTTP is not longer either.
const MAX_TOKEN: usize = 16 * 1024;

impl IdentityProvider {
    /// Reads keys from this source, and accepts tokens by these rules.
    #[must_use]
    pub fn new(source: DocumentSource, rules: ClaimRules, times: RefreshTimes) -> Self {
        Self { rules, keys: Arc::new(KeyStore::new(source, times)), verified: VerifiedTokens::new() }
    }

    /// Reads the keys before the server starts.
    ///
    /// # Errors
    /// Why they could not be read.
    pub async fn load(&self, clock: &Clock) -> Result<(), KeySetError> {
        self.keys.read(clock).await.map(drop)
    }

    /// Reads the keys as they are now. When that fails, the former ones stay in use.
    ///
    /// # Errors
    /// Why they could not be read.
    pub async fn refresh(&self, clock: &Clock) -> Result<(), Arc<KeySetError>> {
        self.keys.refresh(clock).await
    }

    /// Reads the keys at once, and again whenever they are due. It never ends.
    pub(crate) async fn keep_fresh(&self, clock: &Clock) -> ! {
        self.keys.keep_fresh(clock).await
    }

    /// The state of the keys.
    pub(crate) fn state(&self, clock: &Clock) -> KeySetState {
        self.keys.state(clock)
    }

    /// Whether the key is in the present set.
    pub(crate) fn accepts(&self, key: KeyId, clock: &Clock) -> bool {
        self.keys.present(clock).is_some_and(|read| read.set.contains(key))
    }

    /// Verifies a token. One that has expired is valid otherwise.
    pub(crate) async fn verify(&self, token: &str, clock: &Clock) -> Result<Claims, VerificationError> {
        if token.len() > MAX_TOKEN {
            return Err(TokenProblem::Invalid.into());
        }
        let hash = Sha256::digest(token).into();
        let claims = match self.verified.get(&hash).filter(|claims| self.accepts(claims.key, clock)) {
            Some(claims) => claims,
            None => self.verify_signature(token, hash, clock).await?,
        };
        Ok(claims.unless_expired(clock.now_for_expiry())?)
    }

    async fn verify_signature(&self, token: &str, hash: [u8; 32], clock: &Clock) -> Result<Claims, VerificationError> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenProblem::Invalid)?;
        if !ALGORITHMS.contains(&header.alg) || !header::is_acceptable(token, &header) {
            return Err(TokenProblem::Invalid.into());
        }
        // Several keys can have one id; usually it is one.
        for key in self.keys.find(header.kid.as_deref(), header.alg, clock).await? {
            match jsonwebtoken::decode::<Map<String, Value>>(token, &key.decoding, &validation(header.alg)) {
                Ok(data) => {
                    let claims = self.rules.check(&data.claims, hash, key.id, clock.now_for_expiry())?;
                    self.verified.insert(hash, claims.clone());
                    return Ok(claims);
                }
                Err(error) if *error.kind() == ErrorKind::InvalidSignature => {}
                Err(_) => break,
            }
        }
        Err(TokenProblem::Invalid.into())
    }
}

/// Checks the algorithm alone: the claims are checked by [`ClaimRules`], by the clock of the services.
fn validation(algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation
}
