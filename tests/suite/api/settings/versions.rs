//! Concurrent changes of settings.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::feed::{NEW_COMPANY, company};
use crate::support::people::NORTHERN_HAULAGE;
use futures_util::future::join_all;
use rstest::rstest;
use serde_json::json;

#[rstest]
#[tokio::test]
async fn change_for_another_version_is_refused(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let manager = app.manager();
    let set =
        async |minutes: i32, expected| manager.set(NORTHERN_HAULAGE, json!({"reminders": [minutes]}), expected).await;
    assert_eq!(set(10, Some(1)).await["settings"]["version"], 2);
    assert_json!(set(20, Some(1)).await, @r#"
    {
      "settings": null,
      "userErrors": [
        {
          "__typename": "VersionError",
          "code": "STALE_VERSION",
          "message": "These settings have changed in the meantime. Look at them again before you decide.",
          "path": ["expectedVersion"],
          "version": 2
        }
      ]
    }
    "#);
    // The version is checked before the values.
    assert_eq!(set(-1, Some(7)).await["userErrors"][0]["code"], "STALE_VERSION");
    assert_eq!(set(20, Some(2)).await["settings"]["version"], 3);
    assert_eq!(set(30, None).await["settings"]["version"], 4);
}

#[rstest]
#[tokio::test]
async fn change_that_changes_nothing_writes_nothing(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let row = "SELECT updated_at FROM company_settings WHERE company_id = 1";
    let before: chrono::DateTime<chrono::Utc> = app.database.value(row).await;
    for input in [json!({}), json!({"reminders": [60, 1440]}), json!({"answerReminderHours": []})] {
        let payload = app.manager().set(NORTHERN_HAULAGE, input, Some(1)).await;
        assert_eq!(payload["settings"]["version"], 1, "{payload}");
    }
    assert_eq!(app.database.value::<chrono::DateTime<chrono::Utc>>(row).await, before);
    app.manager().set(NORTHERN_HAULAGE, json!({"reminders": []}), None).await;
    assert_eq!(app.database.value::<chrono::DateTime<chrono::Utc>>(row).await, app.now());
}

/// Also of the first change, before which there is no row.
#[rstest]
#[tokio::test]
async fn of_changes_at_the_same_time_none_is_lost(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    app.service().write("companies", company(NEW_COMPANY)).await;
    let admin = app.admin();
    let changes =
        join_all((0..8).map(|number| admin.set(NEW_COMPANY, json!({"reminders": [100 + number]}), None))).await;
    let mut versions: Vec<_> = changes.iter().map(|it| it["settings"]["version"].as_i64().unwrap()).collect();
    versions.sort_unstable();
    assert_eq!(versions, (1..=8).collect::<Vec<_>>());

    let guarded =
        join_all((0..8).map(|number| admin.set(NEW_COMPANY, json!({"reminders": [200 + number]}), Some(8)))).await;
    let done = guarded.iter().filter(|it| it["settings"]["version"] == 9).count();
    let stale = guarded.iter().filter(|it| it["userErrors"][0]["code"] == "STALE_VERSION").count();
    assert_eq!((done, stale), (1, 7));
}
