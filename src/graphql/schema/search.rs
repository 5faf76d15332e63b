//! The argument `search` of lists.

use crate::graphql::engine::error::{Code, error_with_code};
use async_graphql::Result;

/// The longest text to search for, in characters. Names are shorter.
const MAX_SEARCH_LENGTH: usize = 200;

/// # Errors
/// `BAD_USER_INPUT`
pub fn check_search(text: Option<&str>) -> Result<()> {
    if text.is_some_and(|text| text.chars().count() > MAX_SEARCH_LENGTH) {
        let message = format!("The argument `search` has at most {MAX_SEARCH_LENGTH} characters.");
        return Err(error_with_code(Code::BadUserInput, message));
    }
    Ok(())
}
