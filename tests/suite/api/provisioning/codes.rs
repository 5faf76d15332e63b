//! The codes with which rows are refused, each by the name of its field, while the other rows are written.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::actor::refusals;
use crate::support::feed::{
    NEW_APPLICATION, NEW_COMPANY, NEW_DRIVER, NEW_STAFF, application, company, driver, outcomes, staff, with,
};
use crate::support::people::{
    COASTAL_FREIGHT, DANA, JUDE, JUDE_APPLICATION, LUISA, MONA, NORTHERN_HAULAGE, UNKNOWN_USER,
};
use rstest::rstest;
use serde_json::{Value, json};

const LATER: &str = "2025-03-20T09:30:00Z";

/// Sends the row between two good ones, which are written. The errors of the row, `REQUIRED title`.
async fn refused(app: &TestApp, rows: &'static str, row: Value) -> Vec<String> {
    let good = |id: i64| match rows {
        "companies" => company(id),
        "users" => driver(id),
        _ => application(id, NORTHERN_HAULAGE.0, JUDE.0),
    };
    let (before, after) = (good(8_000), good(8_001));
    let payload = app.service().sync(rows, &[before, row, after]).await;
    let id = payload["results"][1]["id"].as_str().unwrap();
    assert_eq!(outcomes(&payload), ["8000 WRITTEN".to_owned(), format!("{id} REFUSED"), "8001 WRITTEN".to_owned()]);
    let table = rows;
    app.database.execute(&format!("DELETE FROM {table} WHERE id IN (8000, 8001)")).await;
    let errors = payload["userErrors"].as_array().unwrap();
    assert!(errors.iter().all(|error| error["__typename"] == "ValidationError"), "{errors:#?}");
    let prefix = format!("{rows}.1.");
    refusals(&payload).into_iter().map(|refusal| refusal.replacen(&prefix, "", 1)).collect()
}

/// Each refusal of a row, on a database with its own rows.
async fn check(app: &TestApp, cases: Vec<(&'static str, Value, &[&str])>) {
    for (rows, row, expected) in cases {
        let context = row.to_string();
        assert_eq!(refused(app, rows, row).await, expected, "{context:.300}");
    }
}

#[rstest]
#[tokio::test]
async fn companies_are_refused_by_field(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let row = |fields: Value| ("companies", with(company(NEW_COMPANY), &fields));
    let case = |fields, errors: &'static [&'static str]| {
        let (rows, row) = row(fields);
        (rows, row, errors)
    };
    let cases = vec![
        ("companies", json!({"id": "9000", "sourceUpdatedAt": LATER}), &["REQUIRED name"][..]),
        case(json!({"name": null}), &["NULL_NOT_ALLOWED name"]),
        case(json!({"name": " \n "}), &["INVALID_TITLE name"]),
        case(json!({"name": "x".repeat(201)}), &["INVALID_TITLE name"]),
        case(json!({"name": "a\u{0}b"}), &["INVALID_TITLE name"]),
        case(json!({"image": "ftp://a"}), &["INVALID_IMAGE image"]),
        case(json!({"image": ""}), &["INVALID_IMAGE image"]),
        case(json!({"image": format!("https://a/{}", "x".repeat(2048))}), &["INVALID_IMAGE image"]),
        case(json!({"name": "", "image": "x"}), &["INVALID_TITLE name", "INVALID_IMAGE image"]),
        case(json!({"id": "0"}), &["INVALID_ID id"]),
        case(json!({"id": "9223372036854775808"}), &["INVALID_ID id"]),
        case(json!({"id": "-1"}), &["INVALID_ID id"]),
        case(json!({"id": "x"}), &["INVALID_ID id"]),
        case(json!({"id": "8000"}), &["DUPLICATE_ID id"]),
    ];
    check(&app, cases).await;
    let stored = format!("SELECT CAST(count(*) AS BIGINT) FROM companies WHERE id = {NEW_COMPANY}");
    assert_eq!(app.database.value::<i64>(&stored).await, 0);
}

#[rstest]
#[tokio::test]
async fn users_are_refused_by_field(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let case = |fields: Value, errors: &'static [&'static str]| ("users", with(staff(NEW_STAFF), &fields), errors);
    let of_driver =
        |fields: Value, errors: &'static [&'static str]| ("users", with(driver(NEW_DRIVER), &fields), errors);
    let cases = vec![
        ("users", json!({"id": "9001", "sourceUpdatedAt": LATER}), &["REQUIRED role", "REQUIRED title"][..]),
        case(json!({"role": null}), &["NULL_NOT_ALLOWED role"]),
        case(json!({"manager": null}), &["NULL_NOT_ALLOWED manager"]),
        case(json!({"title": null}), &["NULL_NOT_ALLOWED title"]),
        case(json!({"title": ""}), &["INVALID_TITLE title"]),
        case(json!({"title": "ü".repeat(201)}), &["INVALID_TITLE title"]),
        case(json!({"companyId": null}), &["COMPANY_REQUIRED companyId"]),
        of_driver(json!({"role": "STAFF"}), &["COMPANY_REQUIRED companyId"]),
        of_driver(json!({"companyId": COASTAL_FREIGHT.to_string()}), &["COMPANY_NOT_ALLOWED companyId"]),
        case(json!({"role": "ADMIN"}), &["COMPANY_NOT_ALLOWED companyId"]),
        case(json!({"role": "SERVICE"}), &["COMPANY_NOT_ALLOWED companyId"]),
        case(json!({"companyId": "404"}), &["COMPANY_NOT_FOUND companyId"]),
        case(json!({"companyId": "0404"}), &["INVALID_ID companyId"]),
        case(json!({"companyId": "9223372036854775808"}), &["INVALID_ID companyId"]),
        case(json!({"image": "javascript:alert(1)"}), &["INVALID_IMAGE image"]),
        case(json!({"email": "two@at@signs"}), &["INVALID_EMAIL email"]),
        case(json!({"email": ""}), &["INVALID_EMAIL email"]),
        case(json!({"email": format!("{}@a", "x".repeat(253))}), &["INVALID_EMAIL email"]),
        case(json!({"phoneNumber": "1".repeat(41)}), &["TEXT_TOO_LONG phoneNumber"]),
        case(json!({"contactPhoneNumber": "1".repeat(41)}), &["TEXT_TOO_LONG contactPhoneNumber"]),
        case(json!({"contactPhoneNumber": "1\u{7}"}), &["INVALID_TEXT contactPhoneNumber"]),
        case(json!({"id": "9223372036854775808"}), &["INVALID_ID id"]),
        case(json!({"id": "8000"}), &["DUPLICATE_ID id"]),
        case(
            json!({"title": "", "companyId": "404", "email": "x", "phoneNumber": "\u{0}"}),
            &["COMPANY_NOT_FOUND companyId", "INVALID_TITLE title", "INVALID_TEXT phoneNumber", "INVALID_EMAIL email"],
        ),
    ];
    check(&app, cases).await;
    let stored = format!("SELECT CAST(count(*) AS BIGINT) FROM users WHERE id IN ({NEW_STAFF}, {NEW_DRIVER})");
    assert_eq!(app.database.value::<i64>(&stored).await, 0);
}

#[rstest]
#[tokio::test]
async fn applications_are_refused_by_field(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let new = |fields: Value, errors: &'static [&'static str]| {
        ("interviewees", with(application(NEW_APPLICATION, COASTAL_FREIGHT.0, DANA.0), &fields), errors)
    };
    let stored = |fields: Value, errors: &'static [&'static str]| {
        let row = json!({"id": JUDE_APPLICATION.to_string(), "sourceUpdatedAt": LATER});
        ("interviewees", with(row, &fields), errors)
    };
    let nothing = json!({"id": "9003", "sourceUpdatedAt": LATER});
    let cases = vec![
        ("interviewees", nothing, &["REQUIRED companyId", "REQUIRED driverId", "REQUIRED kind"][..]),
        new(json!({"companyId": null}), &["NULL_NOT_ALLOWED companyId"]),
        new(json!({"driverId": null}), &["NULL_NOT_ALLOWED driverId"]),
        new(json!({"kind": null}), &["NULL_NOT_ALLOWED kind"]),
        new(json!({"companyId": "404"}), &["COMPANY_NOT_FOUND companyId"]),
        new(json!({"driverId": UNKNOWN_USER.to_string()}), &["DRIVER_NOT_FOUND driverId"]),
        new(json!({"driverId": MONA.to_string()}), &["DRIVER_NOT_FOUND driverId"]),
        new(json!({"driverId": "9223372036854775808"}), &["INVALID_ID driverId"]),
        new(json!({"title": " "}), &["INVALID_TITLE title"]),
        new(json!({"title": "x".repeat(201)}), &["INVALID_TITLE title"]),
        new(
            json!({"companyId": "404", "driverId": "404"}),
            &["COMPANY_NOT_FOUND companyId", "DRIVER_NOT_FOUND driverId"],
        ),
        new(json!({"id": "00"}), &["INVALID_ID id"]),
        stored(json!({"companyId": COASTAL_FREIGHT.to_string()}), &["IMMUTABLE companyId"]),
        stored(json!({"driverId": DANA.to_string()}), &["IMMUTABLE driverId"]),
        stored(json!({"companyId": null}), &["NULL_NOT_ALLOWED companyId"]),
        stored(json!({"companyId": "x", "kind": null}), &["INVALID_ID companyId", "NULL_NOT_ALLOWED kind"]),
    ];
    check(&app, cases).await;
}

#[rstest]
#[tokio::test]
async fn user_with_interviews_does_not_change_sides(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let change = |id: i64, fields: Value| with(json!({"id": id.to_string(), "sourceUpdatedAt": LATER}), &fields);
    let company = NORTHERN_HAULAGE.to_string();
    let to_driver = json!({"role": "DRIVER", "companyId": null});
    let to_staff = json!({"role": "STAFF", "companyId": company});
    for (id, fields) in [(LUISA.0, &to_driver), (JUDE.0, &to_staff), (JUDE.0, &json!({"role": "ADMIN"}))] {
        assert_eq!(refused(&app, "users", change(id, fields.clone())).await, ["IMMUTABLE role"]);
    }
    // Mona has no interviews; and staff with interviews may become anything but a driver.
    let service = app.service();
    service.write("users", change(MONA.0, to_driver)).await;
    service.write("users", change(LUISA.0, json!({"role": "ADMIN", "companyId": null}))).await;
    let row = change(MONA.0, with(to_staff, &json!({"sourceUpdatedAt": "2025-03-20T09:31:00Z"})));
    service.write("users", row).await;
    let roles = "SELECT role FROM users WHERE id = ";
    assert_eq!(app.database.value::<String>(&format!("{roles}{MONA}")).await, "staff");
    assert_eq!(app.database.value::<String>(&format!("{roles}{LUISA}")).await, "admin");
    assert_eq!(app.database.value::<String>(&format!("{roles}{JUDE}")).await, "driver");
}

#[rstest]
#[tokio::test]
async fn erased_user_is_not_written_again(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let erase = "UPDATE users SET erased_at = '2025-03-20T09:00:00+00:00', title = 'Erased user 997' WHERE id = 997";
    app.database.execute(erase).await;
    for changed in ["2000-01-01T00:00:00Z", "2030-01-01T00:00:00Z"] {
        let row = json!({"id": JUDE.to_string(), "sourceUpdatedAt": changed, "title": "Jude Howell", "email": "x"});
        assert_eq!(refused(&app, "users", row).await, ["ERASED id"]);
    }
    let new = application(NEW_APPLICATION, COASTAL_FREIGHT.0, JUDE.0);
    let payload = app.service().sync("interviewees", &[new]).await;
    assert_eq!(refusals(&payload), ["ERASED interviewees.0.driverId"]);
    let title = format!("SELECT title FROM users WHERE id = {JUDE}");
    assert_eq!(app.database.value::<String>(&title).await, "Erased user 997");
}

#[tokio::test]
async fn refusal_has_a_message_and_a_limit() {
    let app = start!(Sqlite);
    let row = with(staff(NEW_STAFF), &json!({"companyId": "404", "phoneNumber": "1".repeat(41)}));
    let query = "mutation($rows: [UserInput!]!) { syncUsers(users: $rows) { results { id outcome } \
        userErrors { code message path ... on ValidationError { limit } } } }";
    assert_json!(app.service().ask(query, json!({"rows": [row]})).await, @r#"
    {
      "syncUsers": {
        "results": [{"id": "9001", "outcome": "REFUSED"}],
        "userErrors": [
          {
            "code": "COMPANY_NOT_FOUND",
            "limit": null,
            "message": "There is no company with this id: send the company first.",
            "path": ["users", "0", "companyId"]
          },
          {
            "code": "TEXT_TOO_LONG",
            "limit": 40,
            "message": "The telephone number can have at most 40 characters.",
            "path": ["users", "0", "phoneNumber"]
          }
        ]
      }
    }
    "#);
}
