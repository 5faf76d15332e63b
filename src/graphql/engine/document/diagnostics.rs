//! What is wrong with a document or its variables, as errors of limited number and length.

use crate::graphql::engine::sentence::to_sentence;
use apollo_compiler::parser::LineColumn;
use apollo_compiler::validation::DiagnosticList;
use async_graphql::{Pos, ServerError};
use std::ops::Range;

/// The number of errors in a response, and the length of a message in characters. They keep the response to a wrong
/// document from being larger than the document.
pub const MAX_ERRORS: usize = 20;
const MAX_MESSAGE_LENGTH: usize = 300;

pub fn to_server_errors(diagnostics: &DiagnosticList) -> Vec<ServerError> {
    let errors = diagnostics.iter().take(MAX_ERRORS);
    errors
        .map(|error| ServerError::new(sentence(error.error.to_string()), position(error.line_column_range())))
        .collect()
}

fn sentence(message: String) -> String {
    truncate(to_sentence(message))
}

pub fn truncate(message: String) -> String {
    match message.char_indices().nth(MAX_MESSAGE_LENGTH) {
        Some((end, _)) => format!("{}…", &message[..end]),
        None => message,
    }
}

pub fn position(range: Option<Range<LineColumn>>) -> Option<Pos> {
    range.map(|range| Pos { line: range.start.line, column: range.start.column })
}
