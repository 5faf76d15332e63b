//! Answers as server-sent events, in the distinct connections mode of graphql-sse
//! (<https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md>): for clients whose network lets no WebSocket through.

use crate::graphql::{Code, Outcome, RequestError, ResponseStream, StreamEnd, internal_error};
use crate::http::server::shutdown::ConnectionPermit;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use std::convert::Infallible;
use std::time::Duration;
use tokio::time::{Instant, Interval, interval_at};

/// After the last answer. The empty data is for browsers, which do not report an event without any.
const COMPLETE: &str = "event: complete\ndata:\n\n";

/// So that nothing on the way takes the connection for a dead one. A comment and no empty line: some clients take that for an event's end.
const KEEP_ALIVE: &str = ":\n";

const HEADERS: [(HeaderName, HeaderValue); 3] = [
    (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    // For nginx, which otherwise collects what it passes on.
    (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
];

/// Every answer there will be, at once.
pub fn once(outcome: &Outcome) -> Response {
    let body = next(&outcome.text()) + COMPLETE;
    (HEADERS, body).into_response()
}

/// Answers as they come.
pub fn live(live: ResponseStream, permit: ConnectionPermit, request_id: String, every: Duration) -> Response {
    let keep_alive = interval_at(Instant::now() + every, every);
    let feed = Feed { live: Some(live), permit, keep_alive, request_id };
    let chunks = stream::unfold(feed, |mut feed| async { feed.chunk().await.map(|chunk| (chunk, feed)) });
    (HEADERS, axum::body::Body::from_stream(chunks.map(Ok::<_, Infallible>))).into_response()
}

/// What the end of a subscription is for its client.
pub fn refusal(ended: StreamEnd, request_id: &str) -> RequestError {
    match ended {
        StreamEnd::SignedOut => RequestError::new(Code::Unauthenticated, "the token is not accepted any more", None),
        StreamEnd::Failed => RequestError::failed(internal_error(request_id)),
    }
}

/// A subscription on its way out.
struct Feed {
    /// None when all is said.
    live: Option<ResponseStream>,
    permit: ConnectionPermit,
    keep_alive: Interval,
    request_id: String,
}

impl Feed {
    async fn chunk(&mut self) -> Option<String> {
        let live = self.live.as_mut()?;
        let answer = tokio::select! {
            // Without `complete`: the client comes back, and finds another server.
            () = self.permit.shutdown_requested() => return None,
            _ = self.keep_alive.tick() => return Some(KEEP_ALIVE.to_owned()),
            answer = live.next() => answer,
        };
        match answer {
            Some(Ok(answer)) => Some(next(&answer)),
            Some(Err(ended)) => {
                self.live = None;
                let refused = refusal(ended, &self.request_id);
                Some(next(&Outcome::Rejected(refused).text()) + COMPLETE)
            }
            None => {
                self.live = None;
                Some(COMPLETE.to_owned())
            }
        }
    }
}

/// An answer. Its JSON has no line breaks.
fn next(answer: &str) -> String {
    format!("event: next\ndata: {answer}\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graphql::engine::response::Response as GraphQlResponse;
    use crate::http::server::shutdown::ConnectionTracker;
    use async_graphql::Response as Executed;
    use axum::body::Body as HttpBody;
    use http_body_util::BodyExt;

    const NEVER: Duration = Duration::from_hours(1);

    fn answers(last: Option<StreamEnd>) -> ResponseStream {
        let answers =
            ["a", "b\n\nevent: forged"].map(|text| Ok(GraphQlResponse::from(Executed::new(text)).text().into()));
        stream::iter(answers.into_iter().chain(last.map(Err))).boxed()
    }

    async fn text(body: HttpBody) -> String {
        String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn a_subscription_is_told_to_its_end() {
        let both = "event: next\ndata: {\"data\":\"a\"}\n\nevent: next\ndata: {\"data\":\"b\\n\\nevent: forged\"}\n\n";
        let error = |message: &str, extensions: &str| {
            format!(
                "event: next\ndata: {{\"errors\":[{{\"message\":\"{message}\",\"extensions\":{{{extensions}}}}}]}}\n\n"
            )
        };
        for (last, end) in [
            (None, String::new()),
            (Some(StreamEnd::SignedOut), error("the token is not accepted any more", r#""code":"UNAUTHENTICATED""#)),
            (Some(StreamEnd::Failed), error("internal error", r#""code":"INTERNAL","requestId":"r""#)),
        ] {
            let connections = ConnectionTracker::new(1);
            let response = live(answers(last), connections.try_acquire().unwrap(), "r".to_owned(), NEVER);
            assert_eq!(text(response.into_body()).await, format!("{both}{end}event: complete\ndata:\n\n"));
            assert!(connections.try_acquire().is_some(), "its permit is free");
        }
    }

    #[tokio::test]
    async fn while_nothing_happens_the_connection_is_kept_alive() {
        let connections = ConnectionTracker::new(1);
        let permit = connections.try_acquire().unwrap();
        let mut body = live(stream::pending().boxed(), permit, String::new(), Duration::from_millis(1)).into_body();
        for _ in 0..3 {
            assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), ":\n");
        }
    }

    #[tokio::test]
    async fn when_the_server_stops_it_ends_without_being_complete() {
        let connections = ConnectionTracker::new(1);
        let live = live(stream::pending().boxed(), connections.try_acquire().unwrap(), String::new(), NEVER);
        let ((), text) = tokio::join!(connections.shut_down(), text(live.into_body()));
        assert_eq!(text, "");
    }
}
