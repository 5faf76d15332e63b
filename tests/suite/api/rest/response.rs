//! Responses of the REST API as text, for assertions.

use crate::support::actor::Answer;
use serde_json::Value;

/// Compares the body with an inline snapshot that has a line for each field, in the order of the response.
macro_rules! assert_fields {
    ($answer:expr, @$snapshot:literal) => {{
        let text = $answer.text.replace(",\"", ",\n\"");
        insta::allow_duplicates! { insta::assert_snapshot!(text, @$snapshot) }
    }};
}

/// The codes with their paths: `NULL_NOT_ALLOWED interview.kind`. Fails unless the body has the documented shape.
pub fn errors(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.header("content-type"), "application/json; charset=utf-8");
    assert_eq!(answer.header("etag"), "", "an error has no version");
    let Value::Object(body) = answer.json() else { panic!("{}", answer.text) };
    assert_eq!(body.keys().collect::<Vec<_>>(), ["errors"]);
    let errors = body["errors"].as_array().unwrap();
    let line = |error: &Value| {
        let fields = error.as_object().unwrap().keys().map(String::as_str).collect::<Vec<_>>().join(" ");
        let reason = if error["code"] == "UNAUTHENTICATED" { " reason" } else { "" };
        assert_eq!(fields, format!("code message path{reason}"));
        assert!(!error["message"].as_str().unwrap().is_empty());
        let path: Vec<_> = error["path"].as_array().unwrap().iter().map(|part| part.as_str().unwrap()).collect();
        format!("{} {}", error["code"].as_str().unwrap(), path.join("."))
    };
    errors.iter().map(line).collect()
}
