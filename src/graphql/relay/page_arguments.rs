//! The arguments of connections: `first`, `after`, `last` and `before`.

use crate::domain::page::Window;
use crate::graphql::engine::error::{Code, error_with_code};
use crate::graphql::relay::cursor::{ListPosition, decode};
use async_graphql::Result;

/// The arguments that select a page.
#[derive(Debug, Default)]
pub struct PageArguments {
    pub first: Option<i32>,
    pub after: Option<String>,
    pub last: Option<i32>,
    pub before: Option<String>,
}

/// The page size without `first` and `last`.
pub const DEFAULT_PAGE_SIZE: i32 = 20;
/// The largest page size.
pub const MAX_PAGE_SIZE: i32 = 100;

impl PageArguments {
    /// The arguments of lists that are paged forward only.
    pub fn forward(first: Option<i32>, after: Option<String>) -> Self {
        Self { first, after, last: None, before: None }
    }

    /// # Errors
    /// `BAD_USER_INPUT` with the name of the wrong argument.
    pub fn window<P: ListPosition>(&self, order: P::Order) -> Result<Window<P>> {
        let bad = |message: String| error_with_code(Code::BadUserInput, message);
        let position = |name, cursor: &Option<String>| match cursor {
            None => Ok(None),
            Some(cursor) => decode(cursor, order)
                .map(Some)
                .ok_or_else(|| bad(format!("The argument `{name}` is not a cursor of this list in this order."))),
        };
        if self.first.is_some() && self.last.is_some() {
            return Err(bad("The arguments `first` and `last` cannot be used together.".to_owned()));
        }
        let (name, size) = match self.last {
            Some(last) => ("last", last),
            None => ("first", self.first.unwrap_or(DEFAULT_PAGE_SIZE)),
        };
        if !(0..=MAX_PAGE_SIZE).contains(&size) {
            return Err(bad(format!("The argument `{name}` has to be from 0 to {MAX_PAGE_SIZE}.")));
        }
        Ok(Window {
            after: position("after", &self.after)?,
            before: position("before", &self.before)?,
            limit: size.unsigned_abs().into(),
            from_end: self.last.is_some(),
        })
    }
}
