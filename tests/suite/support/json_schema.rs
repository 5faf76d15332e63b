//! Checks values against the part of JSON Schema that the project's schemas use. Another keyword ends the test.

use serde_json::Value;

/// Why a value does not fit a schema; nothing if it does.
pub fn problems(schema: &Value, value: &Value, path: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (keyword, rule) in schema.as_object().unwrap() {
        match keyword.as_str() {
            "oneOf" => {
                let fitting = rule.as_array().unwrap().iter().filter(|it| problems(it, value, path).is_empty());
                if fitting.count() != 1 {
                    found.push(format!("{path}: not one of {rule}"));
                }
            }
            "enum" if !rule.as_array().unwrap().contains(value) => found.push(format!("{path}: {value} is unknown")),
            "type" if !has_type(rule, value) => found.push(format!("{path}: {value} is no {rule}")),
            "pattern" if !matches(rule.as_str().unwrap(), value) => found.push(format!("{path}: {value} is malformed")),
            "$schema" | "title" | "description" | "enum" | "type" | "pattern" => {}
            "required" => {
                let missing =
                    rule.as_array().unwrap().iter().filter(|name| value.get(name.as_str().unwrap()).is_none());
                found.extend(missing.map(|name| format!("{path}: {name} is missing")));
            }
            "properties" => {
                for (name, rule) in rule.as_object().unwrap() {
                    if let Some(value) = value.get(name) {
                        found.extend(problems(rule, value, &format!("{path}.{name}")));
                    }
                }
            }
            "additionalProperties" => {
                assert_eq!(*rule, false);
                let known = &schema["properties"];
                let others = value.as_object().into_iter().flatten().filter(|(name, _)| known.get(name).is_none());
                found.extend(others.map(|(name, _)| format!("{path}: {name} is not described")));
            }
            "items" => {
                for value in value.as_array().into_iter().flatten() {
                    found.extend(problems(rule, value, &format!("{path}[]")));
                }
            }
            keyword => panic!("{keyword} is not supported"),
        }
    }
    found
}

fn has_type(rule: &Value, value: &Value) -> bool {
    let is = |name: &Value| match name.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        name => panic!("the type {name} is not supported"),
    };
    rule.as_array().map_or_else(|| is(rule), |names| names.iter().any(is))
}

/// Whether a text matches a pattern of literals, `\.`, and classes of digits with `{n}` or `*`. Other values match.
fn matches(pattern: &str, value: &Value) -> bool {
    let Some(mut text) = value.as_str() else { return true };
    let mut pattern = pattern.strip_prefix('^').unwrap().strip_suffix('$').unwrap();
    while !pattern.is_empty() {
        if let Some(rest) = pattern.strip_prefix('[') {
            let (class, rest) = rest.split_once(']').unwrap();
            let first = class.chars().next().unwrap();
            let digits = text.chars().take_while(|digit| (first..='9').contains(digit)).count();
            let (count, rest) = match rest.strip_prefix('{') {
                Some(rest) => {
                    let (count, rest) = rest.split_once('}').unwrap();
                    (count.parse().unwrap(), rest)
                }
                None => rest.strip_prefix('*').map_or((1, rest), |rest| (digits, rest)),
            };
            if digits < count {
                return false;
            }
            (text, pattern) = (&text[count..], rest);
        } else {
            let rest = pattern.strip_prefix('\\').unwrap_or(pattern);
            let literal = &rest[..1];
            let Some(remaining) = text.strip_prefix(literal) else { return false };
            (text, pattern) = (remaining, &rest[1..]);
        }
    }
    text.is_empty()
}
