//! Erases what drivers have written from the stored bodies of messages.

use crate::domain::Field;
use crate::domain::erasure::ERASED_TEXT;
use serde_json::Value;

/// The body of a message without the reason of its interview, and with its changes of the reason as the event log has
/// them after an erasure. None if it has no reasons.
pub(super) fn without_reasons(body: &str) -> Option<String> {
    let mut message: Value = serde_json::from_str(body).ok()?;
    let mut found = false;
    let mut replace = |value: &mut Value, replacement: &Value| {
        if !value.is_null() && value != replacement {
            *value = replacement.clone();
            found = true;
        }
    };
    if let Some(reason) = message.pointer_mut("/data/interview/reason") {
        replace(reason, &Value::Null);
    }
    let changes = message.pointer_mut("/data/event/changes").and_then(Value::as_array_mut);
    for change in changes.into_iter().flatten() {
        if change["field"] == Field::Reason.into_str() {
            replace(&mut change["from"], &ERASED_TEXT.into());
            replace(&mut change["to"], &ERASED_TEXT.into());
        }
    }
    found.then(|| message.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn message(reason: &Value, from: &Value, to: &Value) -> Value {
        let changes = json!([
            {"field": "status", "from": "scheduled", "to": "cancelled"}, {"field": "reason", "from": from, "to": to},
        ]);
        json!({"type": "interview.cancelled", "data": {
            "event": {"id": "1", "changes": changes}, "interview": {"id": "27", "reason": reason, "location": "Gate 2"},
        }})
    }

    #[test]
    fn reasons_are_replaced_and_null_stays() {
        let (null, text) = (Value::Null, json!("I am ill"));
        let erased = without_reasons(&message(&text, &null, &text).to_string()).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&erased).unwrap(), message(&null, &null, &json!("[erased]")));
        assert_eq!(without_reasons(&erased), None);
        assert_eq!(without_reasons(&message(&null, &null, &null).to_string()), None);
        assert_eq!(without_reasons(r#"{"type":"webhook.test","data":{}}"#), None);
    }
}
