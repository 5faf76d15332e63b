//! The rows: the same on both databases and at any time, with those of the documentation among them.

use super::dump;
use crate::support::Database::{Postgres, Sqlite};
use crate::support::interview_rows::{self, Row};
use crate::support::lists::List;
use crate::support::people::{JUDE, JUDE_APPLICATION, NORTHERN_HAULAGE};
use rstest::rstest;
use serde_json::json;

#[tokio::test]
async fn same_count_gives_the_same_rows_at_any_time() {
    let (one, other) = (empty!(Sqlite), empty!(Sqlite));
    one.fill_at("2025-01-01T00:00:00Z", 300).await.unwrap();
    other.fill_at("2031-07-07T07:07:07.777Z", 300).await.unwrap();
    let lines = dump(&one.database).await;
    assert!(lines.len() > 1000);
    assert!(lines == dump(&other.database).await);
}

#[tokio::test]
async fn both_databases_hold_the_same_rows() {
    let (sqlite, postgres) = (empty!(Sqlite), empty!(Postgres));
    sqlite.fill(300).await;
    postgres.fill(300).await;
    let (sqlite, postgres) = (dump(&sqlite.database).await, dump(&postgres.database).await);
    for (sqlite, postgres) in sqlite.iter().zip(&postgres) {
        assert_eq!(sqlite, postgres);
    }
    assert_eq!(sqlite.len(), postgres.len());
}

/// Up to 5,000 interviews are one chunk.
#[tokio::test]
async fn events_of_a_chunk_are_stored_in_the_order_of_time() {
    let empty = empty!(Sqlite);
    empty.fill(300).await;
    let pairs = "interview_events AS one JOIN interview_events AS next ON next.id = one.id + 1";
    assert!(empty.count(pairs).await > 500);
    assert_eq!(empty.count(&format!("{pairs} WHERE next.at < one.at")).await, 0);
}

#[rstest]
#[tokio::test]
async fn people_and_interview_of_the_documentation_are_there(#[values(1, 300)] count: u32) {
    let empty = empty!(Sqlite);
    empty.fill(count).await;
    let lines = dump(&empty.database).await;
    for line in [
        "companies 1|Northern Haulage|-|Europe/London|-",
        "companies 2|Coastal Freight|-|Europe/Amsterdam|-",
        "users 1|admin|-|Ada Prentice|-|-|-|-|false|-|-|-|-|-",
        "users 2|service|-|Driver platform|-|-|-|-|false|-|-|-|-|-",
        "users 997|driver|-|Jude Howell|-|123|-|-|false|-|-|-|-|-",
        "users 1000|staff|1|Mona Berg|-|-|-|-|false|-|-|-|-|-",
        "users 1001|staff|1|Luisa Hintz|-|-|-|-|false|-|-|-|-|-",
        "users 1002|staff|2|Piet Maas|-|-|-|-|false|-|-|-|-|-",
        "users 1003|staff|1|Nora Lind|-|-|-|-|true|nora.lind@northern-haulage.example.test|-|-|-|-",
        "interviewees 277|1|997|verified|2025-03-20T10:02:08.958|-|-",
        "interviews 27|1|997|277|1001|video_call|pending|2025-03-20T09:00:00.000|2025-03-20T09:30:00.000|-|-|-|-|-|-|-|\
         false|1|2025-03-19T16:20:41.250|2025-03-19T16:20:41.250",
    ] {
        assert!(lines.iter().any(|stored| stored == line), "{line}");
    }
}

#[tokio::test]
async fn companies_do_not_see_each_others_interviews_and_interviewees() {
    let app = start!(Sqlite);
    let rows = interview_rows::all(&app.database).await;
    let (northern, coastal): (Vec<Row>, Vec<Row>) =
        rows.into_iter().partition(|row| row.company_id == NORTHERN_HAULAGE.0);
    assert_eq!((northern.len(), coastal.len()), (250, 20));
    let listed = List::of("interviews").walk(&app.staff(), 100).await;
    assert_eq!(listed.len(), 250);
    for row in &coastal {
        assert!(!listed.contains(&row.id));
        let query = "query($interview: ID!, $interviewee: ID!) { \
            interview(id: $interview) { id } interviewee(id: $interviewee) { id } }";
        let ids = json!({"interview": row.id.to_string(), "interviewee": row.interviewee_id.to_string()});
        assert_json!(app.staff().ask(query, ids).await, @r#"{"interview": null, "interviewee": null}"#);
    }
    // Jude applied to both companies; his application to this one lists its interviews alone.
    assert!(coastal.iter().any(|row| row.driver_id == JUDE.0));
    let query = format!("{{ interviewee(id: {JUDE_APPLICATION}) {{ interviews {{ nodes {{ id }} }} }} }}");
    assert_json!(app.staff().ask(&query, json!({})).await, @r#"
    {
      "interviewee": {"interviews": {"nodes": [{"id": "27"}]}}
    }
    "#);
}
