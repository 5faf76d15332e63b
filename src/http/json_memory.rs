//! How much memory JSON takes when it is parsed.

use crate::graphql::{Charge, MemoryBudget, NoMemory};

/// The memory of a parsed value in a list, in bytes: measured on a list of a million numbers, as values of GraphQL.
const VALUE: usize = 128;
/// The memory of a parsed list or object with its first value, in bytes: measured on a list of objects with one field,
/// as `serde_json::Value`.
const LIST_OR_OBJECT: usize = 432;

/// Above this result the text is read again without its strings, which takes longer.
const EXACT_ABOVE: usize = 32 * 1024;

/// The most memory that JSON text takes when it is parsed, in bytes. The text is not parsed for that.
pub(crate) fn parsed_size(json: &[u8]) -> usize {
    // Without branches, so that it takes little time: it is done for every request.
    let (mut commas, mut brackets) = (0, 0);
    for byte in json {
        commas += usize::from(*byte == b',');
        brackets += usize::from(matches!(byte, b'[' | b'{'));
    }
    let estimate = size(json, commas, brackets);
    if estimate <= EXACT_ABOVE { estimate } else { parsed_size_outside_strings(json) }
}

fn parsed_size_outside_strings(json: &[u8]) -> usize {
    let (mut commas, mut brackets) = (0, 0);
    let mut bytes = json.iter();
    let mut is_in_string = false;
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => is_in_string = !is_in_string,
            b'\\' => drop(bytes.next()),
            b',' if !is_in_string => commas += 1,
            b'[' | b'{' if !is_in_string => brackets += 1,
            _ => {}
        }
    }
    size(json, commas, brackets)
}

fn size(json: &[u8], commas: usize, brackets: usize) -> usize {
    json.len() + commas * VALUE + brackets * LIST_OR_OBJECT
}

/// Counts JSON text that was received, and what it takes when it is parsed.
///
/// # Errors
/// [`NoMemory`]
pub(crate) fn charge_json(memory: &MemoryBudget, charge: &mut Charge, json: &[u8]) -> Result<(), NoMemory> {
    memory.grow(charge, json.len() + parsed_size(json))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_count_for_more_than_their_text() {
        assert_eq!(parsed_size(b""), 0);
        assert_eq!(parsed_size(br#""text""#), 6);
        assert_eq!(parsed_size(b"[0,0,0]"), 7 + 2 * VALUE + LIST_OR_OBJECT);
        assert_eq!(parsed_size(br#"[{"a":[]},{}]"#), 13 + VALUE + 4 * LIST_OR_OBJECT);
        let numbers = format!("[{}0]", "0,".repeat(10_000));
        assert_eq!(parsed_size(numbers.as_bytes()), numbers.len() + 10_000 * VALUE + LIST_OR_OBJECT);
    }

    #[test]
    fn long_strings_count_as_text() {
        let query = r#"{ a(b: \"c, \\ [d]\", e: [1, 2]) { f } }, "#.repeat(1000);
        let json = format!(r#"{{"query":"{query}","variables":{{"a":[0]}}}}"#);
        assert_eq!(parsed_size(json.as_bytes()), json.len() + VALUE + 3 * LIST_OR_OBJECT);
    }
}
