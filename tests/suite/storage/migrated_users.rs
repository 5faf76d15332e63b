//! The step that adds the role `service`, for which SQLite rebuilds the table of users.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::inspect::query;
use crate::support::people::{ADA, JUDE, JUDE_WITH_LUISA, LUISA, NORA, PLATFORM};
use interviews::storage::Db;
use rstest::rstest;
use serde_json::json;

const OLD_COLUMNS: &str = "id, role, company_id, title, image, phone_number, contact_phone_number, deactivated_at";

/// Of interviews, as they were before this step.
const COLUMNS_OF_INTERVIEWS: &str = "id, company_id, driver_id, interviewee_id, interviewer_id, kind, status, \
    start_at, end_at, location, allow_overlap, version, created_at, updated_at";

/// Reverts this step and those after it.
async fn revert(db: &Db) {
    let steps = db.migration_state().await.unwrap().steps;
    let first = steps.iter().position(|(name, _)| name.ends_with("users_of_the_platform")).unwrap();
    db.migrate_down(u32::try_from(steps.len() - first).unwrap()).await.unwrap();
}

#[rstest]
#[tokio::test]
async fn users_and_what_refers_to_them_survive_the_step_and_its_reversal(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let deactivated = format!("UPDATE users SET deactivated_at = '2025-03-20T10:00:00+00:00' WHERE id = {LUISA}");
    app.database.execute(&deactivated).await;
    let changed = "UPDATE users SET email = 'one@example.test', time_zone = 'Europe/Kiev', manager = true";
    app.database.execute(changed).await;
    let users = format!("SELECT {OLD_COLUMNS} FROM users WHERE id <> {PLATFORM} ORDER BY id");
    let interviews = &format!("SELECT {COLUMNS_OF_INTERVIEWS} FROM interviews ORDER BY id");
    let before = (query(&app.database, &users).await, query(&app.database, interviews).await);
    assert!(before.0.len() > 50 && before.1.len() > 250);

    // An event of the service, which cannot become an event of nobody.
    let event = format!("UPDATE interview_events SET actor_id = {PLATFORM} WHERE interview_id = {JUDE_WITH_LUISA}");
    app.database.execute(&event).await;

    let db = app.database.connect().await;
    revert(&db).await;
    let is_locked_out =
        format!("SELECT count(*) FROM users WHERE id = {PLATFORM} AND role = 'admin' AND deactivated_at IS NOT NULL");
    assert_eq!(app.database.value::<i64>(&is_locked_out).await, 1);
    let events = format!("SELECT count(*) FROM interview_events WHERE actor_id = {PLATFORM}");
    assert!(app.database.value::<i64>(&events).await > 0);
    assert_eq!((query(&app.database, &users).await, query(&app.database, interviews).await), before);

    db.migrate_up().await.unwrap();
    assert_eq!((query(&app.database, &users).await, query(&app.database, interviews).await), before);
    let new = format!("SELECT manager, email, time_zone, tokens_valid_after FROM users WHERE id = {NORA}");
    let expected = json!({"manager": false, "email": null, "time_zone": null, "tokens_valid_after": null});
    assert_eq!(query(&app.database, &new).await, [expected]);
    // References are enforced as before.
    let interview = app.staff().interview(JUDE_WITH_LUISA).await;
    assert_eq!(interview["interviewerId"], LUISA.to_string());
    for referenced in [JUDE, LUISA] {
        let delete = format!("DELETE FROM users WHERE id = {referenced}");
        assert!(sea_orm::ConnectionTrait::execute_unprepared(app.database.connection().await, &delete).await.is_err());
    }
    assert_eq!(
        app.service().graphql("{ viewer { id } }", json!({})).await["errors"][0]["extensions"]["reason"],
        "TOKEN_INVALID"
    );
    assert_eq!(app.admin().ask("{ viewer { id } }", json!({})).await["viewer"]["id"], ADA.to_string());
}
