//! An interview that goes from one driver to another: each of them receives the events of their own time, live and
//! after `since`.

use super::Subscriber;
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::events::{cursor, latest_event, relocate};
use crate::support::hand_over::{HandOver, LINE, SECRETS, give_to_bruna, hand_over, lines};
use crate::support::listening_server::ListeningServer;
use crate::support::people::{BRUNA, JUDE, JUDE_WITH_LUISA, LUISA};
use crate::support::websocket_client::WebSocketClient;
use interviews::domain::filter::InterviewFilter;
use interviews::domain::{EventType, InterviewStatus};
use interviews::services::Delivery;
use rstest::rstest;
use serde_json::{Value, json};

/// Type, whether the interview is shown, and whether values before and after the event are shown.
fn shown(delivery: &Delivery) -> (EventType, bool, bool, bool) {
    let (event, interview) = (&delivery.entry.event, &delivery.entry.interview);
    let shows_before = event.changes.iter().any(|change| change.from.is_some());
    let shows_after = event.changes.iter().any(|change| change.to.is_some());
    (event.event_type, interview.is_some(), shows_before, shows_after)
}

#[rstest]
#[tokio::test]
async fn missed_events_are_those_of_the_time_when_the_subscriber_was_the_driver(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let HandOver { since, .. } = hand_over(&app).await;
    let mut jude = Subscriber::since(&app, &app.driver(), since).await;
    let mut bruna = Subscriber::since(&app, &app.user(BRUNA), since).await;
    for expected in [
        (EventType::Created, false, false, true),
        (EventType::Updated, false, false, true),
        (EventType::Amended, false, true, true),
        (EventType::Updated, false, true, false),
    ] {
        assert_eq!(shown(&jude.next().await.unwrap()), expected);
    }
    for expected in [(EventType::Updated, true, false, true), (EventType::Accepted, true, true, true)] {
        assert_eq!(shown(&bruna.next().await.unwrap()), expected);
    }
    relocate(&app.staff(), JUDE_WITH_LUISA, "for Jude").await;
    assert_eq!(jude.event().await.1, JUDE_WITH_LUISA);
}

#[rstest]
#[tokio::test]
async fn live_events_are_those_of_the_time_when_the_subscriber_was_the_driver(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let id = app.book(JUDE, LUISA).at("10:00").await;
    let mut jude = Subscriber::of(&app, &app.driver()).await;
    let mut bruna = Subscriber::of(&app, &app.user(BRUNA)).await;
    relocate(&app.staff(), id, "Home of Jude").await;
    give_to_bruna(&app, id).await;
    relocate(&app.staff(), id, "Gate 3").await;
    relocate(&app.staff(), JUDE_WITH_LUISA, "for Jude").await;
    // The creation can be delivered, too, if the log is delayed. The first update can be read after the interview
    // became Bruna's.
    let mut deliveries = Vec::new();
    while deliveries.len() < 3 {
        let delivery = jude.next().await.unwrap();
        if delivery.entry.event.event_type == EventType::Updated {
            assert!(delivery.is_live);
            deliveries.push(shown(&delivery));
        }
    }
    assert_eq!((deliveries[0].2, deliveries[0].3), (false, true));
    assert_eq!(deliveries[1], (EventType::Updated, false, true, false));
    assert!(deliveries[2].1);
    assert_eq!(shown(&bruna.next().await.unwrap()), (EventType::Updated, true, false, true));
    assert_eq!(shown(&bruna.next().await.unwrap()), (EventType::Updated, true, true, true));
}

#[rstest]
#[tokio::test]
async fn filter_tells_a_former_driver_nothing_of_what_became_of_the_interview(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let HandOver { since, .. } = hand_over(&app).await;
    let scheduled = InterviewFilter { status: Some(vec![InterviewStatus::Scheduled]), ..InterviewFilter::default() };
    let mut jude = Subscriber::filtered(&app, &app.driver(), scheduled.clone(), since).await;
    let mut bruna = Subscriber::filtered(&app, &app.user(BRUNA), scheduled, since).await;
    assert_eq!(shown(&bruna.next().await.unwrap()).0, EventType::Accepted);
    let own = app.book(JUDE, LUISA).at("12:00").accepted().await;
    assert_eq!(jude.event().await.1, own);
}

const SUBSCRIPTION: &str = "subscription($since: ID) { interviewChanged(since: $since) { \
    interviewId interview { location interviewee { driver { title } } } actor { title } ";

/// The next event of a subscription over the network.
async fn receive(client: &mut WebSocketClient) -> Value {
    let mut message = client.receive().await;
    assert!(message["payload"].get("errors").is_none(), "{message:#}");
    message["payload"]["data"]["interviewChanged"].take()
}

#[rstest]
#[tokio::test]
async fn each_driver_gets_a_response_of_their_own(#[values(Sqlite, Postgres)] database: Database) {
    let Some(server) = ListeningServer::start(database, &[]).await else { return };
    let app: &TestApp = &server.app;
    let id = app.book(JUDE, LUISA).at("10:00").await;
    let query = format!("{SUBSCRIPTION} {LINE} }} }}");
    let since = cursor(&app.database, latest_event(app).await).await;
    let mut clients = Vec::new();
    for driver in [JUDE, BRUNA] {
        let mut client = WebSocketClient::sign_in(server.address, app.user(driver).token()).await;
        let payload = json!({"query": query, "variables": {"since": since}});
        client.send(json!({"id": "one", "type": "subscribe", "payload": payload})).await;
        clients.push(client);
    }
    relocate(&app.staff(), id, "Home of Jude, 5 Mill Lane").await;
    give_to_bruna(app, id).await;
    let [jude, bruna] = &mut clients[..] else { unreachable!() };
    let first = receive(jude).await;
    assert_eq!(lines(&json!([first])), ["UPDATED location(>Home of Jude, 5 Mill Lane)"]);
    let given_away = receive(jude).await;
    let expected = "UPDATED location(Home of Jude, 5 Mill Lane>) intervieweeId(277>)";
    assert_eq!(lines(&json!([given_away])), [expected]);
    assert_eq!((&given_away["interviewId"], &given_away["interview"]), (&json!(id.to_string()), &Value::Null));
    let taken_over = receive(bruna).await;
    assert_eq!(lines(&json!([taken_over])), ["UPDATED location(>Gate 2) intervieweeId(>1001)"]);
    assert_eq!(taken_over["interview"]["interviewee"]["driver"]["title"], "Bruna Bakker");
    assert!(!SECRETS.iter().any(|secret| taken_over.to_string().contains(secret)), "{taken_over:#}");
}
