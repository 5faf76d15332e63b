//! The statements of a call find rows by their ids, and do not read the tables.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::feed::{NEW_APPLICATION, NEW_DRIVER, application, driver, with};
use crate::support::people::{JUDE, JUDE_APPLICATION, NORTHERN_HAULAGE};
use crate::support::plans::plan_of;
use rstest::rstest;
use serde_json::json;

/// Tables as large as those of a platform, so that reading all of a table is never the best plan.
async fn fill(app: &crate::support::TestApp, database: Database) {
    let numbers = match database {
        Postgres => "generate_series(1, 100000) AS numbers (number)",
        Sqlite => {
            "(WITH RECURSIVE n (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM n WHERE number < 100000) \
             SELECT number FROM n) AS numbers"
        }
    };
    for insert in [
        "companies (id, name) SELECT number + 5000000, 'Company' FROM",
        "users (id, role, title) SELECT number + 5000000, 'driver', 'Driver' FROM",
        "interviewees (id, company_id, driver_id, kind, updated_at) \
            SELECT number + 5000000, 1, number + 5000000, 'verified', '2025-03-20T09:00:00+00:00' FROM",
    ] {
        app.database.execute(&format!("INSERT INTO {insert} {numbers}")).await;
    }
    app.database.execute("ANALYZE").await;
}

#[rstest]
#[tokio::test]
async fn rows_are_found_by_their_ids(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    fill(&app, database).await;
    let service = app.service();
    service.ask("{ viewer { id } }", json!({})).await;
    let changed = json!({"id": JUDE.to_string(), "sourceUpdatedAt": "2025-03-20T09:00:00Z"});
    let becomes_staff = with(changed, &json!({"role": "STAFF", "companyId": NORTHERN_HAULAGE.to_string()}));
    let renamed =
        json!({"id": JUDE_APPLICATION.to_string(), "sourceUpdatedAt": "2025-03-20T09:00:00Z", "title": "Night shift"});
    let mut statements = Vec::new();
    for (rows, values) in [
        ("users", vec![driver(NEW_DRIVER), becomes_staff]),
        ("interviewees", vec![application(NEW_APPLICATION, NORTHERN_HAULAGE.0, NEW_DRIVER), renamed]),
    ] {
        app.counting(service.sync(rows, &values)).await;
        statements.extend(app.statements());
    }
    assert_eq!(statements.len(), 6, "{statements:#?}");
    for sql in statements {
        let plan = plan_of(&app.database, &sql).await;
        for table in ["companies", "users", "interviewees"] {
            for read in [format!("Seq Scan on {table}"), format!("SCAN {table}")] {
                assert!(!plan.contains(&read), "{sql}\n{plan}");
            }
        }
    }
}
