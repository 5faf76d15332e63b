//! Idempotency keys, by which a client can repeat a request whose response was lost: the change is made once.

use crate::domain::{Refusal, UserId};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

/// The interface by which a request came. Requests of different interfaces are never the same request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Interface {
    /// A mutation.
    GraphQl,
    /// The older API.
    Rest,
}

/// The key of a request, which the client chooses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// 1 to 255 printable ASCII characters.
    text: String,
    interface: Interface,
}

/// A request with a key. The fingerprint tells it from other requests with the same key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyedRequest {
    /// Keys of different users have nothing to do with each other.
    pub user: UserId,
    /// The text of the key.
    pub key: String,
    /// A hash of what is requested.
    pub fingerprint: Vec<u8>,
    /// The time of the request.
    pub at: DateTime<Utc>,
    /// For how long keys are remembered.
    pub lifetime: TimeDelta,
}

/// What is remembered of a request that has changed something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RememberedRequest {
    /// See [`KeyedRequest::fingerprint`].
    pub fingerprint: Vec<u8>,
    /// The id of what was changed.
    pub subject: i64,
    /// The time of the request.
    pub at: DateTime<Utc>,
}

impl IdempotencyKey {
    /// The most characters of a key.
    pub const MAX_LENGTH: usize = 255;
    /// The same of a request that has several items, whose keys are longer.
    const MAX_LENGTH_OF_SEVERAL: usize = 250;

    /// Reads a key: 1 to 255 printable ASCII characters.
    ///
    /// # Errors
    /// [`Refusal::InvalidKey`]
    pub fn parse(interface: Interface, text: &str) -> Result<Self, Refusal> {
        let is_printable = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        if is_printable && (1..=Self::MAX_LENGTH).contains(&text.len()) {
            Ok(Self { text: text.to_owned(), interface })
        } else {
            Err(Refusal::InvalidKey)
        }
    }

    /// Its characters.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The interface by which the request came.
    #[must_use]
    pub fn interface(&self) -> Interface {
        self.interface
    }

    /// The key of one item of a request that has several. `None` if it is too long.
    #[must_use]
    pub fn of_item(&self, number: usize) -> Option<Self> {
        let text = format!("{}#{number}", self.text);
        (self.text.len() <= Self::MAX_LENGTH_OF_SEVERAL).then_some(Self { text, ..*self })
    }
}

impl KeyedRequest {
    /// The id of what the request has changed already. None if it has changed nothing yet, or so long ago that its key
    /// is forgotten.
    ///
    /// # Errors
    /// [`Refusal::KeyReused`] if another request had the key.
    pub fn replayed(&self, remembered: Option<RememberedRequest>) -> Result<Option<i64>, Refusal> {
        match remembered.filter(|remembered| remembered.at >= self.at - self.lifetime) {
            None => Ok(None),
            Some(remembered) if remembered.fingerprint == self.fingerprint => Ok(Some(remembered.subject)),
            Some(_) => Err(Refusal::KeyReused),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Result<IdempotencyKey, Refusal> {
        IdempotencyKey::parse(Interface::GraphQl, text)
    }

    #[test]
    fn key_has_1_to_255_printable_ascii_characters() {
        for text in [" ", "~", "a b\"\\", &"k".repeat(255)] {
            assert!(key(text).is_ok(), "{text:?}");
        }
        for text in ["", &"k".repeat(256), "é", "a\tb", "a\u{7f}", "a\nb", "\0"] {
            assert_eq!(key(text), Err(Refusal::InvalidKey), "{text:?}");
        }
    }

    #[test]
    fn key_of_several_items_has_250_characters_at_most() {
        let of_item = |length: usize, number| key(&"k".repeat(length)).unwrap().of_item(number);
        assert_eq!(key("k").unwrap().of_item(7).unwrap().text(), "k#7");
        assert_eq!(of_item(250, 99).unwrap().text().len(), 253);
        assert_eq!(of_item(251, 0), None);
    }

    #[test]
    fn request_is_remembered_for_the_lifetime_of_keys() {
        let now = KeyedRequest {
            user: UserId(1),
            key: "k".to_owned(),
            fingerprint: b"one".to_vec(),
            at: "2025-03-20T10:00:00Z".parse().unwrap(),
            lifetime: TimeDelta::hours(24),
        };
        let remembered = |age: TimeDelta, fingerprint: &[u8]| {
            Some(RememberedRequest { fingerprint: fingerprint.to_vec(), subject: 27, at: now.at - age })
        };
        let (day, longer) = (TimeDelta::hours(24), TimeDelta::hours(24) + TimeDelta::microseconds(1));
        assert_eq!(now.replayed(None), Ok(None));
        assert_eq!(now.replayed(remembered(day, &now.fingerprint)), Ok(Some(27)));
        assert_eq!(now.replayed(remembered(longer, &now.fingerprint)), Ok(None));
        assert_eq!(now.replayed(remembered(day, b"other")), Err(Refusal::KeyReused));
        assert_eq!(now.replayed(remembered(longer, b"other")), Ok(None));
    }
}
