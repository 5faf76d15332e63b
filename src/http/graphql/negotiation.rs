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

const OWN: &str = "application/graphql-response+json";
const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream";

/// The media type that the client likes best; none when it takes neither. One that names neither gets plain JSON.
pub fn media(headers: &HeaderMap) -> Option<Media> {
    let ranges = ranges(headers);
    if ranges.is_empty() {
        return Some(Media::Json);
    }
    let permit = |name: &str| ranges.iter().position(|(range, _)| range == name);
    let (own, json) = (quality(&ranges, OWN), quality(&ranges, JSON));
    let prefers_own = match (permit(OWN), permit(JSON)) {
        (Some(own_at), Some(json_at)) => own > json || (own >= json && own_at < json_at),
        (Some(_), None) => own >= json,
        (None, Some(_)) => own > json,
        (None, None) => false,
    };
    if prefers_own && own > 0.0 { Some(Media::GraphQl) } else { (json > 0.0).then_some(Media::Json) }
}

/// Whether the client likes an event stream best: it names it, and no better and no earlier anything else that it can be given.
pub fn prefers_events(headers: &HeaderMap) -> bool {
    let ranges = ranges(headers);
    let Some(at) = ranges.iter().position(|(range, _)| range == EVENTS) else { return false };
    let (_, liking) = ranges[at];
    let beats = |name: &str| {
        let (permit, quality) = (ranges.iter().position(|(range, _)| range == name), quality(&ranges, name));
        liking > quality || (liking >= quality && permit.is_none_or(|permit| at < permit))
    };
    liking > 0.0 && beats(OWN) && beats(JSON)
}

/// Whether the client shows pages to people: it names HTML, and likes nothing of ours better.
pub fn is_browser(headers: &HeaderMap) -> bool {
    let ranges = ranges(headers);
    let named = |name: &str| ranges.iter().find(|(range, _)| range == name).map_or(0.0, |(_, quality)| *quality);
    named("text/html") > named(OWN).max(named(JSON))
}

/// How much a client likes a media type: the range that names it most closely decides.
fn quality(ranges: &[(String, f32)], name: &str) -> f32 {
    let closest =
        [name, "application/*", "*/*"].into_iter().find_map(|it| ranges.iter().find(|(range, _)| range == it));
    closest.map_or(0.0, |(_, quality)| *quality)
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
            ("application/json;q=0, */*", Some(Media::GraphQl)),
            ("application/json;q=0.5, */*", Some(Media::GraphQl)),
        ] {
            assert_eq!(accept(value), expected, "{value}");
        }
    }

    #[test]
    fn an_event_stream_has_to_be_asked_for_by_name() {
        for (value, expected) in [
            ("text/event-stream", true),
            ("Text/Event-Stream; charset=utf-8", true),
            ("text/event-stream, */*", true),
            ("text/event-stream, application/json", true),
            ("text/event-stream, application/json;q=0.9", true),
            ("application/graphql-response+json, application/json, text/event-stream, multipart/mixed", false),
            ("application/json, text/event-stream", false),
            ("application/json;q=0.5, text/event-stream", true),
            ("text/event-stream;q=0.5, application/json", false),
            ("text/event-stream;q=0.5, */*", false),
            ("text/event-stream;q=0", false),
            ("text/*", false),
            ("*/*", false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT, value.parse().unwrap())]);
            assert_eq!(prefers_events(&headers), expected, "{value}");
        }
        assert!(!prefers_events(&HeaderMap::new()));
    }
}
