//! Subscriptions as server-sent events.

use super::{request, response};
use crate::support::Database::Sqlite;
use crate::support::events::{cursor, latest_event, relocate};
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
}

impl EventStream {
    async fn subscribe(server: &ListeningServer, token: &str, since: i64) -> Self {
        let request = request(&cursor(&server.app.database, since).await);
        let client = http_client::client();
        let post = client.post(format!("http://{}/graphql", server.address)).bearer_auth(token).json(&request);
        let response = post.header("accept", "text/event-stream").send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream; charset=utf-8");
        let bytes = futures_util::stream::unfold(response, |mut response| async {
            let chunk = response.chunk().await.transpose()?;
            Some((chunk.map(|chunk| chunk.to_vec()), response))
        });
        Self { bytes: bytes.boxed(), text: String::new() }
    }

    /// The data of the following `next` event.
    async fn next(&mut self) -> Value {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let event: String = self.text.drain(..end + 2).collect();
                let data = event.trim_start_matches(":\n").trim_end().strip_prefix("event: next\ndata: ");
                return serde_json::from_str(data.unwrap()).unwrap();
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
