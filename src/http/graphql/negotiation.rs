//! Content negotiation: the media type of the response, and whether a browser asks for the explorer.

use crate::graphql::Code;
use crate::http::error_response::HttpError;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};

/// The media type of a response. It decides which status codes are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Media {
    /// The type of the specification: 4xx when nothing ran.
    GraphQl,
    /// For older clients: 200 for every well-formed request.
    Json,
}

impl Media {
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::GraphQl => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        }
    }
}

const GRAPHQL: &str = "application/graphql-response+json";
const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream";

/// How the client wants the response.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Accepted {
    /// As an event stream.
    pub(crate) events: bool,
    /// The media type of a response that is one document. In an event stream, of errors that prevent the stream.
    pub(crate) media: Media,
}

const NOT_ACCEPTABLE: HttpError = HttpError::new(
    StatusCode::NOT_ACCEPTABLE,
    Code::BadRequest,
    "The answers are `application/graphql-response+json`, `application/json` or `text/event-stream`.",
);

impl Accepted {
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, HttpError> {
        let events = prefers_events(headers);
        let media = media(headers).or(events.then_some(Media::Json)).ok_or(NOT_ACCEPTABLE)?;
        Ok(Self { events, media })
    }
}

impl<S: Sync> FromRequestParts<S> for Accepted {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, HttpError> {
        Self::of(&parts.headers)
    }
}

/// The media type that the client prefers; `None` when it accepts neither. Without `Accept` it is JSON.
pub(crate) fn media(headers: &HeaderMap) -> Option<Media> {
    let ranges = ranges(headers);
    if ranges.is_empty() {
        return Some(Media::Json);
    }
    let position = |name: &str| ranges.iter().position(|(range, _)| range == name);
    let (graphql, json) = (quality(&ranges, GRAPHQL), quality(&ranges, JSON));
    // At equal quality the type that is named, or named first, wins.
    let prefers_graphql = match (position(GRAPHQL), position(JSON)) {
        (Some(graphql_at), Some(json_at)) => graphql > json || (graphql >= json && graphql_at < json_at),
        (Some(_), None) => graphql >= json,
        (None, Some(_)) => graphql > json,
        (None, None) => false,
    };
    if prefers_graphql && graphql > 0.0 { Some(Media::GraphQl) } else { (json > 0.0).then_some(Media::Json) }
}

/// Whether the client prefers an event stream: it names `text/event-stream`, with a higher quality than the other
/// types or with the same quality and before them.
fn prefers_events(headers: &HeaderMap) -> bool {
    let ranges = ranges(headers);
    let Some(events_at) = ranges.iter().position(|(range, _)| range == EVENTS) else { return false };
    let (_, events) = ranges[events_at];
    let is_preferred_to = |name: &str| {
        let (position, quality) = (ranges.iter().position(|(range, _)| range == name), quality(&ranges, name));
        events > quality || (events >= quality && position.is_none_or(|position| events_at < position))
    };
    events > 0.0 && is_preferred_to(GRAPHQL) && is_preferred_to(JSON)
}

/// Whether the client is a browser that shows a page: it names HTML with a higher quality than GraphQL's types.
pub(crate) fn is_browser(headers: &HeaderMap) -> bool {
    let ranges = ranges(headers);
    let named = |name: &str| ranges.iter().find(|(range, _)| range == name).map_or(0.0, |(_, quality)| *quality);
    named("text/html") > named(GRAPHQL).max(named(JSON))
}

/// The quality of a media type: that of the most specific range which includes it.
fn quality(ranges: &[(String, f32)], name: &str) -> f32 {
    let most_specific =
        [name, "application/*", "*/*"].into_iter().find_map(|it| ranges.iter().find(|(range, _)| range == it));
    most_specific.map_or(0.0, |(_, quality)| *quality)
}

/// The media ranges of `Accept` with their qualities (RFC 9110, 12.5.1).
fn ranges(headers: &HeaderMap) -> Vec<(String, f32)> {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let parse = |range: &str| {
        let mut parts = range.split(';').map(|part| part.trim().to_ascii_lowercase());
        let name = parts.next().filter(|name| !name.is_empty())?;
        let quality = parts.find_map(|part| part.strip_prefix("q=").map(|quality| quality.parse().unwrap_or(0.0)));
        Some((name, quality.unwrap_or(1.0)))
    };
    values.flat_map(|value| value.split(',')).filter_map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_gets_the_media_type_that_it_prefers() {
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
    fn event_stream_is_sent_only_when_named_and_preferred() {
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
