//! Answers as server-sent events, in the distinct connections mode of graphql-sse
//! (<https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md>): for clients whose network lets no WebSocket through.

use crate::graphql::{Code, Ended, Live, Outcome, Refused, internal_error};
use crate::http::graphql::response::Body;
use crate::http::server::shutdown::Place;
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
pub fn once(outcome: Outcome) -> Response {
    let body = next(&Body::from(outcome).text()) + COMPLETE;
    (HEADERS, body).into_response()
}

/// Answers as they come.
pub fn live(live: Live, place: Place, request_id: String, every: Duration) -> Response {
    let keep_alive = interval_at(Instant::now() + every, every);
    let feed = Feed { live: Some(live), place, keep_alive, request_id };
    let chunks = stream::unfold(feed, |mut feed| async { feed.chunk().await.map(|chunk| (chunk, feed)) });
    (HEADERS, axum::body::Body::from_stream(chunks.map(Ok::<_, Infallible>))).into_response()
}

/// What the end of a subscription is for its client.
pub fn refusal(ended: Ended, request_id: &str) -> Refused {
    match ended {
        Ended::SignedOut => Refused::new(Code::Unauthenticated, "the token is not accepted any more", None),
        Ended::Failed => Refused::failed(internal_error(request_id)),
    }
}

/// A subscription on its way out.
struct Feed {
    /// None when all is said.
    live: Option<Live>,
    place: Place,
    keep_alive: Interval,
    request_id: String,
}

impl Feed {
    async fn chunk(&mut self) -> Option<String> {
        let live = self.live.as_mut()?;
        let answer = tokio::select! {
            // Without `complete`: the client comes back, and finds another server.
            () = self.place.stopping() => return None,
            _ = self.keep_alive.tick() => return Some(KEEP_ALIVE.to_owned()),
            answer = live.next() => answer,
        };
        match answer {
            Some(Ok(answer)) => Some(next(&answer)),
            Some(Err(ended)) => {
                self.live = None;
                let refused = refusal(ended, &self.request_id);
                Some(next(&Body::Refused(refused).text()) + COMPLETE)
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
    use crate::graphql::engine::response::Answer;
    use crate::http::Standing;
    use async_graphql::Response as Executed;
    use axum::body::Body as HttpBody;
    use http_body_util::BodyExt;

    const NEVER: Duration = Duration::from_hours(1);

    fn answers(last: Option<Ended>) -> Live {
        let answers = ["a", "b\n\nevent: forged"].map(|text| Ok(Answer::from(Executed::new(text)).text().into()));
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
            (Some(Ended::SignedOut), error("the token is not accepted any more", r#""code":"UNAUTHENTICATED""#)),
            (Some(Ended::Failed), error("internal error", r#""code":"INTERNAL","requestId":"r""#)),
        ] {
            let standing = Standing::new(1);
            let response = live(answers(last), standing.enter().unwrap(), "r".to_owned(), NEVER);
            assert_eq!(text(response.into_body()).await, format!("{both}{end}event: complete\ndata:\n\n"));
            assert!(standing.enter().is_some(), "its place is free");
        }
    }

    #[tokio::test]
    async fn while_nothing_happens_the_connection_is_kept_alive() {
        let standing = Standing::new(1);
        let place = standing.enter().unwrap();
        let mut body = live(stream::pending().boxed(), place, String::new(), Duration::from_millis(1)).into_body();
        for _ in 0..3 {
            assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), ":\n");
        }
    }

    #[tokio::test]
    async fn when_the_server_stops_it_ends_without_being_complete() {
        let standing = Standing::new(1);
        let live = live(stream::pending().boxed(), standing.enter().unwrap(), String::new(), NEVER);
        let ((), text) = tokio::join!(standing.stop(), text(live.into_body()));
        assert_eq!(text, "");
    }
}
