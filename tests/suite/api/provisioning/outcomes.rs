//! What becomes of rows: written, unchanged or outdated; absent fields and null.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::feed::{
    NEW_APPLICATION, NEW_COMPANY, NEW_DRIVER, NEW_STAFF, application, company, driver, outcomes, staff, with,
};
use crate::support::inspect::query;
use crate::support::people::{COASTAL_FREIGHT, JUDE, JUDE_APPLICATION, KOFI, NORTHERN_HAULAGE};
use interviews::domain::UserId;
use rstest::rstest;
use serde_json::{Value, json};

/// The stored row without the time of its last change.
async fn stored(app: &TestApp, table: &str, id: i64) -> Value {
    query(&app.database, &format!("SELECT * FROM {table} WHERE id = {id}")).await[0].clone()
}

#[rstest]
#[tokio::test]
async fn platform_brings_a_company_its_staff_a_driver_and_an_application(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let service = app.service();
    service.write("companies", company(NEW_COMPANY)).await;
    let users = [with(staff(NEW_STAFF), &json!({"companyId": NEW_COMPANY.to_string()})), driver(NEW_DRIVER)];
    let payload = service.sync("users", &users).await;
    assert_eq!(outcomes(&payload), ["9001 WRITTEN", "9002 WRITTEN"]);
    service.write("interviewees", application(NEW_APPLICATION, NEW_COMPANY, NEW_DRIVER)).await;

    let new_staff = app.user(UserId(NEW_STAFF));
    let viewer = new_staff.ask("{ viewer { role title timeZone company { name timeZone } } }", json!({})).await;
    assert_json!(viewer, @r#"
    {
      "viewer": {
        "company": {"name": "Alpine Transport", "timeZone": "Europe/Vienna"},
        "role": "STAFF",
        "timeZone": "Europe/Vienna",
        "title": "Vera Oss"
      }
    }
    "#);
    let input = format!(
        "input: {{kind: PHONE_CALL, startAt: \"2025-04-01T10:00:00Z\", endAt: \"2025-04-01T10:30:00Z\", \
         intervieweeId: {NEW_APPLICATION}, interviewerId: {NEW_STAFF}}}"
    );
    let booked = new_staff.mutate("createInterview", &input).await;
    assert_eq!(booked["userErrors"], json!([]));
    let id = booked["interview"]["id"].as_str().unwrap();
    assert_eq!(app.user(UserId(NEW_DRIVER)).interview(id).await["status"], "PENDING");
    assert_eq!(app.staff().interview(id).await, Value::Null);
}

#[rstest]
#[tokio::test]
async fn row_that_is_not_newer_is_outdated_and_writes_nothing(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let service = app.service();
    let rows = [
        ("companies", company(NEW_COMPANY), json!({"name": "Other"})),
        ("users", driver(NEW_DRIVER), json!({"title": "Other"})),
        ("interviewees", application(NEW_APPLICATION, NEW_COMPANY, NEW_DRIVER), json!({"kind": "ACCEPTED"})),
    ];
    for (rows, row, other) in rows {
        service.write(rows, row.clone()).await;
        let id: i64 = row["id"].as_str().unwrap().parse().unwrap();
        let table = rows;
        let before = stored(&app, table, id).await;
        let other = with(row, &other);
        for changed in ["2025-03-20T09:00:00.000Z", "2025-03-20T10:00:00+01:00", "2025-03-20T08:59:59.999Z"] {
            let payload = service.sync(rows, &[with(other.clone(), &json!({"sourceUpdatedAt": changed}))]).await;
            assert_eq!(payload["results"][0]["outcome"], "OUTDATED", "{changed}");
            assert_eq!(payload["userErrors"], json!([]));
        }
        assert_eq!(stored(&app, table, id).await, before);
        // An outdated row is not judged further.
        let bad = with(other.clone(), &json!({"sourceUpdatedAt": "2025-01-01T00:00:00Z", "kind": null, "title": null}));
        let bad = if rows == "companies" { with(other, &json!({"name": null})) } else { bad };
        let bad = if rows == "users" { without(bad, "kind") } else { bad };
        assert_eq!(service.sync(rows, &[bad]).await["results"][0]["outcome"], "OUTDATED");
    }
}

fn without(mut row: Value, field: &str) -> Value {
    row.as_object_mut().unwrap().remove(field);
    row
}

#[rstest]
#[tokio::test]
async fn equal_row_that_is_newer_moves_its_time_of_change_alone(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let service = app.service();
    let rows = [
        ("companies", company(NEW_COMPANY)),
        ("users", with(driver(NEW_DRIVER), &json!({"email": "timo@example.test", "phoneNumber": "+43 1"}))),
        ("interviewees", application(NEW_APPLICATION, NEW_COMPANY, NEW_DRIVER)),
    ];
    for (rows, row) in rows {
        service.write(rows, row.clone()).await;
        let id: i64 = row["id"].as_str().unwrap().parse().unwrap();
        let mut before = stored(&app, rows, id).await;
        app.clock.advance(chrono::TimeDelta::minutes(1));
        let later = with(row, &json!({"sourceUpdatedAt": "2025-03-20T09:30:00Z"}));
        let payload = service.sync(rows, std::slice::from_ref(&later)).await;
        assert_eq!(outcomes(&payload), [format!("{id} UNCHANGED")]);
        let mut after = stored(&app, rows, id).await;
        assert_ne!(after["source_updated_at"], before["source_updated_at"]);
        (before["source_updated_at"], after["source_updated_at"]) = (Value::Null, Value::Null);
        assert_eq!(after, before);
        let payload = service.sync(rows, &[later]).await;
        assert_eq!(outcomes(&payload), [format!("{id} OUTDATED")], "the time of change is stored");
    }
}

/// The seed's rows have no time of change.
#[rstest]
#[tokio::test]
async fn row_that_was_never_sent_is_older_than_any(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let row = json!({"id": JUDE.to_string(), "sourceUpdatedAt": "0001-01-01T00:00:00Z", "title": "Jude H."});
    app.service().write("users", row).await;
    let expected = json!({"title": "Jude H.", "phoneNumber": "123", "role": "DRIVER"});
    let query = "{ users(search: \"Jude H.\") { nodes { title phoneNumber role } } }";
    assert_eq!(app.admin().ask(query, json!({})).await["users"]["nodes"], json!([expected]));
}

#[rstest]
#[tokio::test]
async fn absent_field_keeps_its_value_and_null_clears_it(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let service = app.service();
    let full = json!({
        "image": "https://cdn.example.test/1.jpg", "phoneNumber": " +43 1 ", "contactPhoneNumber": "+43 2",
        "email": "vera@example.test", "timeZone": "Europe/Kiev", "deactivatedAt": "2025-01-01T00:00:00Z",
        "manager": true, "title": "  Vera Oss  ",
    });
    service.write("users", with(staff(NEW_STAFF), &full)).await;
    let at = |minute: i64| format!("2025-03-20T09:{minute:02}:00Z");
    service.write("users", json!({"id": "9001", "sourceUpdatedAt": at(1), "title": "Vera O."})).await;
    let query = "{ users(search: \"Vera\") { nodes { id role company { name } manager title image phoneNumber \
        contactPhoneNumber email timeZone deactivatedAt erasedAt } } }";
    let admin = app.admin();
    assert_json!(admin.ask(query, json!({})).await["users"]["nodes"][0].clone(), @r#"
    {
      "company": {"name": "Coastal Freight"},
      "contactPhoneNumber": "+43 2",
      "deactivatedAt": "2025-01-01T00:00:00.000Z",
      "email": "vera@example.test",
      "erasedAt": null,
      "id": "9001",
      "image": "https://cdn.example.test/1.jpg",
      "manager": true,
      "phoneNumber": "+43 1",
      "role": "STAFF",
      "timeZone": "Europe/Kiev",
      "title": "Vera O."
    }
    "#);
    let nothing = json!({
        "id": "9001", "sourceUpdatedAt": at(2), "image": null, "phoneNumber": null, "contactPhoneNumber": " ",
        "email": null, "timeZone": null, "deactivatedAt": null, "manager": false,
    });
    service.write("users", nothing).await;
    assert_json!(admin.ask(query, json!({})).await["users"]["nodes"][0].clone(), @r#"
    {
      "company": {"name": "Coastal Freight"},
      "contactPhoneNumber": null,
      "deactivatedAt": null,
      "email": null,
      "erasedAt": null,
      "id": "9001",
      "image": null,
      "manager": false,
      "phoneNumber": null,
      "role": "STAFF",
      "timeZone": null,
      "title": "Vera O."
    }
    "#);
    // A change of the role clears what only staff have.
    let admin_role =
        json!({"id": "9001", "sourceUpdatedAt": at(3), "role": "ADMIN", "companyId": null, "manager": true});
    service.write("users", admin_role).await;
    let seen = admin.ask(query, json!({})).await["users"]["nodes"][0].clone();
    assert_eq!((&seen["role"], &seen["company"], &seen["manager"]), (&json!("ADMIN"), &Value::Null, &json!(false)));

    service.write("companies", with(company(NEW_COMPANY), &json!({"image": "http://a.test/x"}))).await;
    service.write("companies", json!({"id": "9000", "sourceUpdatedAt": at(1), "name": "Alpine"})).await;
    let query = "{ companies(search: \"Alpine\") { nodes { id name image timeZone } } }";
    assert_json!(admin.ask(query, json!({})).await["companies"]["nodes"].clone(), @r#"
    [
      {"id": "9000", "image": "http://a.test/x", "name": "Alpine", "timeZone": "Europe/Vienna"}
    ]
    "#);
    service.write("companies", json!({"id": "9000", "sourceUpdatedAt": at(2), "image": null, "timeZone": null})).await;
    assert_json!(admin.ask(query, json!({})).await["companies"]["nodes"].clone(), @r#"
    [
      {"id": "9000", "image": null, "name": "Alpine", "timeZone": "UTC"}
    ]
    "#);
}

#[rstest]
#[tokio::test]
async fn servers_own_changes_of_an_application_leave_its_time_of_change(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let service = app.service();
    let row = |minute: i64, kind: &str| {
        let changed = format!("2025-03-20T09:{minute:02}:00Z");
        json!({"id": JUDE_APPLICATION.to_string(), "sourceUpdatedAt": changed, "kind": kind, "title": "Night shift"})
    };
    service.write("interviewees", row(1, "VERIFIED")).await;
    app.book(JUDE, KOFI).at("10:00").await;
    let kind = format!("SELECT kind FROM interviewees WHERE id = {JUDE_APPLICATION}");
    assert_eq!(app.database.value::<String>(&kind).await, "interview");
    let title_alone = json!({
        "id": JUDE_APPLICATION.to_string(), "sourceUpdatedAt": "2025-03-20T09:02:00Z", "title": "Day shift",
        "companyId": NORTHERN_HAULAGE.to_string(), "driverId": JUDE.to_string(),
    });
    service.write("interviewees", title_alone).await;
    assert_eq!(app.database.value::<String>(&kind).await, "interview", "an absent kind is kept");
    service.write("interviewees", row(3, "ACCEPTED")).await;
    assert_eq!(app.database.value::<String>(&kind).await, "accepted");
    assert_eq!(app.database.value::<i64>("SELECT CAST(count(*) AS BIGINT) FROM interviewees").await, 71);
}

#[rstest]
#[tokio::test]
async fn call_takes_three_statements_for_one_row_and_for_500(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let service = app.service();
    service.ask("{ viewer { id } }", json!({})).await; // the server caches the viewer
    let (first, company) = (100_000, COASTAL_FREIGHT.0);
    for count in [1, 500] {
        let ids = || first..first + count;
        let users: Vec<Value> = ids().map(|id| if id % 2 == 0 { driver(id) } else { staff(id) }).collect();
        let drivers: Vec<i64> = ids().filter(|id| id % 2 == 0).collect();
        let applications: Vec<Value> = drivers.iter().map(|id| application(*id, company, *id)).collect();
        let companies: Vec<Value> = ids().map(crate::support::feed::company).collect();
        for (rows, values, expected) in
            [("companies", companies, 2), ("users", users, 3), ("interviewees", applications, 3)]
        {
            let (payload, statements) = app.counting(service.sync(rows, &values)).await;
            let written = outcomes(&payload).iter().filter(|outcome| outcome.ends_with(" WRITTEN")).count();
            let new = if count == 1 { values.len() } else { values.len() - 1 };
            assert_eq!(written, new, "{rows}: {:?}", payload["userErrors"][0]);
            let expected = if rows == "users" && count == 1 { 2 } else { expected };
            assert_eq!(statements, expected, "{count} {rows}: {:#?}", app.statements());
            let (_, statements) = app.counting(service.sync(rows, &values)).await;
            assert!(statements <= 2, "outdated rows write nothing: {:#?}", app.statements());
        }
    }
}
