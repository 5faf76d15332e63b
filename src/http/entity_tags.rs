//! The entity tags of `If-Match` and `If-None-Match` (RFC 9110, 8.8.3 and 13.1).
//!
//! Proxies that compress change tags: nginx makes strong ones weak, Apache and Caddy add `-gzip`, Jetty `--gzip`,
//! others `;gzip`. Clients send them back like that.

use axum::http::{HeaderMap, HeaderName, header};

/// One element of a list of tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tag<'a> {
    /// `*`, any representation.
    Any,
    /// The text of a tag, without its quotes and `W/`. A name of a content coding that a proxy added is not part of it.
    Text(&'a [u8]),
}

/// The codings whose names proxies add. The longer ones come first.
const CODINGS: [&[u8]; 5] = [b"deflate", b"x-gzip", b"gzip", b"zstd", b"br"];

/// The tags of a header in all its lines. What is no tag is left out.
pub(crate) fn tags(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = Tag<'_>> {
    headers.get_all(name).into_iter().flat_map(|value| Tags(value.as_bytes()))
}

/// Whether `If-None-Match` names a representation with this `ETag`, which the client then has. The comparison is weak.
pub(crate) fn is_current(request: &HeaderMap, etag: &str) -> bool {
    let text = etag.trim_start_matches("W/").trim_matches('"').as_bytes();
    tags(request, header::IF_NONE_MATCH).any(|tag| tag == Tag::Any || tag == Tag::Text(text))
}

/// The tags that are left of a line.
struct Tags<'a>(&'a [u8]);

impl<'a> Iterator for Tags<'a> {
    type Item = Tag<'a>;

    fn next(&mut self) -> Option<Tag<'a>> {
        loop {
            self.0 = self.0.trim_ascii_start();
            if let Some(rest) = self.0.strip_prefix(b",") {
                self.0 = rest;
                continue;
            }
            if self.0.is_empty() {
                return None;
            }
            let text = self.0.strip_prefix(b"W/").unwrap_or(self.0);
            // A comma inside of quotes is part of the tag.
            let quoted = text.strip_prefix(b"\"").and_then(|text| Some((text, position(text, b'"')?)));
            let (tag, rest) = match quoted {
                Some((text, end)) => (&text[..end], &text[end + 1..]),
                None => ("".as_bytes(), self.0),
            };
            let end = position(rest, b',').unwrap_or(rest.len());
            let (outside, rest) = (rest[..end].trim_ascii(), &rest[end..]);
            self.0 = rest;
            match (quoted, outside) {
                (Some(_), []) => return Some(Tag::Text(without_coding(tag))),
                (None, b"*") => return Some(Tag::Any),
                // Some clients leave out the quotes.
                (None, text) if !text.contains(&b'"') => {
                    return Some(Tag::Text(without_coding(text.strip_prefix(b"W/").unwrap_or(text))));
                }
                // Half a quoted tag, or one that something follows.
                (Some(_) | None, _) => {}
            }
        }
    }
}

fn position(text: &[u8], byte: u8) -> Option<usize> {
    text.iter().position(|it| *it == byte)
}

/// The tag without the codings that proxies have added. They name a form of the same representation.
fn without_coding(mut tag: &[u8]) -> &[u8] {
    while let Some(rest) = CODINGS.iter().find_map(|coding| added(tag, coding)) {
        tag = rest;
    }
    tag
}

/// What comes before a coding and the characters that separate it.
fn added<'a>(tag: &'a [u8], coding: &[u8]) -> Option<&'a [u8]> {
    let rest = tag.strip_suffix(coding)?;
    let end = rest.iter().rposition(|byte| !matches!(byte, b'-' | b';' | b':'))? + 1;
    (end < rest.len()).then(|| &rest[..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn read(lines: &[&str]) -> Vec<String> {
        let lines = lines.iter().map(|line| (header::IF_MATCH, HeaderValue::from_bytes(line.as_bytes()).unwrap()));
        let headers = lines.collect();
        let show = |tag| match tag {
            Tag::Any => "*".to_owned(),
            Tag::Text(text) => format!("<{}>", String::from_utf8_lossy(text)),
        };
        tags(&headers, header::IF_MATCH).map(show).collect()
    }

    #[test]
    fn lists_are_read_with_their_quotes() {
        for (lines, expected) in [
            (&[r#""27-3""#][..], &["<27-3>"][..]),
            (&[r#"W/"27-3""#], &["<27-3>"]),
            (&[r#"W/"27-3", "27-4" ,,"x""#], &["<27-3>", "<27-4>", "<x>"]),
            (&[r#""27-3""#, r#"W/"27-4""#], &["<27-3>", "<27-4>"]),
            (&["*"], &["*"]),
            (&[r#""a", *"#], &["<a>", "*"]),
            (&[r#""*""#], &["<*>"]),
            (&[r#""a,27-3", "b""#], &["<a,27-3>", "<b>"]),
            (&[r#""""#], &["<>"]),
            (&["27-3"], &["<27-3>"]),
            (&["W/27-3, 27-4"], &["<27-3>", "<27-4>"]),
            (&[r#""27-3"#], &[]),
            (&[r#"27-3""#], &[]),
            (&[r#"w/"27-3""#], &[]),
            (&[r#"W/W/"27-3""#], &[]),
            (&[r#""27-3"x, "b""#], &["<b>"]),
            (&["", " , "], &[]),
        ] {
            assert_eq!(read(lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn representation_with_the_same_tag_is_current() {
        for (known, expected) in [
            (r#""b""#, true),
            (r#"W/"b""#, true),
            (r#""a", W/"b""#, true),
            (r#""b-gzip""#, true),
            (r#"W/"b;br""#, true),
            ("*", true),
            (r#""c""#, false),
            (r#""a,b""#, false),
            ("", false),
        ] {
            let request = HeaderMap::from_iter([(header::IF_NONE_MATCH, known.parse().unwrap())]);
            assert_eq!([is_current(&request, r#""b""#), is_current(&request, r#"W/"b""#)], [expected; 2], "{known}");
        }
        assert!(!is_current(&HeaderMap::new(), r#""b""#));
    }

    #[test]
    fn codings_that_proxies_add_are_left_out() {
        for (tag, expected) in [
            ("27-3-gzip", "27-3"),
            ("27-3--gzip", "27-3"),
            ("27-3;gzip", "27-3"),
            ("27-3:gzip", "27-3"),
            ("27-3-x-gzip", "27-3"),
            ("27-3;br", "27-3"),
            ("27-3-br", "27-3"),
            ("27-3-zstd", "27-3"),
            ("27-3-deflate", "27-3"),
            ("27-3-gzip-gzip", "27-3"),
            ("27-3-br;gzip", "27-3"),
            ("27-3gzip", "27-3gzip"),
            ("27-3-lz4", "27-3-lz4"),
            ("27-3-GZIP", "27-3-GZIP"),
            ("-gzip", "-gzip"),
            ("gzip", "gzip"),
            ("27-3-", "27-3-"),
        ] {
            assert_eq!(read(&[&format!("W/\"{tag}\"")]), [format!("<{expected}>")], "{tag}");
        }
    }
}
