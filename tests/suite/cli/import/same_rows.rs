//! The same lines lead to the same rows, however often a file has them and in any order within a batch.

use super::{interview, lines, people};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::database::TestDatabase;
use crate::support::inspect::query;
use crate::support::shell::Shell;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use rstest::rstest;
use serde_json::{Value, json};

/// Every row of the tables that an import writes. The number of its transaction, and what the database draws, differ
/// from run to run.
async fn rows(database: &TestDatabase) -> Vec<Value> {
    let tables = [
        "SELECT * FROM companies ORDER BY id",
        "SELECT * FROM users ORDER BY id",
        "SELECT id, company_id, driver_id, kind, title, source_updated_at FROM interviewees ORDER BY id",
        "SELECT * FROM interviews ORDER BY id",
        "SELECT interview_id, type, at, actor_id, actor_side, changes, company_id, driver_id FROM interview_events \
            ORDER BY interview_id, id",
    ];
    let mut rows = Vec::new();
    for table in tables {
        rows.extend(query(database, table).await);
    }
    rows
}

/// Companies with their staff, drivers with their applications, and interviews.
fn file(companies: i64, drivers: i64) -> Vec<Value> {
    let stamp = "2025-03-20T09:00:00.000Z";
    let mut rows = Vec::new();
    for company in 0..companies {
        rows.push(json!({"type": "company", "id": 100_000 + company, "sourceUpdatedAt": stamp,
            "name": format!("Company {company}"), "timeZone": "Europe/Vienna"}));
        rows.push(json!({"type": "user", "id": 200_000 + company, "sourceUpdatedAt": stamp, "role": "STAFF",
            "companyId": 100_000 + company, "title": format!("Staff {company}"), "manager": company % 2 == 0}));
    }
    for driver in 0..drivers {
        let company = driver % companies;
        rows.push(json!({"type": "user", "id": 300_000 + driver, "sourceUpdatedAt": stamp, "role": "DRIVER",
            "title": format!("Driver {driver}"), "phoneNumber": "+1 555 1234", "email": format!("d{driver}@a.test")}));
        rows.push(json!({"type": "interviewee", "id": 400_000 + driver, "sourceUpdatedAt": stamp,
            "companyId": 100_000 + company, "driverId": 300_000 + driver, "kind": "INTERVIEW"}));
        let fields = json!({"intervieweeId": 400_000 + driver, "interviewerId": 200_000 + company,
            "startAt": format!("20{:02}-05-05T09:00:00Z", 25 + driver / companies % 70),
            "endAt": format!("20{:02}-05-05T09:30:00Z", 25 + driver / companies % 70)});
        let mut row = interview(500_000 + driver, 9);
        row.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        rows.push(row);
    }
    rows
}

#[rstest]
#[tokio::test]
async fn ten_thousand_lines_twice_leave_the_same_rows(#[values(Sqlite, Postgres)] database: Database) {
    let Some(shell) = Shell::on_demo_data(database).await else { return };
    let lines_of_file = file(200, 3_200);
    assert_eq!(lines_of_file.len(), 10_000);
    std::fs::write(shell.path("rows.jsonl"), lines(lines_of_file)).unwrap();
    let first = shell.run("import rows.jsonl");
    assert_eq!(first.code, Some(0), "{}", first.stderr);
    assert_eq!(
        first.stderr,
        "companies: 200 written, 0 unchanged, 0 outdated, 0 refused\n\
         users: 3400 written, 0 unchanged, 0 outdated, 0 refused\n\
         interviewees: 3200 written, 0 unchanged, 0 outdated, 0 refused\n\
         interviews: 3200 written, 0 unchanged, 0 outdated, 0 refused\n\
         10000 lines, 0 of them refused\n"
    );
    let stored = rows(shell.database()).await;
    let second = shell.run("import rows.jsonl");
    assert_eq!(
        second.stderr,
        "companies: 0 written, 0 unchanged, 200 outdated, 0 refused\n\
         users: 0 written, 0 unchanged, 3400 outdated, 0 refused\n\
         interviewees: 0 written, 0 unchanged, 3200 outdated, 0 refused\n\
         interviews: 0 written, 3200 unchanged, 0 outdated, 0 refused\n\
         10000 lines, 0 of them refused\n"
    );
    assert!(rows(shell.database()).await == stored);
}

/// Two databases that begin with the same rows. Within a batch any order is good, and lines may be doubled.
#[rstest]
#[tokio::test]
async fn shuffled_and_doubled_lines_leave_the_same_rows(#[values(Sqlite, Postgres)] database: Database) {
    let (Some(sorted), Some(shuffled)) = (Shell::on_demo_data(database).await, Shell::on_demo_data(database).await)
    else {
        return;
    };
    let mut file = file(5, 20);
    file.extend(people());
    assert_eq!(sorted.import(&lines(file.clone())).code, Some(0));
    let expected = rows(sorted.database()).await;
    let indexes: Vec<usize> = (0..file.len()).collect();
    let strategy = prop::collection::vec(any::<bool>(), file.len()).prop_flat_map(move |doubled| {
        let doubled = doubled.into_iter().enumerate().filter(|(_, doubled)| *doubled).map(|(index, _)| index);
        Just(indexes.iter().copied().chain(doubled).collect::<Vec<_>>()).prop_shuffle()
    });
    let mut runner = TestRunner::new(Config::default());
    let clear = ["interview_events", "interviews", "interviewees"].map(|table| {
        let column = if table == "interview_events" { "interview_id" } else { "id" };
        let from = if table == "interviewees" { 9_000 } else { 1_000 };
        format!("DELETE FROM {table} WHERE {column} > {from}")
    });
    for _ in 0..12 {
        let order = strategy.new_tree(&mut runner).unwrap().current();
        let text = lines(order.iter().map(|index| file[*index].clone()));
        let finished = shuffled.import(&text);
        assert_eq!(finished.code, Some(0), "{}\n{text}", finished.stderr);
        assert!(rows(shuffled.database()).await == expected, "{text}");
        // The next order begins without the interviews and applications again.
        for statement in &clear {
            shuffled.database().execute(statement).await;
        }
    }
}
