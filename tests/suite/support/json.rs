//! JSON as text for inline snapshots: what fits into a line stays on one, keys are in alphabetical order.

use serde_json::Value;

/// The columns that a line of a snapshot may have, beside its indentation.
const WIDTH: usize = 96;

/// The columns of a whole answer on the line of its assertion.
const SHORT: usize = 40;

/// Compares a whole answer with an inline snapshot, which is the same on both databases and in every round of a loop.
macro_rules! assert_json {
    ($value:expr, @$snapshot:literal) => {{
        let text = $crate::support::json::layout(&$value, 0);
        insta::allow_duplicates! { insta::assert_snapshot!(text, @$snapshot) }
    }};
}

/// The text of a value that begins at this column.
pub fn layout(value: &Value, indent: usize) -> String {
    let line = one_line(value);
    if line.len() <= if indent == 0 { SHORT } else { WIDTH.saturating_sub(indent) } {
        return line;
    }
    let inner = indent + 2;
    let (open, items, close) = match value {
        Value::Object(map) => {
            let item = |(key, value): (&String, &Value)| format!("{key:?}: {}", layout(value, inner));
            ('{', map.iter().map(item).collect::<Vec<_>>(), '}')
        }
        Value::Array(values) => ('[', values.iter().map(|value| layout(value, inner)).collect(), ']'),
        _ => return line,
    };
    let separator = format!(",\n{:inner$}", "");
    format!("{open}\n{:inner$}{}\n{:indent$}{close}", "", items.join(&separator), "")
}

fn one_line(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let items = map.iter().map(|(key, value)| format!("{key:?}: {}", one_line(value)));
            format!("{{{}}}", items.collect::<Vec<_>>().join(", "))
        }
        Value::Array(values) => format!("[{}]", values.iter().map(one_line).collect::<Vec<_>>().join(", ")),
        value => value.to_string(),
    }
}
