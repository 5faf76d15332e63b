//! Two servers that take in rows of the same users at the same time.

use crate::support::Database::Postgres;
use crate::support::TestApp;
use crate::support::database::TestDatabase;
use crate::support::feed::{driver, outcomes, with};
use crate::support::inspect::{query, until_waiting};
use crate::support::people::{JUDE, JUDE_APPLICATION};
use futures_util::future::join_all;
use rand::seq::SliceRandom;
use sea_orm::{ConnectionTrait, TransactionTrait};
use serde_json::{Value, json};

async fn second_server(app: &TestApp) -> TestApp {
    TestApp::on(TestDatabase::at(app.database.url.clone(), None), &[]).await
}

const FIRST: i64 = 100_000;
const USERS: i64 = 12;
const VERSIONS: i64 = 16;

fn version(id: i64, version: i64) -> Value {
    let stamp = format!("2025-03-01T00:00:{version:02}.000Z");
    with(driver(id), &json!({"sourceUpdatedAt": stamp, "title": format!("version {version}")}))
}

/// The calls overlap in their users, in other orders, and most users are new to both servers.
#[tokio::test]
async fn newest_row_of_each_user_is_kept() {
    let app = start!(Postgres);
    let other = second_server(&app).await;
    let actors = [app.service(), other.service()];
    for round in 0..5 {
        let first = FIRST + round * USERS;
        let mut calls: Vec<Vec<Value>> = Vec::new();
        for number in 0..VERSIONS {
            let mut rows: Vec<Value> = (first..first + USERS).map(|id| version(id, number)).collect();
            rows.shuffle(&mut rand::rng());
            calls.push(rows);
        }
        calls.shuffle(&mut rand::rng());
        let sent = calls.iter().enumerate().map(|(number, rows)| actors[number % 2].sync("users", rows));
        for payload in join_all(sent).await {
            assert_eq!(payload["userErrors"], json!([]));
            let known = |outcome: &String| outcome.ends_with(" WRITTEN") || outcome.ends_with(" OUTDATED");
            assert!(outcomes(&payload).iter().all(known), "{payload}");
        }
        let sql = format!("SELECT title FROM users WHERE id >= {first} AND id < {}", first + USERS);
        let titles = query(&app.database, &sql).await;
        let newest = json!({"title": format!("version {}", VERSIONS - 1)});
        assert_eq!(titles, vec![newest; usize::try_from(USERS).unwrap()]);
    }
}

/// One server sets the name, and the other one later the telephone number. The later row keeps the name that it finds.
#[tokio::test]
async fn row_that_was_written_is_not_undone_by_a_later_one_that_keeps_its_fields() {
    let app = start!(Postgres);
    let other = second_server(&app).await;
    let (one, two) = (app.service(), other.service());
    let mut both_written = 0;
    for id in FIRST..FIRST + 60 {
        if id % 2 == 0 {
            one.write("users", version(id, 0)).await;
        }
        let name = version(id, 1);
        let number = json!({"id": id.to_string(), "sourceUpdatedAt": "2025-03-01T00:00:02Z", "phoneNumber": "2"});
        let number = if id % 2 == 0 { number } else { with(version(id, 2), &number) };
        let (name, number) = ([name], [number]);
        let (named, numbered) = tokio::join!(one.sync("users", &name), two.sync("users", &number));
        assert_eq!(outcomes(&numbered), [format!("{id} WRITTEN")]);
        let row = &query(&app.database, &format!("SELECT title, phone_number FROM users WHERE id = {id}")).await[0];
        assert_eq!(row["phone_number"], "2");
        if id % 2 == 0 && named["results"][0]["outcome"] == "WRITTEN" {
            assert_eq!(row["title"], "version 1", "the name was acknowledged");
            both_written += 1;
        }
    }
    assert!(both_written > 0, "the rows never met in this order");
}

/// The row was judged before the user was erased, and waits for the erasure to be committed.
#[tokio::test]
async fn user_who_is_erased_in_the_meantime_is_not_written() {
    let app = start!(Postgres);
    let erasure = app.database.raw().await.begin().await.unwrap();
    let erase = format!("UPDATE users SET erased_at = now(), title = 'Erased user' WHERE id = {JUDE}");
    erasure.execute_unprepared(&erase).await.unwrap();
    let row = json!({"id": JUDE.to_string(), "sourceUpdatedAt": "2030-01-01T00:00:00Z", "title": "Jude Howell"});
    let (service, rows) = (app.service(), [row]);
    let commit = async {
        until_waiting(&app.database, 1).await;
        erasure.commit().await.unwrap();
    };
    let (payload, ()) = tokio::join!(service.sync("users", &rows), commit);
    assert_eq!(payload["userErrors"][0]["code"], "ERASED", "{payload}");
    let title = format!("SELECT title FROM users WHERE id = {JUDE}");
    assert_eq!(app.database.value::<String>(&title).await, "Erased user");
}

/// The server books an interview while a row without `kind` is on its way.
#[tokio::test]
async fn kind_that_the_server_sets_in_the_meantime_is_kept() {
    let app = start!(Postgres);
    let booking = app.database.raw().await.begin().await.unwrap();
    let set_kind = format!("UPDATE interviewees SET kind = 'interview' WHERE id = {JUDE_APPLICATION}");
    booking.execute_unprepared(&set_kind).await.unwrap();
    let id = JUDE_APPLICATION.to_string();
    let rows = [json!({"id": id, "sourceUpdatedAt": "2030-01-01T00:00:00Z", "title": "Night shift"})];
    let service = app.service();
    let commit = async {
        until_waiting(&app.database, 1).await;
        booking.commit().await.unwrap();
    };
    let (payload, ()) = tokio::join!(service.sync("interviewees", &rows), commit);
    assert_eq!(outcomes(&payload), [format!("{JUDE_APPLICATION} WRITTEN")]);
    let stored = format!("SELECT kind, title FROM interviewees WHERE id = {JUDE_APPLICATION}");
    assert_eq!(query(&app.database, &stored).await, [json!({"kind": "interview", "title": "Night shift"})]);
}
