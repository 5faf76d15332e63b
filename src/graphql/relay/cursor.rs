//! Opaque cursors: the position of an item in the order of its list.

use crate::domain::time;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};

/// The parts of a cursor: a letter for the list and its order, the sort key if it is a time, and an id.
pub type CursorParts = (char, Option<DateTime<Utc>>, i64);

/// A position in a list that a cursor can encode.
pub trait ListPosition: Copy {
    /// The sort key of the list. A cursor is valid for one order only.
    type Order: Copy;

    fn parts(self, order: Self::Order) -> CursorParts;

    /// The position of these parts; `None` when they belong to another list or order.
    fn from_parts(parts: CursorParts, order: Self::Order) -> Option<Self>;
}

/// Implements [`ListPosition`] for ids of lists that are ordered by id. Each has a letter of its own.
macro_rules! position_by_id {
    ($id:ty, $letter:literal) => {
        impl $crate::graphql::relay::cursor::ListPosition for $id {
            type Order = ();

            fn parts(self, (): ()) -> $crate::graphql::relay::cursor::CursorParts {
                ($letter, None, self.0)
            }

            fn from_parts(parts: $crate::graphql::relay::cursor::CursorParts, (): ()) -> Option<Self> {
                let (letter, time, id) = parts;
                (letter == $letter && time.is_none()).then_some(Self(id))
            }
        }
    };
}
pub(in crate::graphql) use position_by_id;

pub fn encode<P: ListPosition>(position: P, order: P::Order) -> String {
    let (letter, time, id) = position.parts(order);
    let time = time.map_or_else(String::new, |time| time.timestamp_millis().to_string());
    URL_SAFE_NO_PAD.encode(format!("{letter}.{time}.{id}"))
}

/// The position of a cursor; `None` when it is not a cursor of this list in this order.
pub fn decode<P: ListPosition>(cursor: &str, order: P::Order) -> Option<P> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let mut parts = text.split('.');
    let (letter, time, id) = (parts.next()?, parts.next()?, parts.next()?);
    let time = match time {
        "" => None,
        millis => Some(time::from_millis(millis.parse().ok()?)?),
    };
    let letter = letter.parse().ok().filter(|_| parts.next().is_none())?;
    P::from_parts((letter, time, id.parse().ok()?), order)
}
