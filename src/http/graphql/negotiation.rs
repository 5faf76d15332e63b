//! Which media type goes out.

use axum::http::{HeaderMap, header};

/// How an answer is labelled, and with it which status codes it uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// GraphQL's own: 4xx when nothing ran.
    GraphQl,
    /// For older clients: a well-formed request is answered with 200.
    Json,
}

impl Media {
    pub fn content_type(self) -> &'static str {
        match self {
            Self::GraphQl => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        }
    }
}

/// The media type that the client likes best; none when it takes neither.
pub fn media(headers: &HeaderMap) -> Option<Media> {
    let mut ranges = ranges(headers);
    if ranges.is_empty() {
        return Some(Media::Json);
    }
    ranges.sort_by(|(_, a), (_, b)| b.total_cmp(a)); // stable: what is named first wins among equals
    ranges.into_iter().filter(|(_, quality)| *quality > 0.0).find_map(|(range, _)| match range.as_str() {
        "application/graphql-response+json" => Some(Media::GraphQl),
        "application/json" | "application/*" | "*/*" => Some(Media::Json),
        _ => None,
    })
}

/// Whether the client shows pages to people.
pub fn is_browser(headers: &HeaderMap) -> bool {
    ranges(headers).iter().any(|(range, _)| range == "text/html")
}

/// The media ranges of `Accept` with their qualities (RFC 9110, section 12.5.1).
fn ranges(headers: &HeaderMap) -> Vec<(String, f32)> {
    let given = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let parse = |range: &str| {
        let mut parts = range.split(';').map(|part| part.trim().to_ascii_lowercase());
        let name = parts.next().filter(|name| !name.is_empty())?;
        let quality = parts.find_map(|part| part.strip_prefix("q=").map(|quality| quality.parse().unwrap_or(0.0)));
        Some((name, quality.unwrap_or(1.0)))
    };
    given.flat_map(|value| value.split(',')).filter_map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_gets_what_it_likes_best() {
        let accept = |value: &str| media(&HeaderMap::from_iter([(header::ACCEPT, value.parse().unwrap())]));
        assert_eq!(media(&HeaderMap::new()), Some(Media::Json));
        for (value, expected) in [
            ("application/json", Some(Media::Json)),
            ("application/graphql-response+json", Some(Media::GraphQl)),
            ("application/graphql-response+json; charset=utf-8, application/json; charset=utf-8", Some(Media::GraphQl)),
            ("application/json;q=0.5, application/graphql-response+json;q=0.8", Some(Media::GraphQl)),
            ("application/graphql-response+json;q=0.1, */*", Some(Media::Json)),
            ("*/*", Some(Media::Json)),
            ("Application/*", Some(Media::Json)),
            ("text/plain, application/xml", None),
            ("application/json;q=0", None),
        ] {
            assert_eq!(accept(value), expected, "{value}");
        }
    }
}
