//! What an operation was and how it ended, for the log of requests. The engine fills it in if the transport asks for
//! it.

use crate::graphql::engine::error::Code;
use apollo_compiler::executable::Operation;
use std::sync::OnceLock;

/// The longest name that is kept, in characters.
const MAX_NAME: usize = 64;

/// A record of one operation.
#[derive(Debug, Default)]
pub struct OperationRecord {
    name: OnceLock<String>,
    kind: OnceLock<&'static str>,
    code: OnceLock<&'static str>,
}

impl OperationRecord {
    /// The name of the operation, as the document or else the request has it.
    pub fn name(&self) -> Option<&str> {
        self.name.get().map(String::as_str)
    }

    /// The type: query, mutation or subscription. None if the document is not valid.
    pub fn kind(&self) -> Option<&'static str> {
        self.kind.get().copied()
    }

    /// The first error code; none if there was no error. What users can fix counts, too.
    pub fn code(&self) -> Option<&'static str> {
        self.code.get().copied()
    }

    pub(super) fn identify(&self, operation: &Operation) {
        let _ = self.kind.set(operation.operation_type.name());
        if let Some(name) = &operation.name {
            let _ = self.name.set(readable(name));
        }
    }

    /// Keeps the name that the request gives, if the document has none.
    pub(super) fn name_as(&self, name: &str) {
        let _ = self.name.set(readable(name));
    }

    /// Keeps the code of an error. The first one counts.
    pub fn fail(&self, code: &'static str) {
        let _ = self.code.set(code);
    }

    pub(super) fn fail_with(&self, code: Option<Code>) {
        if let Some(code) = code {
            self.fail(code.as_str());
        }
    }
}

/// A name that a client invented: cut, and without characters that could break a line of the log or hide in it. The
/// names of a valid document are ASCII.
fn readable(name: &str) -> String {
    name.chars().take(MAX_NAME).map(|it| if it.is_ascii_graphic() { it } else { '?' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_is_cut_and_has_no_control_characters() {
        assert_eq!(readable("GetInterview_1"), "GetInterview_1");
        assert_eq!(readable("a\nb\u{1b}[31m\u{202e}\u{200b}\u{2028}c d\0"), "a?b?[31m???c?d?");
        assert_eq!(readable("Größe"), "Gr??e");
        assert_eq!(readable(&"x".repeat(1000)), "x".repeat(64));
        assert_eq!(readable(&"ü".repeat(1000)), "?".repeat(64));
    }
}
