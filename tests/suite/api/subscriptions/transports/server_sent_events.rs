//! Subscriptions as server-sent events.

use super::{request, response};
use crate::support::Database::Sqlite;
use crate::support::events::{cursor, encode, latest_event, log_cursor, relocate};
use crate::support::http_client;
use crate::support::listening_server::{ListeningServer, TIMEOUT};
use crate::support::people::{JUDE_WITH_LUISA, MONA, UNKNOWN_USER};
use chrono::TimeDelta;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use interviews::services::Tokens;
use serde_json::{Value, json};

/// The body of a `text/event-stream` response over a real connection.
struct EventStream {
    bytes: BoxStream<'static, reqwest::Result<Vec<u8>>>,
    text: String,
    /// The last `id:` line.
    id: String,
}

impl EventStream {
    async fn subscribe(server: &ListeningServer, token: &str, since: i64) -> Self {
        let request = request(&cursor(&server.app.database, since).await);
        Self::open(server, token, &request, &[]).await
    }

    /// Sends a request with these values of `Last-Event-ID`.
    async fn open(server: &ListeningServer, token: &str, request: &Value, last_event_ids: &[&[u8]]) -> Self {
        let client = http_client::client();
        let post = client.post(format!("http://{}/graphql", server.address)).bearer_auth(token).json(request);
        let post = last_event_ids.iter().fold(post, |post, id| post.header("last-event-id", *id));
        let response = post.header("accept", "text/event-stream").send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream; charset=utf-8");
        let bytes = futures_util::stream::unfold(response, |mut response| async {
            let chunk = response.chunk().await.transpose()?;
            Some((chunk.map(|chunk| chunk.to_vec()), response))
        });
        Self { bytes: bytes.boxed(), text: String::new(), id: String::new() }
    }

    /// The data of the following `next` event.
    async fn next(&mut self) -> Value {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let event: String = self.text.drain(..end + 2).collect();
                let fields = event.trim_start_matches(":\n").trim_end().strip_prefix("event: next\n").unwrap();
                let (before, data) = fields.split_once("data: ").unwrap();
                if let Some(id) = before.strip_prefix("id: ") {
                    id.trim_end().clone_into(&mut self.id);
                }
                return serde_json::from_str(data).unwrap();
            }
            let chunk = tokio::time::timeout(TIMEOUT, self.bytes.next()).await.expect("no event in time");
            self.text += &String::from_utf8(chunk.expect("the stream ended").unwrap()).unwrap();
        }
    }

    /// The text that follows until the end of the response.
    async fn rest(mut self) -> String {
        while let Some(chunk) = tokio::time::timeout(TIMEOUT, self.bytes.next()).await.expect("no end in time") {
            self.text += &String::from_utf8(chunk.unwrap()).unwrap();
        }
        self.text
    }
}

#[tokio::test]
async fn event_stream_continues_after_the_last_event_of_an_earlier_one() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    let (staff, mut since) = (server.app.staff(), latest_event(&server.app).await);
    for round in 0..3 {
        let mut events = EventStream::subscribe(&server, staff.token(), since).await;
        for step in 0..3 {
            let location = format!("step {step} of round {round}");
            relocate(&staff, JUDE_WITH_LUISA, &location).await;
            since += 1;
            assert_eq!(events.next().await, response(since, &location));
        }
    }
}

const WITHOUT_SINCE: &str = "subscription { interviewChanged { id interview { location } } }";

#[tokio::test]
async fn id_line_is_the_cursor_of_the_event() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    let (staff, start) = (server.app.staff(), latest_event(&server.app).await);
    let mut events = EventStream::subscribe(&server, staff.token(), start).await;
    for event in start + 1..=start + 3 {
        relocate(&staff, JUDE_WITH_LUISA, &format!("room {event}")).await;
        events.next().await;
        assert_eq!(events.id, cursor(&server.app.database, event).await);
    }
}

#[tokio::test]
async fn stream_resumes_after_the_last_event_id() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    let (staff, start) = (server.app.staff(), latest_event(&server.app).await);
    for event in start + 1..=start + 3 {
        relocate(&staff, JUDE_WITH_LUISA, &format!("room {event}")).await;
    }
    let cursor = async |event| cursor(&server.app.database, event).await;
    let (first, second) = (cursor(start + 1).await, cursor(start + 2).await);
    let without_since = json!({"query": WITHOUT_SINCE});
    for (request, last_event_ids, expected) in [
        (&without_since, vec![second.as_bytes()], start + 3),
        (&without_since, vec![first.as_bytes()], start + 2),
        (&without_since, vec![b"0".as_slice()], 1),
        // The header is of a later event than the argument, with which the client began.
        (&request(&first), vec![second.as_bytes()], start + 3),
        (&request(&second), vec![first.as_bytes()], start + 2),
        (&request(&second), vec![], start + 3),
        // Before the first event the header is empty.
        (&request(&second), vec![b"".as_slice()], start + 3),
        (&request(&first), vec![b"  ".as_slice()], start + 2),
    ] {
        let mut events = EventStream::open(&server, staff.token(), request, &last_event_ids).await;
        let event = events.next().await;
        assert_eq!(event["data"]["interviewChanged"]["id"], expected.to_string(), "{request} {last_event_ids:?}");
        assert_eq!(events.id, cursor(expected).await);
    }
    // Without either, the client receives what happens from now on.
    let mut events = EventStream::open(&server, staff.token(), &without_since, &[b""]).await;
    relocate(&staff, JUDE_WITH_LUISA, "later").await;
    let locations = async { while events.next().await != response(start + 4, "later") {} };
    tokio::time::timeout(TIMEOUT, locations).await.unwrap();
}

/// As `EventSource` asks, which can send neither a body nor other headers.
#[tokio::test]
async fn stream_of_a_get_resumes_after_the_last_event_id() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    let (staff, start) = (server.app.staff(), latest_event(&server.app).await);
    for event in start + 1..=start + 2 {
        relocate(&staff, JUDE_WITH_LUISA, &format!("room {event}")).await;
    }
    let last = cursor(&server.app.database, start + 1).await;
    let client = http_client::client();
    let get = client.get(format!("http://{}/graphql", server.address)).query(&[("query", WITHOUT_SINCE)]);
    let get = get.header("accept", "text/event-stream").header("last-event-id", last).bearer_auth(staff.token());
    let event = tokio::time::timeout(TIMEOUT, get.send().await.unwrap().chunk()).await.unwrap().unwrap().unwrap();
    let id = cursor(&server.app.database, start + 2).await;
    let expected = response(start + 2, &format!("room {}", start + 2));
    assert_eq!(event, format!("event: next\nid: {id}\ndata: {expected}\n\n"));
}

#[tokio::test]
async fn last_event_id_that_is_no_cursor_is_an_error_with_a_code() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    let (staff, latest) = (server.app.staff(), latest_event(&server.app).await);
    let valid = cursor(&server.app.database, latest).await;
    let mut expired = log_cursor(&server.app.database, latest).await;
    expired.epoch.0 ^= 1;
    let (expired, long) = (encode(expired), "x".repeat(2000));
    for (last_event_ids, code) in [
        (vec![b"nonsense".as_slice()], "BAD_USER_INPUT"),
        (vec![b"-".as_slice()], "BAD_USER_INPUT"),
        (vec!["\u{e9}".as_bytes()], "BAD_USER_INPUT"),
        (vec![b"\xff".as_slice()], "BAD_USER_INPUT"),
        (vec![long.as_bytes()], "BAD_USER_INPUT"),
        (vec![valid.as_bytes(), valid.as_bytes()], "BAD_USER_INPUT"),
        (vec![b"7".as_slice()], "CURSOR_EXPIRED"),
        (vec![b"-7".as_slice()], "CURSOR_EXPIRED"),
        (vec![expired.as_bytes()], "CURSOR_EXPIRED"),
    ] {
        // A valid argument does not replace it.
        for request in [&json!({"query": WITHOUT_SINCE}), &request(&valid)] {
            let mut events = EventStream::open(&server, staff.token(), request, &last_event_ids).await;
            let error = events.next().await;
            assert_eq!(error["errors"][0]["extensions"]["code"], code, "{last_event_ids:?} {error}");
            assert_eq!((error.get("data"), events.id.as_str()), (None, ""));
            assert_eq!(events.rest().await, "event: complete\ndata:\n\n");
        }
    }
    // Other operations have no position.
    let query = json!({"query": "{ viewer { role } }"});
    let mut events = EventStream::open(&server, staff.token(), &query, &[b"nonsense"]).await;
    assert_json!(events.next().await, @r#"{"data": {"viewer": {"role": "STAFF"}}}"#);
}

#[tokio::test]
async fn expired_token_ends_the_stream_with_an_error() {
    let server = ListeningServer::start(Sqlite, &["--viewer-ttl", "50ms"]).await.unwrap();
    let (app, since) = (&server.app, latest_event(&server.app).await);
    relocate(&app.staff(), JUDE_WITH_LUISA, "one").await;
    let tokens = Tokens::try_new(crate::support::SECRET, None).unwrap();
    let for_a_minute = tokens.sign(MONA, app.now(), TimeDelta::minutes(1)).unwrap();
    let mut events = EventStream::subscribe(&server, &for_a_minute, since).await;
    assert_eq!(events.next().await, response(since + 1, "one"));
    app.clock.advance(TimeDelta::minutes(2));
    assert_json!(events.next().await, @r#"
    {
      "errors": [
        {
          "extensions": {"code": "UNAUTHENTICATED", "reason": "TOKEN_EXPIRED"},
          "message": "The token has expired."
        }
      ]
    }
    "#);
    assert_eq!(events.rest().await, "event: complete\ndata:\n\n");
}

#[tokio::test]
async fn revoked_token_ends_the_stream_with_an_error() {
    let server = ListeningServer::start(Sqlite, &["--viewer-ttl", "50ms"]).await.unwrap();
    let (app, staff) = (&server.app, server.app.staff());
    let mut events = EventStream::subscribe(&server, staff.token(), latest_event(app).await).await;
    app.revoke(&staff).await;
    assert_json!(events.next().await, @r#"
    {
      "errors": [
        {
          "extensions": {"code": "UNAUTHENTICATED", "reason": "TOKEN_REVOKED"},
          "message": "The token was revoked."
        }
      ]
    }
    "#);
    assert_eq!(events.rest().await, "event: complete\ndata:\n\n");
}

#[tokio::test]
async fn refused_token_is_an_event_with_its_reason() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    let app = &server.app;
    let (expired, revoked) = (app.staff(), app.staff());
    app.revoke(&revoked).await;
    app.clock.advance(TimeDelta::days(31));
    let tokens = Tokens::try_new(crate::support::SECRET, None).unwrap();
    let signed = |user| tokens.sign(user, app.now(), TimeDelta::days(1)).unwrap();
    for (token, reason) in [
        (expired.token(), "TOKEN_EXPIRED"),
        (revoked.token(), "TOKEN_EXPIRED"),
        (&signed(UNKNOWN_USER), "TOKEN_INVALID"),
        ("nonsense", "TOKEN_INVALID"),
    ] {
        let mut events = EventStream::subscribe(&server, token, 1).await;
        assert_eq!(events.next().await["errors"][0]["extensions"]["reason"], reason);
        assert_eq!(events.rest().await, "event: complete\ndata:\n\n");
    }
}

#[tokio::test]
async fn subscription_without_an_event_stream_is_a_bad_request() {
    let app = start!(Sqlite);
    let answer = app.staff().graphql("subscription { interviewChanged { id } }", json!({})).await;
    assert_json!(answer, @r#"
    {
      "errors": [
        {
          "extensions": {"code": "BAD_REQUEST"},
          "message": "Subscriptions come over WebSocket, or with `accept: text/event-stream`."
        }
      ]
    }
    "#);
}
