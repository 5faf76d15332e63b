//! What a sent user sees from the next request on.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::people::{COASTAL_FREIGHT, JUDE, MONA, NORA, PIET};
use chrono::TimeDelta;
use interviews::domain::UserId;
use rstest::rstest;
use serde_json::{Value, json};

const VIEWER: &str = "{ viewer { role title manager timeZone company { id } } }";

async fn change(app: &TestApp, user: UserId, fields: Value) {
    let mut row = json!({"id": user.to_string(), "sourceUpdatedAt": app.now().to_rfc3339()});
    row.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    app.service().write("users", row).await;
    app.clock.advance(TimeDelta::milliseconds(1));
}

#[rstest]
#[tokio::test]
async fn change_of_a_user_takes_effect_with_their_next_request(#[values(Sqlite, Postgres)] database: Database) {
    let Some(app) = TestApp::start_with(database, &["--viewer-ttl", "1h"]).await else { return };
    let (mona, piet) = (app.staff(), app.other_staff());
    for actor in [&mona, &piet] {
        actor.ask(VIEWER, json!({})).await;
    }
    change(&app, MONA, json!({"companyId": COASTAL_FREIGHT.to_string(), "manager": true, "title": "Mona B."})).await;
    assert_json!(mona.ask(VIEWER, json!({})).await["viewer"].clone(), @r#"
    {
      "company": {"id": "2"},
      "manager": true,
      "role": "STAFF",
      "timeZone": "Europe/Amsterdam",
      "title": "Mona B."
    }
    "#);
    change(&app, MONA, json!({"deactivatedAt": "2025-03-20T09:00:00Z"})).await;
    let answer = mona.graphql(VIEWER, json!({})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    change(&app, MONA, json!({"deactivatedAt": null})).await;
    mona.ask(VIEWER, json!({})).await;
    // Others are still cached.
    let (_, statements) = app.counting(piet.ask("{ viewer { id } }", json!({}))).await;
    assert_eq!(statements, 0);
}

#[rstest]
#[tokio::test]
async fn viewer_is_in_their_own_time_zone_or_that_of_their_company_or_utc(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let zone = async |user: UserId| {
        let answer = app.user(user).ask("{ viewer { timeZone company { timeZone } } }", json!({})).await;
        answer["viewer"]["timeZone"].as_str().unwrap().to_owned()
    };
    assert_eq!([zone(MONA).await, zone(PIET).await, zone(JUDE).await], ["Europe/London", "Europe/Amsterdam", "UTC"]);
    change(&app, MONA, json!({"timeZone": "Asia/Kathmandu"})).await;
    change(&app, JUDE, json!({"timeZone": "Europe/Kiev"})).await;
    assert_eq!([zone(MONA).await, zone(JUDE).await], ["Asia/Kathmandu", "Europe/Kiev"]);
    change(&app, MONA, json!({"timeZone": null})).await;
    assert_eq!(zone(MONA).await, "Europe/London");
}

#[tokio::test]
async fn only_staff_are_managers() {
    let app = start!(Sqlite);
    let is_manager = async |user: UserId| app.user(user).ask(VIEWER, json!({})).await["viewer"]["manager"].clone();
    assert_eq!([is_manager(NORA).await, is_manager(MONA).await, is_manager(JUDE).await], [true, false, false]);
    change(&app, JUDE, json!({"manager": true, "title": "Jude H."})).await;
    assert_eq!(is_manager(JUDE).await, false);
}
