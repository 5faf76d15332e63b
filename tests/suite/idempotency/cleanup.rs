//! Keys that are not needed any more, and keys of persons.

use super::{keyed, keys};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::people::{JUDE, JUDE_WITH_LUISA, MONA};
use chrono::TimeDelta;
use interviews::services::Clock;
use rstest::rstest;
use serde_json::json;

#[rstest]
#[tokio::test]
async fn key_is_deleted_when_it_is_not_remembered_any_more(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let services = app.app.services();
    keyed(&app.driver(), "acceptInterview", &format!("id: {JUDE_WITH_LUISA}"), "k").await;
    app.clock.advance(TimeDelta::hours(24));
    services.clean_up(app.now()).await.unwrap();
    assert_eq!(keys(&app).await, 1);
    app.clock.advance(TimeDelta::milliseconds(1));
    assert!(!services.clean_up(app.now()).await.unwrap());
    assert_eq!(keys(&app).await, 0);
}

#[rstest]
#[tokio::test]
async fn a_batch_of_keys_is_deleted_at_a_time(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let blob = if database == Postgres { r"'\x00'" } else { "x'00'" };
    let rows = (0..1500).map(|number| format!("(1, 'k{number}', {blob}, 1, '2025-03-18T10:00:00+00:00')"));
    let rows = rows.collect::<Vec<_>>().join(", ");
    app.database.execute(&format!("INSERT INTO idempotency_keys VALUES {rows}")).await;
    let now = Clock::Frozen(app.clock.clone()).now();
    assert!(app.app.services().clean_up(now).await.unwrap());
    assert_eq!(keys(&app).await, 500);
    assert!(!app.app.services().clean_up(now).await.unwrap());
    assert_eq!(keys(&app).await, 0);
}

#[rstest]
#[tokio::test]
async fn keys_of_an_erased_person_are_deleted(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    keyed(&app.driver(), "acceptInterview", &format!("id: {JUDE_WITH_LUISA}"), "of Jude").await;
    let update = format!("id: {JUDE_WITH_LUISA}, input: {{location: \"Gate 7\"}}");
    keyed(&app.staff(), "updateInterview", &update, "of Mona").await;
    let erase = format!("mutation {{ eraseUser(id: {JUDE}, cancelOpen: true) {{ userErrors {{ code }} }} }}");
    assert_eq!(app.service().ask(&erase, json!({})).await["eraseUser"]["userErrors"], json!([]));
    assert_eq!(app.database.value::<i64>("SELECT user_id FROM idempotency_keys").await, MONA.0);
}
