//! `webhooks listen`: a receiver for development, which verifies deliveries and prints them.

use crate::cli::{CliError, output};
use crate::domain::time;
use crate::domain::webhook::signature::{self, SignatureError};
use crate::domain::webhook::{InvalidSecret, WebhookSecret};
use crate::services::Clock;
use axum::body::Bytes;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::{Router, serve};
use clap::{Args, Subcommand};
use serde_json::Value;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::TcpListener;

/// Tools for those who receive webhooks
#[derive(Subcommand, Debug)]
pub enum WebhooksCommand {
    /// Receive deliveries on this machine, verify their signatures and print them, until Ctrl-C
    ///
    /// The URL for `createWebhook` is http://127.0.0.1:PORT/ with any path. Deliveries are answered with 204, or with
    /// 400 if they are refused. `interviews dev` sends to this machine; `serve` does with `WEBHOOK_ALLOW_HTTP=on`
    /// and `WEBHOOK_ALLOW_PRIVATE=on`.
    Listen(ListenArguments),
}

/// The arguments of `webhooks listen`.
#[derive(Args, Debug)]
pub struct ListenArguments {
    /// Listen on this port of 127.0.0.1
    #[arg(long, value_name = "PORT", default_value_t = 9000)]
    port: u16,
    /// Verify with this secret, which `createWebhook` has returned: whsec_…
    #[arg(long, value_name = "SECRET", value_parser = secret)]
    secret: WebhookSecret,
}

/// The largest delivery that is read, in bytes.
const MAX_BODY: usize = 1024 * 1024;

pub async fn run(command: WebhooksCommand) -> Result<(), CliError> {
    let WebhooksCommand::Listen(ListenArguments { port, secret }) = command;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let listener = TcpListener::bind(address).await.map_err(|error| CliError::ListenForWebhooks(address, error))?;
    output::print_line(format_args!("Listening for webhooks on http://{}/", listener.local_addr()?))?;
    Ok(serve(listener, Router::new().fallback(receive).with_state(secret)).await?)
}

/// Prints the delivery. A receiver answers 2xx as soon as it has stored the delivery; with any other status it is sent
/// again.
async fn receive(State(secret): State<WebhookSecret>, request: Request) -> StatusCode {
    let (parts, body) = request.into_parts();
    let (body, refusal) = match to_bytes(body, MAX_BODY).await {
        Ok(_) if parts.method != Method::POST => (Bytes::new(), Some("the method is not POST".to_owned())),
        Ok(body) => {
            let refusal = check(&secret, &parts.headers, &body).err();
            (body, refusal)
        }
        Err(_) => (Bytes::new(), Some("the body is longer than 1 MiB, or was cut off".to_owned())),
    };
    let id = header(&parts.headers, "webhook-id");
    let printed = output::print_line(printed(&parts.method, parts.uri.path(), id, refusal.as_deref(), &body));
    match (printed, refusal) {
        (Err(_), _) => StatusCode::INTERNAL_SERVER_ERROR,
        (Ok(()), Some(_)) => StatusCode::BAD_REQUEST,
        (Ok(()), None) => StatusCode::NO_CONTENT,
    }
}

fn check(secret: &WebhookSecret, headers: &HeaderMap, body: &[u8]) -> Result<(), String> {
    let required = |name| match header(headers, name) {
        "" => Err(format!("{name} is missing")),
        value => Ok(value),
    };
    let [id, timestamp, signatures] = ["webhook-id", "webhook-timestamp", "webhook-signature"].map(required);
    let now = Clock::System.now();
    signature::verify(secret, id?, timestamp?, signatures?, body, now).map_err(|error| match error {
        SignatureError::Mismatch => format!("{error}: --secret may be of another webhook, or replaced"),
        SignatureError::MalformedTime | SignatureError::Expired => error.to_string(),
    })
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// A line about the delivery, and its body. No control characters of a request reach the terminal.
fn printed(method: &impl ToString, path: &str, id: &str, refusal: Option<&str>, body: &[u8]) -> String {
    let body: Option<Value> = serde_json::from_slice(body).ok();
    let message_type = body.as_ref().and_then(|body| body["type"].as_str()).unwrap_or("-");
    let verdict = refusal.map_or("verified".to_owned(), |refusal| format!("REFUSED: {refusal}"));
    let now = time::format(Clock::System.now());
    let mut text = format!("{now} {} {path} {id} {} {verdict}", method.to_string(), message_type.escape_debug());
    match body {
        Some(body) if refusal.is_none() => {
            let is_control = |character: &char| character.is_control() && *character != '\n';
            let escaped = |character: char| character.escape_unicode().to_string();
            let shown = |character: char| if is_control(&character) { escaped(character) } else { character.into() };
            text.push('\n');
            text.extend(format!("{body:#}").chars().map(shown));
        }
        _ => {}
    }
    text
}

fn secret(text: &str) -> Result<WebhookSecret, InvalidSecret> {
    WebhookSecret::parse(text.trim())
}
