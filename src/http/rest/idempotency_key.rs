//! The header `Idempotency-Key`, as in the draft of the IETF
//! (<https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/>), or without quotes.

use crate::domain::{IdempotencyKey, Interface, Refusal};
use axum::http::{HeaderMap, HeaderName};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The key of the request, if it has one.
///
/// # Errors
/// [`Refusal::InvalidKey`], also if there are several.
pub(super) fn key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Refusal> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = str::from_utf8(value.as_bytes()).ok().filter(|_| values.next().is_none());
    let text = text.and_then(|text| match text.strip_prefix('"') {
        Some(quoted) => unquoted(quoted),
        None => Some(text.to_owned()),
    });
    text.ok_or(Refusal::InvalidKey).and_then(|text| IdempotencyKey::parse(Interface::Rest, &text)).map(Some)
}

/// The text of a string as in RFC 9651, 3.3.3, after its first quotation mark. None if it is malformed.
fn unquoted(quoted: &str) -> Option<String> {
    let (mut text, mut characters) = (String::new(), quoted.chars());
    loop {
        match characters.next()? {
            '"' => return characters.next().is_none().then_some(text),
            '\\' => text.push(characters.next().filter(|escaped| matches!(escaped, '"' | '\\'))?),
            character => text.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn read(values: &[&[u8]]) -> Result<Option<IdempotencyKey>, Refusal> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(IDEMPOTENCY_KEY, HeaderValue::from_bytes(value).unwrap());
        }
        key(&headers)
    }

    #[test]
    fn key_is_a_quoted_string_or_bare() {
        assert_eq!(read(&[]), Ok(None));
        let key = |text: &str| Ok(Some(IdempotencyKey::parse(Interface::Rest, text).unwrap()));
        for (header, text) in [
            (r#""8e03978e""#, "8e03978e"),
            ("8e03978e", "8e03978e"),
            (r#""a \"b\" \\c""#, r#"a "b" \c"#),
            ("a, b", "a, b"),
            (r#"a"b"#, r#"a"b"#),
        ] {
            assert_eq!(read(&[header.as_bytes()]), key(text), "{header}");
        }
        let longest = "k".repeat(IdempotencyKey::MAX_LENGTH);
        assert_eq!(read(&[format!("\"{longest}\"").as_bytes()]), key(&longest));
    }

    #[test]
    fn malformed_key_is_refused() {
        let too_long = "k".repeat(IdempotencyKey::MAX_LENGTH + 1);
        for header in [
            "",
            r#""""#,
            r#"""#,
            r#""a"#,
            r#""a"b""#,
            r#""a", "b""#,
            r#""a";b=1"#,
            r#""\a""#,
            r#""a\""#,
            "é",
            "a\tb",
            &too_long,
        ] {
            assert_eq!(read(&[header.as_bytes()]), Err(Refusal::InvalidKey), "{header}");
        }
        assert_eq!(read(&[b"\xff"]), Err(Refusal::InvalidKey));
        assert_eq!(read(&[b"a", b"a"]), Err(Refusal::InvalidKey), "the header twice");
    }
}
