//! What is queued for webhooks, and how it is sent.

mod bodies;
mod crash;
mod dispatching;
mod failing;
mod interrupted;
mod names;
mod responses;
mod schedule;
mod several_servers;
mod work;

use crate::support::TestApp;
use crate::support::database::Database;
use crate::support::people::ADA;
use crate::support::polling::until;
use interviews::domain::webhook::address::AddressPolicy;
use interviews::domain::webhook::{NewWebhook, Webhook, WebhookType};
use interviews::domain::{Authority, CompanyId, Viewer};
use interviews::outbound::WebhookTransport;
use interviews::services::{Services, WebhookOptions};
use sea_orm::TryGetable;

/// A server that may send webhooks to this machine.
const OPEN: [&str; 2] = ["--webhook-allow-http=on", "--webhook-allow-private=on"];

async fn start(database: Database, flags: &[&str]) -> Option<TestApp> {
    TestApp::start_with(database, &[&OPEN, flags].concat()).await
}

/// The same settings, for a server without flags.
fn open_options() -> WebhookOptions {
    let policy = AddressPolicy { allow_http: true, allow_private: true };
    WebhookOptions {
        transport: WebhookTransport { policy, ..WebhookTransport::default() },
        ..WebhookOptions::default()
    }
}

fn admin() -> Viewer {
    let title = "Ada Prentice".to_owned();
    Viewer { id: ADA, title, authority: Authority::Admin, manager: false, time_zone: None }
}

/// A webhook for all events.
async fn webhook(app: &TestApp, url: &str) -> Webhook {
    webhook_of(app, url, None, None).await
}

async fn webhook_of(
    app: &TestApp,
    url: &str,
    company_id: Option<CompanyId>,
    types: Option<Vec<WebhookType>>,
) -> Webhook {
    let new = NewWebhook { url: url.to_owned(), company_id, types, description: None };
    app.app.services().create_webhook(&admin(), &new, None).await.unwrap().unwrap().webhook
}

/// Queues messages about all events. On PostgreSQL they wait for transactions of other tests.
async fn dispatch(app: &TestApp) {
    until(async || {
        while app.app.services().dispatch_webhooks(app.now()).await.unwrap() {}
        unread(app).await == 0
    })
    .await;
}

async fn unread(app: &TestApp) -> i64 {
    let unread = "SELECT count(*) FROM interview_events AS event, log_consumers AS consumer \
        WHERE (event.transaction_id, event.id) > (consumer.transaction_id, consumer.event_id)";
    app.database.value(unread).await
}

/// Sends what is due, and waits for it.
async fn send(app: &TestApp) {
    send_by(app.app.services(), app).await;
}

async fn send_by(services: &Services, app: &TestApp) {
    while services.send_webhooks(app.now()).await.unwrap() {}
}

/// A value of the last delivery.
async fn of_delivery<T: TryGetable>(app: &TestApp, column: &str) -> T {
    app.database.value(&format!("SELECT {column} FROM webhook_deliveries ORDER BY id DESC LIMIT 1")).await
}

/// A value of the last attempt.
async fn of_attempt<T: TryGetable>(app: &TestApp, column: &str) -> T {
    let last = "ORDER BY delivery_id DESC, number DESC LIMIT 1";
    app.database.value(&format!("SELECT {column} FROM webhook_attempts {last}")).await
}
