//! The lists other than that of all interviews: people by pages, the interviews of an application, the history of an interview. And
//! of every list, that it is counted only when somebody wants to know.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::interview_rows::{Order, ids};
use crate::support::lists::List;
use rstest::rstest;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

/// Ids by SQL, behind the server's back.
async fn stored(app: &TestApp, sql: &str) -> Vec<i64> {
    let connection = app.database.raw().await;
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    let rows = connection.query_all_raw(statement).await.unwrap();
    rows.into_iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

#[rstest]
#[tokio::test]
async fn staff_walk_through_the_applications_to_their_company(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let list = List::of("interviewees");
    let first = stored(&app, "SELECT id FROM interviewees WHERE company_id = 1 ORDER BY id").await;
    let second = stored(&app, "SELECT id FROM interviewees WHERE company_id = 2 ORDER BY id").await;
    assert!(first.len() > 50 && second.len() == 20);
    for size in [7, 100] {
        assert_eq!(list.walk(&app.staff(), size).await, first);
    }
    assert_eq!(list.walk(&app.other_staff(), 20).await, second);
    let everything = stored(&app, "SELECT id FROM interviewees ORDER BY id").await;
    assert_eq!(list.walk(&app.admin(), 50).await, everything);
    assert_eq!(list.page(&app.staff(), "").await.ids, first[..20], "twenty when nothing is said");
}

#[rstest]
#[tokio::test]
async fn staff_walk_through_those_of_their_company_who_still_work_there(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    app.database.execute("UPDATE users SET deactivated_at = '2025-01-01T00:00:00+00:00' WHERE id = 2001").await;
    let list = List::of("interviewers");
    let active = "SELECT id FROM users WHERE role = 'staff' AND id <> 2001";
    let first = stored(&app, &format!("{active} AND company_id = 1 ORDER BY id")).await;
    assert_eq!(first, [1000, 1001, 2000, 2002, 2003, 2004]);
    for size in [1, 2, 100] {
        assert_eq!(list.walk(&app.staff(), size).await, first);
    }
    assert_eq!(list.walk(&app.other_staff(), 2).await, [1002]);
    assert_eq!(list.walk(&app.admin(), 2).await, stored(&app, &format!("{active} ORDER BY id")).await);
}

#[rstest]
#[tokio::test]
async fn drivers_do_not_list_people(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    for list in [List::of("interviewees"), List::of("interviewers")] {
        let (code, message) = list.refusal(&app.driver(), "first: 1").await;
        assert_eq!((code.as_str(), message.as_str()), ("FORBIDDEN", "only staff can list people"));
        let (code, _) = list.refusal(&app.anonymous(), "first: 1").await;
        assert_eq!(code, "UNAUTHENTICATED");
    }
}

#[rstest]
#[tokio::test]
async fn an_application_lists_its_interviews_from_either_side(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    // A few with equal times among them, and one of the same driver in the other company.
    for day in ["2025-04-01", "2025-04-03", "2025-04-02", "2025-04-02", "2025-04-02"] {
        crate::support::interview_rows::insert_at(&app.database, format!("{day}T08:00:00Z").parse().unwrap()).await;
    }
    let of_277 = crate::support::interview_rows::all(&app.database)
        .await
        .into_iter()
        .filter(|row| row.interviewee_id == 277)
        .collect();
    let expected = ids(&Order { field: "START_AT", direction: "ASC" }.sorted(of_277));
    assert_eq!(expected.len(), 6);
    let list = List::below("interviewee(id: 277)", "interviews");
    for actor in [app.staff(), app.driver(), app.admin()] {
        for size in [1, 2, 100] {
            assert_eq!(list.walk(&actor, size).await, expected);
        }
    }
    // By way of an interview it is the same list.
    let nested =
        "{ interview(id: 27) { interviewee { interviews(first: 2) { nodes { id } pageInfo { hasNextPage } } } } }";
    let answer = app.driver().ask(nested, json!({})).await;
    let nodes: Vec<Value> = expected[..2].iter().map(|id| json!({"id": id.to_string()})).collect();
    let list = json!({"nodes": nodes, "pageInfo": {"hasNextPage": true}});
    assert_eq!(answer["interview"]["interviewee"]["interviews"], list);
}

#[rstest]
#[tokio::test]
async fn an_application_without_interviews_has_an_empty_page(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    crate::support::interview_rows::delete(&app.database, 27).await;
    let list = List::below("interviewee(id: 277)", "interviews");
    let page = list.page(&app.driver(), "").await;
    assert!(page.ids.is_empty() && !page.has_next && !page.has_previous, "{page:?}");
    assert_eq!(list.select(&app.driver(), "", "totalCount").await, json!({"totalCount": 0}));
}

#[rstest]
#[tokio::test]
async fn history_is_read_from_the_oldest_on_while_it_grows(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let (staff, list) = (app.staff(), List::below("interview(id: 27)", "history"));
    let rename = async |place: i32| {
        let payload = staff.update(27, json!({"location": format!("Room {place}")})).await;
        assert_eq!(payload["userErrors"], json!([]));
    };
    for place in 1..=25 {
        rename(place).await;
    }
    let events = "SELECT id FROM interview_events WHERE interview_id = 27 ORDER BY id";
    let expected = stored(&app, events).await;
    assert_eq!(expected.len(), 26);
    for actor in [app.staff(), app.driver(), app.admin()] {
        for size in [1, 7, 100] {
            assert_eq!(list.walk(&actor, size).await, expected);
        }
    }
    let page = list.page(&staff, "").await;
    assert_eq!(page.ids, expected[..20], "twenty when nothing is said");
    for place in 26..=30 {
        rename(place).await;
    }
    let page = list.page(&staff, &format!("first: 100, after: {:?}", page.cursors[19])).await;
    assert_eq!(page.ids, stored(&app, events).await[20..], "what came meanwhile comes at the end");
}

#[rstest]
#[tokio::test]
async fn a_list_is_counted_only_when_its_length_is_asked_for(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = app.staff();
    staff.ask("{ viewer { id } }", json!({})).await; // signed in
    let lists = [
        (List::of("interviews"), 250),
        (List::of("interviews").with("filter: {kind: PHONE_CALL}"), 83),
        (List::of("interviewees"), 51),
        (List::of("interviewees").with("search: \"jude\""), 1),
        (List::of("interviewers"), 7),
        (List::of("interviewers").with("search: \"luisa\""), 1),
        (List::below("interviewee(id: 1000)", "interviews"), 5),
        (List::below("interview(id: 1)", "history"), 3),
    ];
    for (list, length) in lists {
        for window in ["first: 1", "first: 0", "first: 100"] {
            let uncounted = "nodes { id } edges { cursor } pageInfo { hasNextPage } totalCount @skip(if: true)";
            let (_, statements) = app.counting(list.select(&staff, window, uncounted)).await;
            let counts = |sql: &String| sql.to_lowercase().contains("count(");
            assert!(!app.statements().iter().any(counts), "{list:?} {:?}", app.statements());

            let selection = format!("{uncounted} total: totalCount");
            let (answer, with_count) = app.counting(list.select(&staff, window, &selection)).await;
            assert_eq!(answer["total"], length, "of all pages: {list:?} {window}");
            assert_eq!(with_count, statements + 1, "{:?}", app.statements());
            assert_eq!(app.statements().iter().filter(|sql| counts(sql)).count(), 1);
        }
    }
}
