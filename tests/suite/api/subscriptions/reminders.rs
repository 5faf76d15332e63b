//! Subscribers receive reminders on request, at once, and in their place among the changes.

use super::Subscriber;
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::events::{latest_event, relocate, until_log_is_readable};
use crate::support::listening_server::ListeningServer;
use crate::support::people::{JUDE, LUISA};
use crate::support::websocket_client::WebSocketClient;
use rstest::rstest;
use serde_json::json;

#[rstest]
#[tokio::test]
async fn subscribers_receive_reminders_on_request(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = app.book(JUDE, LUISA).at("10:00").accepted().await;
    let since = latest_event(&app).await;
    let mut early = [
        Subscriber::with_reminders(&app, &app.staff(), since).await,
        Subscriber::with_reminders(&app, &app.driver(), since).await,
    ];
    let mut changes = Subscriber::since(&app, &app.staff(), since).await;
    let mut other = Subscriber::with_reminders(&app, &app.other_staff(), since).await;
    app.wait_until("2025-03-31T10:00:00Z");
    assert_eq!(app.remind(id).await.len(), 1);
    relocate(&app.staff(), id, "Gate 2").await;
    app.wait_until("2025-04-01T09:00:00Z");
    assert_eq!(app.remind(id).await.len(), 1);
    relocate(&app.staff(), id, "Gate 3").await;
    for subscriber in &mut early {
        assert_eq!(subscriber.events(4).await, [since + 1, since + 2, since + 3, since + 4]);
    }
    assert_eq!(changes.events(2).await, [since + 2, since + 4]);
    // The same for those who read what they have missed.
    let mut late = Subscriber::with_reminders(&app, &app.staff(), since).await;
    assert_eq!(late.events(4).await, [since + 1, since + 2, since + 3, since + 4]);
    let mut late = Subscriber::since(&app, &app.staff(), since).await;
    assert_eq!(late.events(2).await, [since + 2, since + 4]);
    // And from a reminder on, which a subscriber may have received last.
    let mut resumed = Subscriber::since(&app, &app.staff(), since + 1).await;
    assert_eq!(resumed.events(2).await, [since + 2, since + 4]);

    let piet = app.book(JUDE, crate::support::people::PIET).at("15:00").accepted().await;
    let last = latest_event(&app).await;
    assert_eq!(other.events(2).await, [last - 1, last], "none of the other company");
    assert_eq!(piet.0, id.0 + 1);
}

#[rstest]
#[tokio::test]
async fn clients_subscribe_with_and_without_reminders(#[values(Sqlite, Postgres)] database: Database) {
    // A change of this server wakes the subscribers, and so does a reminder: nothing else does in time.
    let Some(server) = ListeningServer::start(database, &["--event-interval", "1m"]).await else { return };
    let app = &server.app;
    let id = app.book(JUDE, LUISA).at("10:00").accepted().await;
    until_log_is_readable(app).await;
    let subscribe = async |arguments: &str| {
        let mut client = WebSocketClient::sign_in(server.address, app.staff().token()).await;
        let query = format!(
            "subscription {{ interviewChanged{arguments} {{ id type actor {{ id }} changes {{ field to }} }} }}"
        );
        client.send(json!({"id": "1", "type": "subscribe", "payload": {"query": query}})).await;
        client.expect_nothing().await;
        client
    };
    let mut with = subscribe("(includeReminders: true)").await;
    let mut filtered = subscribe("(filter: {status: [SCHEDULED]}, includeReminders: true)").await;
    let mut without = subscribe("(includeReminders: false)").await;
    let mut default = subscribe("").await;
    app.wait_until("2025-03-31T10:00:00Z");
    assert_eq!(app.remind(id).await.len(), 1);
    let id_of_reminder = latest_event(app).await;
    for client in [&mut with, &mut filtered] {
        let event = client.receive().await["payload"]["data"]["interviewChanged"].take();
        let expected = json!({"id": id_of_reminder.to_string(), "type": "REMINDER_DUE", "actor": null,
            "changes": [{"field": "minutesBefore", "to": "1440"}]});
        assert_eq!(event, expected);
    }
    relocate(&app.staff(), id, "Gate 2").await;
    for client in [&mut with, &mut filtered, &mut without, &mut default] {
        assert_eq!(client.receive().await["payload"]["data"]["interviewChanged"]["type"], "UPDATED");
    }
}
