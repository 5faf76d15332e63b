//! The lists `users` and `companies`.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::actor::Actor;
use crate::support::feed::{company, with};
use crate::support::people::{COASTAL_FREIGHT, JUDE, KOFI, NORA, NORTHERN_HAULAGE, PIET};
use rstest::rstest;
use serde_json::{Value, json};

async fn ids(actor: &Actor, list: &str, arguments: &str) -> Vec<i64> {
    let (mut found, mut after) = (Vec::new(), Value::Null);
    loop {
        let query = format!(
            "query($after: String) {{ {list}(first: 40, after: $after{arguments}) {{ nodes {{ id }} edges {{ cursor }} \
             pageInfo {{ hasNextPage endCursor }} totalCount }} }}"
        );
        let page = actor.ask(&query, json!({"after": after})).await[list].take();
        let nodes = page["nodes"].as_array().unwrap();
        found.extend(nodes.iter().map(|node| node["id"].as_str().unwrap().parse::<i64>().unwrap()));
        if page["pageInfo"]["hasNextPage"] == false {
            assert_eq!(page["totalCount"], found.len());
            return found;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
}

async fn stored(app: &TestApp, sql: &str) -> Vec<i64> {
    let rows = crate::support::inspect::query(&app.database, sql).await;
    rows.iter().map(|row| row["id"].as_i64().unwrap()).collect()
}

#[rstest]
#[tokio::test]
async fn admins_and_services_list_all_users_and_managers_those_of_their_company(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let deactivate = format!("UPDATE users SET deactivated_at = '2025-01-01T00:00:00+00:00' WHERE id = {KOFI}");
    app.database.execute(&deactivate).await;
    let all = stored(&app, "SELECT id FROM users ORDER BY id").await;
    assert!(all.len() > 60);
    for actor in [app.admin(), app.service()] {
        assert_eq!(ids(&actor, "users", "").await, all);
        let northern = format!(", companyId: {NORTHERN_HAULAGE}");
        let sql = format!("SELECT id FROM users WHERE company_id = {NORTHERN_HAULAGE} ORDER BY id");
        assert_eq!(ids(&actor, "users", &northern).await, stored(&app, &sql).await);
        assert_eq!(ids(&actor, "users", ", role: SERVICE").await, [2]);
        assert_eq!(ids(&actor, "users", ", search: \"MAAS\", role: STAFF").await, [PIET.0]);
        assert_eq!(ids(&actor, "users", ", search: \"howell\"").await, [JUDE.0]);
        assert_eq!(ids(&actor, "users", ", companyId: \"x\"").await, [0_i64; 0]);
    }
    let manager = app.manager();
    let sql = format!("SELECT id FROM users WHERE company_id = {NORTHERN_HAULAGE} ORDER BY id");
    assert_eq!(ids(&manager, "users", "").await, stored(&app, &sql).await);
    assert_eq!(ids(&manager, "users", &format!(", companyId: {COASTAL_FREIGHT}")).await, [0_i64; 0]);
    assert_eq!(ids(&manager, "users", ", search: \"maas\"").await, [0_i64; 0]);
    assert_eq!(ids(&manager, "users", ", search: \"lind\"").await, [NORA.0]);
}

#[rstest]
#[tokio::test]
async fn admins_and_services_list_companies(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let rows: Vec<Value> = (100..200).map(|id| with(company(id), &json!({"name": format!("Haulier {id}")}))).collect();
    app.service().sync("companies", &rows).await;
    for actor in [app.admin(), app.service()] {
        assert_eq!(ids(&actor, "companies", "").await.len(), 102);
        assert_eq!(ids(&actor, "companies", ", search: \"COASTAL\"").await, [COASTAL_FREIGHT.0]);
        assert_eq!(ids(&actor, "companies", ", search: \"haulier\"").await, (100..200).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn others_are_forbidden_and_the_other_fields_are_answered() {
    let app = start!(Sqlite);
    for (actor, list) in [
        (app.driver(), "users"),
        (app.staff(), "users"),
        (app.driver(), "companies"),
        (app.staff(), "companies"),
        (app.manager(), "companies"),
    ] {
        for selection in ["nodes { id }", "totalCount"] {
            let query = format!("{{ viewer {{ id }} {list} {{ {selection} }} }}");
            let answer = actor.graphql(&query, json!({})).await;
            assert_eq!(answer["errors"][0]["extensions"], json!({"code": "FORBIDDEN"}), "{answer:#}");
            assert_eq!(answer["data"][list], Value::Null);
            assert!(answer["data"]["viewer"]["id"].is_string());
        }
    }
}

#[tokio::test]
async fn cursor_of_another_list_is_bad_user_input() {
    let app = start!(Sqlite);
    let cursor = async |list: &str| {
        let page = app.admin().ask(&format!("{{ {list}(first: 1) {{ edges {{ cursor }} }} }}"), json!({})).await;
        page[list]["edges"][0]["cursor"].as_str().unwrap().to_owned()
    };
    for (list, other) in [("users", "interviewers"), ("interviewers", "users"), ("companies", "users")] {
        let query = format!("{{ {list}(after: \"{}\") {{ nodes {{ id }} }} }}", cursor(other).await);
        let answer = app.admin().graphql(&query, json!({})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{list} after {other}");
    }
}

/// The companies of all users are one statement.
#[rstest]
#[tokio::test]
async fn companies_of_users_are_loaded_together(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let admin = app.admin();
    admin.ask("{ viewer { id } }", json!({})).await;
    let selection = "{ nodes { id title email company { id name timeZone } } }";
    for first in [1, 60] {
        let query = format!("{{ users(first: {first}, role: STAFF) {selection} }}");
        let (_, statements) = app.counting(admin.ask(&query, json!({}))).await;
        assert_eq!(statements, 2, "{:#?}", app.statements());
    }
}
