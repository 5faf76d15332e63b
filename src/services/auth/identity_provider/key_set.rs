//! The keys of an identity provider.

use super::key::Key;
use crate::outbound::FetchError;
use crate::services::auth::claims::KeyId;
use jsonwebtoken::Algorithm;
use serde_json::Value;

/// The keys of one document.
#[derive(Debug)]
pub(super) struct KeySet {
    keys: Vec<Key>,
}

/// What the set says about a token's header.
#[derive(Debug)]
pub(super) enum Lookup {
    /// One of these keys may have signed the token.
    Keys(Vec<Key>),
    /// No key has the name. A newer set may have one.
    Unknown,
    /// The named key is for another algorithm, or it is not clear which key is meant.
    Unfit,
}

/// Why there is no key set.
#[derive(Debug, thiserror::Error)]
pub enum KeySetError {
    /// The document could not be read.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The document is something else.
    #[error("it is not a key set, which is an object of JSON with a list `keys`")]
    Malformed,
    /// There are more keys than an identity provider needs.
    #[error("it has {0} keys; at most {MAX_KEYS} are accepted")]
    TooMany(usize),
}

/// The algorithms of identity providers.
pub(super) const ALGORITHMS: [Algorithm; 4] = [Algorithm::RS256, Algorithm::PS256, Algorithm::ES256, Algorithm::EdDSA];

/// The most keys of a set.
const MAX_KEYS: usize = 32;

impl KeySet {
    /// Reads a document. Keys that cannot be used are logged and ignored.
    pub(super) fn parse(document: &[u8]) -> Result<Self, KeySetError> {
        // The depth of JSON is limited by the parser.
        let document: Value = serde_json::from_slice(document).map_err(|_| KeySetError::Malformed)?;
        let values = document.get("keys").and_then(Value::as_array).ok_or(KeySetError::Malformed)?;
        if values.len() > MAX_KEYS {
            return Err(KeySetError::TooMany(values.len()));
        }
        let mut keys: Vec<Key> = Vec::new();
        for value in values {
            match Key::parse(value) {
                Ok(key) if keys.iter().any(|other| other.id == key.id) => {}
                Ok(key) => keys.push(key),
                Err(reason) => {
                    let kid = value.get("kid").and_then(Value::as_str);
                    tracing::debug!(kid, %reason, "a key of the key set is ignored");
                }
            }
        }
        Ok(Self { keys })
    }

    /// The keys for a token with this header. Without a name, it is the only key for the algorithm.
    pub(super) fn find(&self, kid: Option<&str>, algorithm: Algorithm) -> Lookup {
        let named = |key: &&Key| kid.is_none() || key.kid.as_deref() == kid;
        if kid.is_some() && !self.keys.iter().any(|key| named(&key)) {
            return Lookup::Unknown;
        }
        let keys: Vec<Key> = self.keys.iter().filter(named).filter(|key| key.fits(algorithm)).cloned().collect();
        match keys.len() {
            0 => Lookup::Unfit,
            2.. if kid.is_none() => Lookup::Unfit,
            _ => Lookup::Keys(keys),
        }
    }

    pub(super) fn contains(&self, key: KeyId) -> bool {
        self.keys.iter().any(|other| other.id == key)
    }

    /// The number of keys that can be used.
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }
}
