//! Opaque cursors: the place of an item in the order of its list.

use crate::domain::page::{InterviewPosition, SortKey, Window};
use crate::domain::{EventId, InterviewId, IntervieweeId, UserId, time};
use crate::graphql::engine::error::{Code, error_with_code};
use async_graphql::Result;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};

/// A place that a cursor can name. `key` tells the orders of one list apart.
pub trait ListPosition: Copy {
    /// What the list is ordered by.
    type Order: Copy;

    /// A letter for the order, and the place in it.
    fn parts(self, order: Self::Order) -> (char, Option<DateTime<Utc>>, i64);

    /// The place of these parts, unless they are of another order.
    fn from_parts(parts: (char, Option<DateTime<Utc>>, i64), order: Self::Order) -> Option<Self>;
}

impl ListPosition for InterviewPosition {
    type Order = SortKey;

    fn parts(self, key: SortKey) -> (char, Option<DateTime<Utc>>, i64) {
        let letter = match key {
            SortKey::StartAt => 's',
            SortKey::UpdatedAt => 'u',
            SortKey::Id => 'i',
        };
        (letter, self.time, self.id.0)
    }

    fn from_parts((letter, time, id): (char, Option<DateTime<Utc>>, i64), key: SortKey) -> Option<Self> {
        let position = Self { time, id: InterviewId(id) };
        let (expected, _, _) = position.parts(key);
        let timed = key != SortKey::Id;
        (letter == expected && time.is_some() == timed).then_some(position)
    }
}

macro_rules! position_by_id {
    ($($id:ident $letter:literal;)*) => {$(
        impl ListPosition for $id {
            type Order = ();

            fn parts(self, (): ()) -> (char, Option<DateTime<Utc>>, i64) {
                ($letter, None, self.0)
            }

            fn from_parts((letter, time, id): (char, Option<DateTime<Utc>>, i64), (): ()) -> Option<Self> {
                (letter == $letter && time.is_none()).then_some(Self(id))
            }
        }
    )*};
}

position_by_id! {
    IntervieweeId 'a';
    UserId 'p';
    EventId 'e';
}

/// Writes a cursor.
pub fn encode<P: ListPosition>(position: P, order: P::Order) -> String {
    let (letter, time, id) = position.parts(order);
    let time = time.map_or_else(String::new, |time| time.timestamp_millis().to_string());
    URL_SAFE_NO_PAD.encode(format!("{letter}.{time}.{id}"))
}

fn decode<P: ListPosition>(cursor: &str, order: P::Order) -> Option<P> {
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

/// The arguments with which every connection is paged.
#[derive(Debug, Default)]
pub struct PageArguments {
    /// How many from the start.
    pub first: Option<i32>,
    /// Where they begin.
    pub after: Option<String>,
    /// How many from the end.
    pub last: Option<i32>,
    /// Where they end.
    pub before: Option<String>,
}

/// How many items a page has when nobody says.
pub const DEFAULT_PAGE_SIZE: i32 = 20;
/// How many items a page has at most.
pub const MAX_PAGE_SIZE: i32 = 100;

impl PageArguments {
    /// The window that is asked for.
    ///
    /// # Errors
    /// `BAD_USER_INPUT`, naming the argument.
    pub fn window<P: ListPosition>(&self, order: P::Order) -> Result<Window<P>> {
        let bad = |message: String| error_with_code(Code::BadUserInput, message);
        let position = |name, cursor: &Option<String>| match cursor {
            None => Ok(None),
            Some(cursor) => decode(cursor, order)
                .map(Some)
                .ok_or_else(|| bad(format!("`{name}` is not a cursor of this list in this order"))),
        };
        if self.first.is_some() && self.last.is_some() {
            return Err(bad("`first` and `last` cannot be used together".to_owned()));
        }
        let (name, size) = match self.last {
            Some(last) => ("last", last),
            None => ("first", self.first.unwrap_or(DEFAULT_PAGE_SIZE)),
        };
        if !(0..=MAX_PAGE_SIZE).contains(&size) {
            return Err(bad(format!("`{name}` has to be from 0 to {MAX_PAGE_SIZE}")));
        }
        Ok(Window {
            after: position("after", &self.after)?,
            before: position("before", &self.before)?,
            limit: size.unsigned_abs().into(),
            from_end: self.last.is_some(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_in_its_own_order_and_in_no_other() {
        let time = DateTime::from_timestamp_millis(1_742_466_728_958);
        let position = InterviewPosition { time, id: InterviewId(27) };
        let cursor = encode(position, SortKey::StartAt);
        assert_eq!(decode::<InterviewPosition>(&cursor, SortKey::StartAt), Some(position));
        assert_eq!(decode::<InterviewPosition>(&cursor, SortKey::UpdatedAt), None);
        assert_eq!(decode::<InterviewPosition>(&cursor, SortKey::Id), None);
        assert_eq!(decode::<UserId>(&cursor, ()), None);
        for forged in ["", "x", "cy4uMjc", "%%%", "cy4xLjIuMw", "cy4tODAwMDAwMDAwMDAwMDAwMC4yNw"] {
            assert_eq!(decode::<InterviewPosition>(forged, SortKey::StartAt), None, "{forged}");
        }
    }
}
