//! `first`, `last`, `after` and `before` of every list: their limits, and which cursors a list accepts.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::lists::{List, bad_user_input};
use crate::support::people::{JUDE_APPLICATION, JUDE_WITH_LUISA};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rstest::rstest;
use serde_json::json;

/// Lists with different cursors.
fn all_lists() -> Vec<List> {
    vec![
        List::of("interviews"),
        List::of("interviews").with("orderBy: {field: UPDATED_AT, direction: DESC}"),
        List::of("interviews").with("orderBy: {field: ID, direction: ASC}"),
        List::of("interviewees"),
        List::of("interviewers"),
        List::history_of(JUDE_WITH_LUISA),
    ]
}

/// A list with the cursors of `interviews` in their default order.
fn nested_interviews() -> List {
    List::interviews_of(JUDE_APPLICATION)
}

const NOT_A_CURSOR: &str = "The argument `after` is not a cursor of this list in this order.";

#[tokio::test]
async fn page_size_outside_0_to_100_is_rejected() {
    let app = start!(Sqlite);
    let staff = app.staff();
    for list in all_lists().into_iter().chain([nested_interviews()]) {
        for size in ["-1", "101", "2147483647", "-2147483648"] {
            let error = list.error(&staff, &format!("first: {size}")).await;
            assert_eq!(error, bad_user_input("The argument `first` has to be from 0 to 100."), "{list:?} {size}");
        }
        for size in ["0", "1", "100"] {
            assert!(list.page(&staff, &format!("first: {size}")).await.ids.len() <= size.parse().unwrap());
        }
    }
    let interviews = List::of("interviews");
    for size in ["-1", "101"] {
        let error = interviews.error(&staff, &format!("last: {size}")).await;
        assert_eq!(error, bad_user_input("The argument `last` has to be from 0 to 100."));
    }
}

#[tokio::test]
async fn first_and_last_together_are_rejected() {
    let app = start!(Sqlite);
    let error = List::of("interviews").error(&app.staff(), "first: 1, last: 1").await;
    assert_eq!(error, bad_user_input("The arguments `first` and `last` cannot be used together."));
}

#[tokio::test]
async fn page_size_that_is_not_an_int_is_rejected() {
    let app = start!(Sqlite);
    for size in ["\"ten\"", "1.5", "true", "[1]", "99999999999999999999999999"] {
        let (code, message) = List::of("interviews").error(&app.staff(), &format!("first: {size}")).await;
        assert_eq!(code, "GRAPHQL_VALIDATION_FAILED", "{size}: {message}");
    }
    // An integer that does not fit into 32 bits.
    let (code, message) = List::of("interviews").error(&app.staff(), "first: 5000000000").await;
    assert_eq!(code, "GRAPHQL_VALIDATION_FAILED", "{message}");
    for size in [json!("ten"), json!(1.5), json!(5_000_000_000_i64), json!(true)] {
        let query = "query($size: Int) { interviews(first: $size) { nodes { id } } }";
        let answer = app.staff().graphql(query, json!({"size": size})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{size}: {answer}");
    }
}

#[tokio::test]
async fn malformed_cursor_is_rejected() {
    let app = start!(Sqlite);
    let encoded = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let out_of_range = [-8_000_000_000_000_000_i64, 8_000_000_000_000_000, i64::MIN, i64::MAX, 253_402_300_800_000];
    let with_id = |position: &str| encoded(&format!("{position}.{JUDE_WITH_LUISA}"));
    let id = JUDE_WITH_LUISA.to_string();
    let malformed = ["", " ", "x", &id, "null", "%%%", "cy4x===", "ÿ", "'; DROP TABLE interviews; --"]
        .map(str::to_owned)
        .into_iter()
        .chain(["", ".", "s", "s.1", "s.1.2.3", "s.1.x", "s.1.99999999999999999999"].map(encoded))
        .chain(["s.", "s.x", "ss.1", "z.1", "a.1", "p.1", "e.1", "i.1", "s\0.1"].map(with_id))
        .chain(out_of_range.map(|time| with_id(&format!("s.{time}"))))
        .chain(out_of_range.map(|time| with_id(&format!("u.{time}"))))
        .chain([URL_SAFE_NO_PAD.encode([0xff, 0xfe, 0x00]), "A".repeat(60_000)]);
    for cursor in malformed {
        for list in all_lists().into_iter().chain([nested_interviews()]) {
            let error = list.error(&app.staff(), &format!("after: {cursor:?}")).await;
            assert_eq!(error, bad_user_input(NOT_A_CURSOR), "{list:?} {cursor:.100}");
        }
        let error = List::of("interviews").error(&app.staff(), &format!("before: {cursor:?}")).await;
        assert_eq!(
            error,
            bad_user_input("The argument `before` is not a cursor of this list in this order."),
            "{cursor:.100}"
        );
    }
}

#[tokio::test]
async fn cursor_of_another_list_or_order_is_rejected() {
    let app = start!(Sqlite);
    let staff = app.staff();
    for (index, list) in all_lists().into_iter().enumerate() {
        let cursor = format!("after: {:?}", list.page(&staff, "first: 1").await.cursors[0]);
        list.page(&staff, &cursor).await;
        for (other, foreign) in all_lists().into_iter().enumerate().filter(|(other, _)| *other != index) {
            let error = foreign.error(&staff, &cursor).await;
            let expected = bad_user_input(NOT_A_CURSOR);
            assert_eq!(error, expected, "{index} in {other}: {foreign:?}");
        }
    }
}

#[rstest]
#[tokio::test]
async fn cursor_is_valid_in_both_directions_and_with_every_filter(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let (staff, list) = (app.staff(), List::of("interviews"));
    let page = list.page(&staff, "first: 10").await;
    let after = format!("first: 100, after: {:?}", page.cursors[4]);
    let descending = list.clone().with("orderBy: {field: START_AT, direction: DESC}");
    assert_eq!(descending.page(&staff, &after).await.ids, page.ids[..4].iter().rev().copied().collect::<Vec<_>>());
    let scheduled = list.with("filter: {status: SCHEDULED}");
    assert!(scheduled.page(&staff, &after).await.ids.iter().all(|id| !page.ids[..5].contains(id)));
}

#[tokio::test]
async fn error_of_a_list_leaves_no_data() {
    let app = start!(Sqlite);
    let query =
        "{ viewer { id } interviews(first: 1) { nodes { id } } wrong: interviews(first: 101) { nodes { id } } }";
    assert_json!(app.staff().graphql(query, json!({})).await, @r#"
    {
      "data": null,
      "errors": [
        {
          "extensions": {"code": "BAD_USER_INPUT"},
          "locations": [{"column": 55, "line": 1}],
          "message": "The argument `first` has to be from 0 to 100.",
          "path": ["wrong"]
        }
      ]
    }
    "#);
}
