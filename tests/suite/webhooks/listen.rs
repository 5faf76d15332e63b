//! `interviews webhooks listen`: a receiver for development.

use crate::support::Database::Sqlite;
use crate::support::http_client::client;
use crate::support::people::ADA;
use crate::support::shell::{Server, Shell};
use chrono::{DateTime, TimeDelta, Utc};
use interviews::domain::webhook::{WebhookSecret, signature};
use interviews::services::Clock;
use serde_json::json;

const SECRET: [u8; 32] = [1; 32];
const BODY: &str = r#"{"type":"interview.updated","data":{"version":7}}"#;

struct Listener {
    process: Server,
    url: String,
}

impl Listener {
    fn start(shell: &Shell, secret: &str) -> Self {
        let process = shell.follow(&format!("webhooks listen --port 0 --secret {secret}"));
        let url = process.printed("Listening for webhooks on");
        Self { process, url }
    }

    /// The status of the response to a message, and the line that is printed about it.
    async fn receive(&self, id: &str, request: reqwest::RequestBuilder) -> (u16, String) {
        let response = request.header("webhook-id", id).send().await.unwrap();
        (response.status().as_u16(), self.process.stdout.wait_for(&format!(" {id} ")))
    }

    /// A message that was sent and signed at this time.
    async fn message(&self, id: &str, body: &str, sent_at: DateTime<Utc>) -> (u16, String) {
        let request = client().post(&self.url).body(body.to_owned());
        let signature = signature::sign([&WebhookSecret::from_bytes(SECRET)], id, sent_at, BODY.as_bytes());
        let request = request.header("webhook-timestamp", sent_at.timestamp()).header("webhook-signature", signature);
        self.receive(id, request).await
    }
}

#[tokio::test]
async fn delivery_is_verified_and_printed() {
    let Some(shell) = Shell::on_demo_data(Sqlite).await else { return };
    let shell = shell.set("WEBHOOK_ALLOW_HTTP", "on").set("WEBHOOK_ALLOW_PRIVATE", "on");
    let (server, token) = (shell.start("serve"), shell.token(ADA));
    let create = "mutation { createWebhook(input: { url: \"http://127.0.0.1:1/\" }) { secret webhook { id } } }";
    let created = server.graphql(&token, create).await["data"]["createWebhook"].take();
    let listener = Listener::start(&shell, created["secret"].as_str().unwrap());
    let lead = format!(
        "mutation {{ updateWebhook(id: {}, input: {{ url: \"{}\" }}) {{ userErrors {{ code }} }} }}",
        created["webhook"]["id"], listener.url
    );
    assert_eq!(server.graphql(&token, &lead).await["data"]["updateWebhook"]["userErrors"], json!([]));
    server.relocate(&token, "Gate 7").await;
    let line = listener.process.stdout.wait_for("interview.updated");
    assert!(line.ends_with(" interview.updated verified"), "{line}");
    // The body is printed in lines.
    listener.process.stdout.wait_for(r#"  "type": "interview.updated""#);
}

#[tokio::test]
async fn message_that_is_not_genuine_is_refused() {
    let shell = Shell::new();
    let listener = Listener::start(&shell, &WebhookSecret::from_bytes(SECRET).expose());
    let now = Clock::System.now();
    let (status, line) = listener.message("msg_1", BODY, now).await;
    assert_eq!(status, 204);
    assert!(line.ends_with("POST / msg_1 interview.updated verified"), "{line}");

    // The escape character, and what follows it, would change the terminal.
    let changed = r#"{"type":"\u001b[2J"}"#;
    let (status, line) = listener.message("msg_2", changed, now).await;
    assert_eq!(status, 400);
    assert!(line.contains(r"\u{1b}[2J REFUSED: webhook-signature does not match: --secret may be"), "{line}");

    let (status, line) = listener.message("msg_3", BODY, now - TimeDelta::minutes(6)).await;
    assert_eq!(status, 400);
    assert!(line.ends_with("REFUSED: webhook-timestamp is more than 5 minutes off"), "{line}");

    let (status, line) = listener.receive("msg_4", client().get(&listener.url)).await;
    assert_eq!(status, 400);
    assert!(line.ends_with("GET / msg_4 - REFUSED: the method is not POST"), "{line}");
    let (status, line) = listener.receive("msg_5", client().post(&listener.url).body("{}")).await;
    assert_eq!(status, 400);
    assert!(line.ends_with("POST / msg_5 - REFUSED: webhook-timestamp is missing"), "{line}");

    let (status, line) = listener.message("msg_6", &" ".repeat(1024 * 1024 + 1), now).await;
    assert_eq!(status, 400);
    assert!(line.ends_with("REFUSED: the body is longer than 1 MiB, or was cut off"), "{line}");
}

#[tokio::test]
async fn arguments_that_cannot_be_used_are_refused() {
    let shell = Shell::new();
    let secret = WebhookSecret::from_bytes(SECRET).expose();
    let finished = shell.run("webhooks listen --secret whsec_AAAA");
    assert_eq!(finished.code, Some(2), "{}", finished.stderr);
    assert!(finished.stderr.contains("'--secret <SECRET>': a webhook's secret is whsec_ and 32 bytes"), "{finished:?}");
    let listener = Listener::start(&shell, &secret);
    let port = listener.url.trim_end_matches('/').rsplit(':').next().unwrap();
    let message = shell.fail(&format!("webhooks listen --port {port} --secret {secret}"));
    assert!(message.contains(&format!("cannot listen on 127.0.0.1:{port}: Address already in use")), "{message}");
}
