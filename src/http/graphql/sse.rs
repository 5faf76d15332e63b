//! Responses as server-sent events, in the distinct connections mode of graphql-sse
//! (<https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md>): for clients whose network blocks WebSockets.

use crate::graphql::{
    CURSOR_EXPIRED, Code, Json, MemoryBudget, NoMemory, Outcome, RequestError, ResponseStream, StreamEnd,
    SubscriptionResponse,
};
use crate::http::server::long_lived::ConnectionPermit;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use std::convert::Infallible;
use std::time::Duration;
use tokio::time::{Instant, Interval, interval_at};

/// The header with the last `id:` that the client received on an earlier stream
/// (<https://html.spec.whatwg.org/multipage/server-sent-events.html#the-last-event-id-header>).
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// The event after the last response. It has an empty `data` field because browsers drop events without data.
const COMPLETE: &str = "event: complete\ndata:\n\n";

/// What is around a response in its event.
const EVENT: &str = "event: next\n";
const BEFORE_RESPONSE: &str = "data: ";
const AFTER_RESPONSE: &str = "\n\n";

/// A comment that keeps proxies from closing an idle connection. It has no empty line after it, because some clients
/// read that as the end of an event.
const KEEP_ALIVE: &str = ":\n";

const HEADERS: [(HeaderName, HeaderValue); 3] = [
    (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    // nginx buffers responses without this header.
    (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
];

/// After which event the client resumes; `None` without the header, or if it is empty, as before the first event. What
/// cannot be read, or is ambiguous, is no valid cursor.
pub(super) fn last_event_id(headers: &HeaderMap) -> Option<String> {
    let mut values = headers.get_all(LAST_EVENT_ID).iter();
    match (values.next()?, values.next()) {
        (value, None) if value.is_empty() => None,
        (value, None) => Some(value.to_str().unwrap_or_default().to_owned()),
        (_, Some(_)) => Some(String::new()),
    }
}

/// The stream of an operation that has one response.
pub(super) fn single(outcome: Outcome) -> Response {
    let mut body = Json::default();
    body.push_str(EVENT);
    body.push_str(BEFORE_RESPONSE);
    body.append(outcome.into_json());
    body.push_str(AFTER_RESPONSE);
    body.push_str(COMPLETE);
    (HEADERS, Bytes::from(body)).into_response()
}

/// The stream of a subscription, with a comment at each `keep_alive` interval.
pub(super) fn subscription(
    responses: ResponseStream,
    permit: ConnectionPermit,
    request_id: String,
    keep_alive: Duration,
    memory: MemoryBudget,
) -> Response {
    let keep_alive = interval_at(Instant::now() + keep_alive, keep_alive);
    let events = EventStream { responses: Some(responses), permit, keep_alive, request_id, memory };
    let chunks = stream::unfold(events, |mut events| async { events.next_chunk().await.map(|chunk| (chunk, events)) });
    (HEADERS, Body::from_stream(chunks.map(Ok::<_, Infallible>))).into_response()
}

/// The error by which a client learns why the server ended its subscription.
pub(crate) fn stream_end_error(end: StreamEnd, request_id: &str) -> RequestError {
    match end {
        StreamEnd::SignedOut(why) => why.into(),
        StreamEnd::CursorExpired => RequestError::new(Code::CursorExpired, CURSOR_EXPIRED, None),
        StreamEnd::Failed(code) => RequestError::failed(code, request_id),
    }
}

struct EventStream {
    /// `None` after the last response.
    responses: Option<ResponseStream>,
    permit: ConnectionPermit,
    keep_alive: Interval,
    request_id: String,
    memory: MemoryBudget,
}

impl EventStream {
    async fn next_chunk(&mut self) -> Option<Bytes> {
        let responses = self.responses.as_mut()?;
        let response = tokio::select! {
            // Without `complete`: the client reconnects and reaches another server.
            () = self.permit.shutdown_requested() => return None,
            _ = self.keep_alive.tick() => return Some(Bytes::from_static(KEEP_ALIVE.as_bytes())),
            response = responses.next() => response,
        };
        match response {
            Some(Ok(response)) => {
                let event = self.next_event(&response);
                Some(event.unwrap_or_else(|NoMemory| self.end(StreamEnd::Failed(Code::Overloaded))))
            }
            Some(Err(end)) => Some(self.end(end)),
            None => {
                self.responses = None;
                Some(Bytes::from_static(COMPLETE.as_bytes()))
            }
        }
    }

    /// One response as an event. Neither its JSON nor its cursor has line breaks.
    fn next_event(&self, SubscriptionResponse { cursor, json }: &SubscriptionResponse) -> Result<Bytes, NoMemory> {
        let charge = self.memory.charge(json.len())?;
        let json: &str = json;
        let event = format!("{EVENT}id: {cursor}\n{BEFORE_RESPONSE}{json}{AFTER_RESPONSE}");
        Ok(Json::new(event.into_bytes(), charge).into())
    }

    /// The last chunk, which tells the client why the stream ends.
    fn end(&mut self, end: StreamEnd) -> Bytes {
        self.responses = None;
        let error = Outcome::Rejected(stream_end_error(end, &self.request_id)).into_json().into_text();
        let error: &str = &error;
        // Without an `id:`: the client resumes after the last event that it has received.
        format!("{EVENT}{BEFORE_RESPONSE}{error}{AFTER_RESPONSE}{COMPLETE}").into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::UserId;
    use crate::graphql::Charge;
    use crate::graphql::no_viewer;
    use crate::http::server::long_lived::{LongLivedConnections, LongLivedLimits};
    use crate::services::TokenProblem;
    use http_body_util::BodyExt;
    use std::sync::Arc;
    use tokio_util::sync::CancellationToken;

    const USER: UserId = UserId(1);

    /// One permit for a stream, and what makes it end.
    fn one_permit() -> (LongLivedConnections, CancellationToken) {
        let shutdown = CancellationToken::new();
        (LongLivedConnections::new(LongLivedLimits { total: 1, per_user: 1, pending: 1 }, shutdown.clone()), shutdown)
    }

    const NEVER: Duration = Duration::from_hours(1);

    fn memory() -> MemoryBudget {
        MemoryBudget::new(1_000_000)
    }

    fn responses(last: Option<StreamEnd>) -> ResponseStream {
        let responses = [("1", "a"), ("2", "b\n\nevent: forged")].map(|(cursor, text)| {
            let json = serde_json::json!({"data": text}).to_string().into_bytes();
            let json = Arc::new(Json::new(json, Charge::default()).into_text());
            Ok(SubscriptionResponse { cursor: cursor.to_owned(), json })
        });
        stream::iter(responses.into_iter().chain(last.map(Err))).boxed()
    }

    async fn text(body: Body) -> String {
        String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn subscription_is_sent_until_its_end() {
        let both = "event: next\nid: 1\ndata: {\"data\":\"a\"}\n\n\
                    event: next\nid: 2\ndata: {\"data\":\"b\\n\\nevent: forged\"}\n\n";
        let error = |message: &str, extensions: &str| {
            format!(
                "event: next\ndata: {{\"errors\":[{{\"message\":\"{message}\",\"extensions\":{{{extensions}}}}}]}}\n\n"
            )
        };
        for (last, end) in [
            (None, String::new()),
            (
                Some(StreamEnd::SignedOut(no_viewer(TokenProblem::Revoked))),
                error("The token was revoked.", r#""code":"UNAUTHENTICATED","reason":"TOKEN_REVOKED""#),
            ),
            (Some(StreamEnd::CursorExpired), error(CURSOR_EXPIRED, r#""code":"CURSOR_EXPIRED""#)),
            (
                Some(StreamEnd::Failed(Code::Internal)),
                error("Something went wrong on the server.", r#""code":"INTERNAL","requestId":"r""#),
            ),
            (
                Some(StreamEnd::Failed(Code::Unavailable)),
                error(
                    "The server cannot do this now. Try again later.",
                    r#""code":"UNAVAILABLE","retryAfter":1,"retryable":true"#,
                ),
            ),
        ] {
            let (connections, _shutdown) = one_permit();
            let permit = connections.try_acquire(USER).unwrap();
            let response = subscription(responses(last), permit, "r".to_owned(), NEVER, memory());
            assert_eq!(text(response.into_body()).await, format!("{both}{end}event: complete\ndata:\n\n"));
            assert!(connections.try_acquire(USER).is_ok(), "its permit is free");
        }
    }

    #[tokio::test]
    async fn idle_stream_is_kept_alive_by_comments() {
        let (connections, _shutdown) = one_permit();
        let permit = connections.try_acquire(USER).unwrap();
        let mut body =
            subscription(stream::pending().boxed(), permit, String::new(), Duration::from_millis(1), memory())
                .into_body();
        for _ in 0..3 {
            assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), ":\n");
        }
    }

    #[tokio::test]
    async fn shutdown_ends_a_stream_without_complete() {
        let (connections, shutdown) = one_permit();
        let permit = connections.try_acquire(USER).unwrap();
        let response = subscription(stream::pending().boxed(), permit, String::new(), NEVER, memory());
        shutdown.cancel();
        let text = text(response.into_body()).await;
        assert_eq!(text, "");
    }
}
