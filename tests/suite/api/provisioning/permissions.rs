//! Who may send rows.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::feed::{
    NEW_APPLICATION, NEW_COMPANY, NEW_DRIVER, application, company, driver, mutation, outcomes,
};
use rstest::rstest;
use serde_json::{Value, json};

fn rows() -> [(&'static str, Value); 3] {
    [
        ("companies", company(NEW_COMPANY)),
        ("users", driver(NEW_DRIVER)),
        ("interviewees", application(NEW_APPLICATION, NEW_COMPANY, NEW_DRIVER)),
    ]
}

#[rstest]
#[tokio::test]
async fn drivers_staff_and_managers_are_forbidden_to_send_rows(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    for actor in [app.driver(), app.staff(), app.manager()] {
        for (rows, row) in rows() {
            assert_json!(actor.sync(rows, &[row]).await, @r#"
            {
              "results": [],
              "userErrors": [
                {
                  "__typename": "ForbiddenError",
                  "code": "FORBIDDEN",
                  "message": "Only admins and services can do this.",
                  "path": []
                }
              ]
            }
            "#);
        }
    }
    let count = "SELECT CAST(count(*) AS BIGINT) FROM companies";
    assert_eq!(app.database.value::<i64>(count).await, 2);
}

#[rstest]
#[tokio::test]
async fn admins_and_services_send_rows(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    for (rows, row) in rows() {
        let id = row["id"].as_str().unwrap().to_owned();
        let payload = app.admin().sync(rows, std::slice::from_ref(&row)).await;
        assert_eq!(outcomes(&payload), [format!("{id} WRITTEN")]);
        assert_eq!(outcomes(&app.service().sync(rows, &[row]).await), [format!("{id} OUTDATED")]);
    }
}

#[tokio::test]
async fn client_without_a_token_is_unauthenticated() {
    let app = start!(Sqlite);
    for (rows, row) in rows() {
        let answer = app.anonymous().graphql(&mutation(rows), json!({"rows": [row]})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
        assert_eq!(answer["data"], Value::Null);
    }
}
