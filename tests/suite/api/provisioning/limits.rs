//! How much a request may send, and values that no row can have.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::actor::refusals;
use crate::support::feed::{NEW_COMPANY, NEW_DRIVER, company, driver, mutation, outcomes, staff, with};
use rstest::rstest;
use serde_json::{Value, json};

fn code(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_else(|| panic!("{answer:#}"))
}

/// The rows have all fields, of ordinary length.
#[rstest]
#[tokio::test]
async fn five_hundred_full_rows_fit_within_the_default_limits(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let fields = json!({
        "image": format!("https://cdn.example.test/{}.jpg", "x".repeat(100)), "phoneNumber": "+1 555 123 4567",
        "contactPhoneNumber": "+1 555 765 4321", "email": "a.person@mail.example.test", "manager": true,
        "timeZone": "America/Argentina/ComodRivadavia", "deactivatedAt": null,
    });
    let rows: Vec<Value> = (100_000..100_500).map(|id| with(staff(id), &fields)).collect();
    let payload = app.service().sync("users", &rows).await;
    assert!(outcomes(&payload).iter().all(|outcome| outcome.ends_with(" WRITTEN")), "{payload}");
    // All of them are refused, with several errors each.
    let bad =
        json!({"title": "", "companyId": "404", "email": "x", "image": "x", "sourceUpdatedAt": "2026-01-01T00:00:00Z"});
    let rows: Vec<Value> = rows.into_iter().map(|row| with(row, &bad)).collect();
    let payload = app.service().sync("users", &rows).await;
    assert_eq!(payload["userErrors"].as_array().unwrap().len(), 2000);
    assert!(outcomes(&payload).iter().all(|outcome| outcome.ends_with(" REFUSED")));
}

#[tokio::test]
async fn more_than_five_hundred_rows_are_bad_user_input() {
    let app = start!(Sqlite);
    for (rows, row) in [("companies", company as fn(i64) -> Value), ("users", driver)] {
        let values: Vec<Value> = (100_000..100_501).map(row).collect();
        let answer = app.service().graphql(&mutation(rows), json!({"rows": values})).await;
        assert_eq!(code(&answer), "BAD_USER_INPUT");
        let message = format!("The argument `{rows}` can have at most 500 rows.");
        assert_eq!(answer["errors"][0]["message"], message);
    }
    let count = "SELECT CAST(count(*) AS BIGINT) FROM users WHERE id >= 100000 AND id < 100600";
    assert_eq!(app.database.value::<i64>(count).await, 0);
    assert_eq!(app.service().sync("users", &[]).await, json!({"results": [], "userErrors": []}));
}

#[rstest]
#[tokio::test]
async fn row_of_a_megabyte_is_refused_by_field_and_the_others_are_written(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let long = "x".repeat(1_000_000);
    let rows = [company(NEW_COMPANY), with(company(NEW_COMPANY + 1), &json!({"name": long}))];
    let payload = app.service().sync("companies", &rows).await;
    assert_eq!(outcomes(&payload), ["9000 WRITTEN", "9001 REFUSED"]);
    assert_eq!(refusals(&payload), ["INVALID_TITLE companies.1.name"]);
    assert!(payload.to_string().len() < 1000, "the text does not come back");
}

#[rstest]
#[tokio::test]
async fn greatest_id_is_stored(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    app.service().write("users", with(driver(NEW_DRIVER), &json!({"id": i64::MAX.to_string()}))).await;
    let query = "{ users(search: \"Timo\") { nodes { id } pageInfo { endCursor } } }";
    let users = app.admin().ask(query, json!({})).await["users"].take();
    assert_eq!(users["nodes"], json!([{"id": "9223372036854775807"}]));
    let next = json!({"after": users["pageInfo"]["endCursor"]});
    let query = "query($after: String) { users(after: $after) { nodes { id } } }";
    assert_eq!(app.admin().ask(query, next).await["users"]["nodes"], json!([]));
}

#[tokio::test]
async fn value_of_a_wrong_type_is_refused_before_any_row_is_written() {
    let app = start!(Sqlite);
    let cases = [
        json!({"timeZone": "Mars/Olympus"}),
        json!({"timeZone": ""}),
        json!({"timeZone": 1}),
        json!({"sourceUpdatedAt": "yesterday"}),
        json!({"sourceUpdatedAt": null}),
        json!({"role": "ROOT"}),
        json!({"id": null}),
        json!({"id": "1".repeat(129)}),
        json!({"id": 9_223_372_036_854_775_808_u64}),
        json!({"colour": "red"}),
    ];
    for fields in cases {
        let rows = [driver(NEW_DRIVER), with(driver(NEW_DRIVER + 1), &fields)];
        let (answer, statements) = app.counting(app.service().graphql(&mutation("users"), json!({"rows": rows}))).await;
        assert_eq!(code(&answer), "BAD_USER_INPUT", "{fields}");
        assert!(statements <= 1, "the viewer alone is read: {:?}", app.statements());
    }
    let literal = "mutation { syncCompanies(companies: [{id: 1, sourceUpdatedAt: \"2025-03-20T09:00:00Z\", \
        timeZone: \"Mars/Olympus\"}]) { results { id } } }";
    let answer = app.service().graphql(literal, json!({})).await;
    assert_eq!(code(&answer), "GRAPHQL_VALIDATION_FAILED");
    let message = answer["errors"][0]["message"].as_str().unwrap();
    assert!(message.starts_with("The value has to be a `TimeZone`. "), "{message}");
}

/// The selection costs as much for each row.
#[tokio::test]
async fn rows_multiply_the_cost_of_the_selection() {
    let Some(app) = crate::support::TestApp::start_with(Sqlite, &["--max-complexity", "1000"]).await else { return };
    let rows = |count: i64| (100_000..100_000 + count).map(company).collect::<Vec<_>>();
    let service = app.service();
    // results, id, outcome, userErrors and its four fields: eight points for each row.
    let answer = service.graphql(&mutation("companies"), json!({"rows": rows(124)})).await;
    assert_eq!(answer["data"]["sync"]["results"].as_array().unwrap().len(), 124);
    let answer = service.graphql(&mutation("companies"), json!({"rows": rows(126)})).await;
    assert_eq!(code(&answer), "QUERY_TOO_COMPLEX");
}
