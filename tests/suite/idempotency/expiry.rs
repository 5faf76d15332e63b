//! For how long keys are remembered.

use super::{booking, keyed, keys};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::actor::refusals;
use crate::support::events::relocate;
use crate::support::people::JUDE_WITH_LUISA;
use chrono::TimeDelta;
use rstest::rstest;
use serde_json::json;

/// A request that writes one row beside its key, and one that writes several.
fn requests() -> [(&'static str, String); 2] {
    let update = format!("id: {JUDE_WITH_LUISA}, input: {{location: \"Gate 7\"}}");
    [("updateInterview", update), ("createInterview", booking("10:00", "11:00"))]
}

#[rstest]
#[tokio::test]
async fn key_is_remembered_for_a_day(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    for (mutation, arguments) in requests() {
        keyed(&app.staff(), mutation, &arguments, mutation).await;
    }
    app.clock.advance(TimeDelta::hours(24));
    for (mutation, arguments) in requests() {
        assert_eq!(keyed(&app.staff(), mutation, &arguments, mutation).await["replayed"], json!(true), "{mutation}");
    }
    relocate(&app.staff(), JUDE_WITH_LUISA, "Gate 8").await;
    app.clock.advance(TimeDelta::milliseconds(1));
    let [(update, to_gate_7), (create, at_10)] = requests();
    let made_again = keyed(&app.staff(), update, &to_gate_7, update).await;
    assert_eq!((&made_again["interview"]["version"], &made_again["replayed"]), (&json!(4), &json!(false)));
    // It is judged anew, and clashes with what it has created.
    let refused = keyed(&app.staff(), create, &at_10, create).await;
    assert_eq!(refusals(&refused), ["SCHEDULE_CONFLICT input.startAt", "SCHEDULE_CONFLICT input.startAt"]);
    assert_eq!(keys(&app).await, 2);
}

#[rstest]
#[tokio::test]
async fn old_key_is_replaced_by_another_request(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    for (mutation, arguments) in requests() {
        keyed(&app.staff(), mutation, &arguments, mutation).await;
    }
    app.clock.advance(TimeDelta::hours(25));
    let cancel = format!("id: {JUDE_WITH_LUISA}");
    let create = booking("12:00", "13:00");
    let amend = format!("{cancel}, input: {{startAt: \"2025-04-01T14:00:00Z\", endAt: \"2025-04-01T15:00:00Z\"}}");
    // The keys are exchanged, so that each is replaced in the other way.
    for (mutation, arguments, key) in
        [("amendInterview", amend, "createInterview"), ("createInterview", create, "updateInterview")]
    {
        for replayed in [false, true] {
            let payload = keyed(&app.staff(), mutation, &arguments, key).await;
            assert_eq!((refusals(&payload), &payload["replayed"]), (vec![], &json!(replayed)), "{mutation}");
        }
    }
    assert_eq!(keys(&app).await, 2);
}

#[tokio::test]
async fn lifetime_of_keys_can_be_set() {
    let app = TestApp::start_with(Sqlite, &["--idempotency-ttl", "1m"]).await.unwrap();
    let [(mutation, arguments), _] = requests();
    keyed(&app.staff(), mutation, &arguments, "k").await;
    app.clock.advance(TimeDelta::minutes(1));
    assert_eq!(keyed(&app.staff(), mutation, &arguments, "k").await["replayed"], json!(true));
    app.clock.advance(TimeDelta::milliseconds(1));
    assert_eq!(keyed(&app.staff(), mutation, &arguments, "k").await["replayed"], json!(false));
}
