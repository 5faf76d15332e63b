//! The argument `search` of lists.

use crate::domain::Search;
use crate::graphql::engine::error::{Code, error_with_code};
use async_graphql::Result;

/// The longest text to search for, in characters. Names are shorter.
const MAX_SEARCH_LENGTH: usize = 200;

/// Reads the argument; none if it is blank.
///
/// # Errors
/// `BAD_USER_INPUT`
pub fn parse_search(text: Option<String>) -> Result<Option<Search>> {
    let refusal = |problem: &str| error_with_code(Code::BadUserInput, format!("The argument `search` {problem}."));
    let Some(text) = text else { return Ok(None) };
    if text.chars().count() > MAX_SEARCH_LENGTH {
        return Err(refusal(&format!("has at most {MAX_SEARCH_LENGTH} characters")));
    }
    Search::parse(&text).map_err(|problem| refusal(&problem.to_string()))
}
