//! Arguments that ask for no page: each is refused as the user's mistake, names the argument, and shows nothing of the inside.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::lists::List;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rstest::rstest;
use serde_json::{Value, json};

/// Every list that there is. No two of them share a cursor.
fn all_lists() -> Vec<List> {
    vec![
        List::of("interviews"),
        List::of("interviews").with("orderBy: {field: UPDATED_AT, direction: DESC}"),
        List::of("interviews").with("orderBy: {field: ID, direction: ASC}"),
        List::of("interviewees"),
        List::of("interviewers"),
        List::below("interview(id: 28)", "history"),
    ]
}

/// Has cursors of the interviews by their start.
fn nested_interviews() -> List {
    List::below("interviewee(id: 277)", "interviews")
}

fn bad(message: &str) -> (String, String) {
    ("BAD_USER_INPUT".to_owned(), message.to_owned())
}

#[rstest]
#[tokio::test]
async fn a_page_has_from_none_to_a_hundred_items(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = app.staff();
    for list in all_lists().into_iter().chain([nested_interviews()]) {
        for size in ["-1", "101", "2147483647", "-2147483648"] {
            let refusal = list.refusal(&staff, &format!("first: {size}")).await;
            assert_eq!(refusal, bad("`first` has to be from 0 to 100"), "{list:?} {size}");
        }
        for size in ["0", "1", "100"] {
            assert!(list.page(&staff, &format!("first: {size}")).await.ids.len() <= size.parse().unwrap());
        }
    }
    let interviews = List::of("interviews");
    for size in ["-1", "101"] {
        let refusal = interviews.refusal(&staff, &format!("last: {size}")).await;
        assert_eq!(refusal, bad("`last` has to be from 0 to 100"));
    }
}

#[rstest]
#[tokio::test]
async fn a_page_is_counted_from_one_end(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let refusal = List::of("interviews").refusal(&app.staff(), "first: 1, last: 1").await;
    assert_eq!(refusal, bad("`first` and `last` cannot be used together"));
}

#[rstest]
#[tokio::test]
async fn what_is_no_number_does_not_reach_the_list(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    for size in ["\"ten\"", "1.5", "true", "[1]", "99999999999999999999999999"] {
        let (code, message) = List::of("interviews").refusal(&app.staff(), &format!("first: {size}")).await;
        assert_eq!(code, "GRAPHQL_VALIDATION_FAILED", "{size}: {message}");
    }
    // An integer, and too large for one of 32 bits.
    let (code, message) = List::of("interviews").refusal(&app.staff(), "first: 5000000000").await;
    assert!(["GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT"].contains(&&*code), "{code} {message}");
    for size in [json!("ten"), json!(1.5), json!(5_000_000_000_i64), json!(true)] {
        let query = "query($size: Int) { interviews(first: $size) { nodes { id } } }";
        let answer = app.staff().graphql(query, json!({"size": size})).await;
        let code = answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_else(|| panic!("{size}: {answer}"));
        assert!(["GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT"].contains(&code), "{answer}");
    }
}

#[rstest]
#[tokio::test]
async fn a_text_that_is_no_cursor_is_refused(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let encoded = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let millions_of_years =
        [-8_000_000_000_000_000_i64, 8_000_000_000_000_000, i64::MIN, i64::MAX, 253_402_300_800_000];
    let garbage = ["", " ", "x", "27", "null", "%%%", "cy4x===", "ÿ", "'; DROP TABLE interviews; --"]
        .map(str::to_owned)
        .into_iter()
        .chain(
            [
                "",
                ".",
                "s",
                "s.1",
                "s.1.2.3",
                "s..27",
                "s.x.27",
                "s.1.x",
                "ss.1.27",
                "z.1.27",
                "s.1.99999999999999999999",
            ]
            .map(encoded),
        )
        .chain(millions_of_years.map(|time| encoded(&format!("s.{time}.27"))))
        .chain(millions_of_years.map(|time| encoded(&format!("u.{time}.27"))))
        .chain(["a.1.27", "p.1.27", "e.1.27", "i.1.27", "s\0.1.27"].map(encoded))
        .chain([URL_SAFE_NO_PAD.encode([0xff, 0xfe, 0x00]), "A".repeat(100_000)]);
    for cursor in garbage {
        for list in all_lists().into_iter().chain([nested_interviews()]) {
            let refusal = list.refusal(&app.staff(), &format!("after: {cursor:?}")).await;
            assert_eq!(refusal, bad("`after` is not a cursor of this list in this order"), "{list:?} {cursor:.100}");
        }
        let refusal = List::of("interviews").refusal(&app.staff(), &format!("before: {cursor:?}")).await;
        assert_eq!(refusal, bad("`before` is not a cursor of this list in this order"), "{cursor:.100}");
    }
}

#[rstest]
#[tokio::test]
async fn a_cursor_belongs_to_its_list_in_its_order(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = app.staff();
    for (index, list) in all_lists().into_iter().enumerate() {
        let cursor = format!("after: {:?}", list.page(&staff, "first: 1").await.cursors[0]);
        assert!(list.answers(&staff, &cursor).await, "{list:?} takes its own");
        for (other, foreign) in all_lists().into_iter().enumerate().filter(|(other, _)| *other != index) {
            let refusal = foreign.refusal(&staff, &cursor).await;
            let expected = bad("`after` is not a cursor of this list in this order");
            assert_eq!(refusal, expected, "{index} in {other}: {foreign:?}");
        }
    }
}

#[rstest]
#[tokio::test]
async fn a_cursor_reads_the_same_in_both_directions_and_under_every_filter(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let (staff, list) = (app.staff(), List::of("interviews"));
    let page = list.page(&staff, "first: 10").await;
    let after = format!("first: 100, after: {:?}", page.cursors[4]);
    let descending = list.clone().with("orderBy: {field: START_AT, direction: DESC}");
    assert_eq!(descending.page(&staff, &after).await.ids, page.ids[..4].iter().rev().copied().collect::<Vec<_>>());
    let scheduled = list.with("filter: {status: SCHEDULED}");
    assert!(scheduled.page(&staff, &after).await.ids.iter().all(|id| !page.ids[..5].contains(id)));
}

#[rstest]
#[tokio::test]
async fn a_cursor_shows_nobody_what_they_may_not_see(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let list = List::of("interviews");
    let foreign = list.page(&app.other_staff(), "first: 1").await;
    // It is a place in time, and so it can be used; but it opens nothing.
    let page = list.page(&app.staff(), &format!("first: 100, before: {:?}", foreign.cursors[0])).await;
    assert_eq!(page.ids, [27]);
    assert!(!list.page(&app.staff(), &format!("first: 100, after: {:?}", foreign.cursors[0])).await.ids.contains(&27));
}

#[rstest]
#[tokio::test]
async fn one_wrong_list_leaves_no_half_answer(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let query =
        "{ viewer { id } interviews(first: 1) { nodes { id } } wrong: interviews(first: 101) { nodes { id } } }";
    let answer = app.staff().graphql(query, json!({})).await;
    assert_eq!(answer["data"], Value::Null, "`interviews` cannot be null, and so nothing can: {answer}");
    assert_eq!(answer["errors"].as_array().unwrap().len(), 1);
    assert_eq!(answer["errors"][0]["path"], json!(["wrong"]));
}
