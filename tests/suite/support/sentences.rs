//! The form of messages for people: whole sentences. Every response that a test receives is checked.

use serde_json::Value;

/// What Apollo's protocol of persisted queries prescribes.
const PRESCRIBED: &str = "PersistedQueryNotFound";

/// Fails unless every message of errors in this JSON consists of whole sentences.
pub fn check_messages(value: &Value) {
    match value {
        Value::Array(items) => items.iter().for_each(check_messages),
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if ["message", "explanation"].contains(&name.as_str()) => check(text),
                    value => check_messages(value),
                }
            }
        }
        _ => {}
    }
}

/// [`check_messages`] for the body of a response, which can be an event stream.
pub fn check_body(text: &str) {
    for json in std::iter::once(text).chain(text.lines().filter_map(|line| line.strip_prefix("data: "))) {
        if let Ok(json) = serde_json::from_str(json) {
            check_messages(&json);
        }
    }
}

/// Fails unless the text consists of whole sentences: from a capital letter to a full stop.
pub fn check(text: &str) {
    let begins = text.starts_with(|first: char| first.is_uppercase());
    let ends = text.ends_with(['.', '?', '…']);
    assert!(text == PRESCRIBED || (begins && ends && text.contains(' ')), "not a sentence: {text:?}");
}
