//! A key and the event of its request are stored together, or neither is.

use super::{booking, keyed, keys};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::actor::Actor;
use crate::support::inspect::all_rows;
use crate::support::people::JUDE_WITH_LUISA;
use rstest::rstest;
use serde_json::json;

/// Makes every insertion into a table fail, until [`repair`].
async fn break_table(app: &TestApp, database: Database, table: &str) {
    let sql = match database {
        Postgres => format!(
            "CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             RAISE EXCEPTION 'planned' USING ERRCODE = '53200'; END $$; \
             CREATE TRIGGER fail BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION fail()"
        ),
        Sqlite => format!("CREATE TRIGGER fail BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'planned'); END"),
    };
    app.database.execute(&sql).await;
}

async fn repair(app: &TestApp, database: Database, table: &str) {
    let of_table = if database == Postgres { format!(" ON {table}") } else { String::new() };
    app.database.execute(&format!("DROP TRIGGER fail{of_table}")).await;
}

async fn fails(actor: &Actor, mutation: &str, arguments: &str) {
    let query = format!("mutation {{ {mutation}({arguments}, idempotencyKey: \"k\") {{ replayed }} }}");
    let answer = actor.graphql(&query, json!({})).await;
    assert!(answer["errors"][0]["extensions"]["code"].is_string(), "{answer:#}");
}

#[rstest]
#[tokio::test]
async fn key_and_event_are_stored_together_or_not_at_all(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = app.staff();
    let update = format!("id: {JUDE_WITH_LUISA}, input: {{location: \"Gate 7\"}}");
    for (mutation, arguments) in [("updateInterview", update), ("createInterview", booking("10:00", "11:00"))] {
        let before = (all_rows(&app.database).await, keys(&app).await);
        for table in ["interview_events", "idempotency_keys"] {
            break_table(&app, database, table).await;
            fails(&staff, mutation, &arguments).await;
            repair(&app, database, table).await;
            assert_eq!((all_rows(&app.database).await, keys(&app).await), before, "{mutation} {table}");
        }
        for replayed in [false, true] {
            let payload = keyed(&staff, mutation, &arguments, &format!("{mutation} k")).await;
            assert_eq!(payload["replayed"], json!(replayed), "{payload:#}");
        }
        assert_eq!(keys(&app).await, before.1 + 1);
    }
}
