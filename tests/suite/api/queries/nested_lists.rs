//! The lists besides `interviews`: `interviewees`, `interviewers`, the interviews of an application and the history of
//! an interview. Every list is counted only if `totalCount` is selected.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::actor::Actor;
use crate::support::events::relocate;
use crate::support::interview_rows::{self, Order, ids};
use crate::support::lists::List;
use crate::support::people::{
    BRUNA_APPLICATION, COASTAL_FREIGHT, DANA, DANA_APPLICATION, JUDE_APPLICATION, JUDE_COASTAL_APPLICATION,
    JUDE_WITH_LUISA, KOFI, LUISA, MONA, NORTHERN_HAULAGE, PIET,
};
use interviews::domain::InterviewId;
use rstest::rstest;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

/// An interview of the demo data with three events.
const COMPLETED_INTERVIEW: InterviewId = InterviewId(1);

/// The ids that a query on the database returns.
async fn stored(app: &TestApp, sql: &str) -> Vec<i64> {
    let connection = app.database.connection().await;
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    let rows = connection.query_all_raw(statement).await.unwrap();
    rows.into_iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

#[rstest]
#[tokio::test]
async fn staff_list_the_applications_to_their_company(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let list = List::of("interviewees");
    let of_company = |id| format!("SELECT id FROM interviewees WHERE company_id = {id} ORDER BY id");
    let northern = stored(&app, &of_company(NORTHERN_HAULAGE)).await;
    let coastal = stored(&app, &of_company(COASTAL_FREIGHT)).await;
    assert_eq!((northern.len(), coastal.len()), (51, 20));
    for size in [7, 100] {
        assert_eq!(list.walk(&app.staff(), size).await, northern);
    }
    assert_eq!(list.walk(&app.other_staff(), 20).await, coastal);
    let all = stored(&app, "SELECT id FROM interviewees ORDER BY id").await;
    assert_eq!(list.walk(&app.admin(), 50).await, all);
    assert_eq!(list.page(&app.staff(), "").await.ids, northern[..20], "the default size");
}

#[rstest]
#[tokio::test]
async fn staff_list_the_active_interviewers_of_their_company(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let deactivate = format!("UPDATE users SET deactivated_at = '2025-01-01T00:00:00+00:00' WHERE id = {KOFI}");
    app.database.execute(&deactivate).await;
    let list = List::of("interviewers");
    let active = format!("SELECT id FROM users WHERE role = 'staff' AND id <> {KOFI}");
    let northern = stored(&app, &format!("{active} AND company_id = {NORTHERN_HAULAGE} ORDER BY id")).await;
    assert_eq!((northern.len(), &northern[..2]), (7, &[MONA.0, LUISA.0][..]));
    for size in [1, 2, 100] {
        assert_eq!(list.walk(&app.staff(), size).await, northern);
    }
    assert_eq!(list.walk(&app.other_staff(), 2).await, [PIET.0]);
    assert_eq!(list.walk(&app.admin(), 2).await, stored(&app, &format!("{active} ORDER BY id")).await);
}

#[rstest]
#[tokio::test]
async fn drivers_list_their_own_applications(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let list = List::of("interviewees");
    for size in [1, 2, 100] {
        assert_eq!(list.walk(&app.driver(), size).await, [JUDE_APPLICATION.0, JUDE_COASTAL_APPLICATION.0]);
    }
    let of_dana = stored(&app, &format!("SELECT id FROM interviewees WHERE driver_id = {DANA} ORDER BY id")).await;
    assert_eq!((list.walk(&app.user(DANA), 20).await, of_dana[0]), (of_dana.clone(), DANA_APPLICATION.0));
    let query = "query($search: String) { interviewees(search: $search) { totalCount nodes { \
                 id kind driver { title } interviews { totalCount nodes { id } } } } }";
    assert_json!(app.driver().ask(query, json!({})).await, @r#"
    {
      "interviewees": {
        "nodes": [
          {
            "driver": {"title": "Jude Howell"},
            "id": "277",
            "interviews": {"nodes": [{"id": "27"}], "totalCount": 1},
            "kind": "VERIFIED"
          },
          {
            "driver": {"title": "Jude Howell"},
            "id": "1050",
            "interviews": {"nodes": [{"id": "251"}], "totalCount": 1},
            "kind": "INTERVIEW"
          }
        ],
        "totalCount": 2
      }
    }
    "#);
    // A search finds nobody else.
    for (search, found) in [("howell", 2), ("bruna", 0), ("", 2)] {
        let data = app.driver().ask(query, json!({"search": search})).await;
        assert_eq!(data["interviewees"]["totalCount"], found, "{search}");
    }
}

#[rstest]
#[tokio::test]
async fn list_of_a_driver_takes_as_many_statements_as_that_of_staff(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let query = "{ interviewees { totalCount nodes { id driver { title } } } }";
    let statements = async |actor: Actor| {
        actor.ask("{ viewer { id } }", json!({})).await;
        app.counting(actor.ask(query, json!({}))).await.1
    };
    assert_eq!(statements(app.driver()).await, statements(app.staff()).await);
}

/// One forbidden list does not take the answers of the other fields.
#[tokio::test]
async fn list_that_is_forbidden_is_null_beside_the_other_answers() {
    let app = start!(Sqlite);
    let query = "{ viewer { title } interviewers(first: 1) { nodes { id } totalCount } interviewees { totalCount } }";
    let mut answer = app.driver().graphql(query, json!({})).await;
    assert_json!(answer["data"].take(), @r#"
    {
      "interviewees": {"totalCount": 2},
      "interviewers": null,
      "viewer": {"title": "Jude Howell"}
    }
    "#);
    let [error] = &answer["errors"].as_array().unwrap()[..] else { panic!("{answer}") };
    assert_eq!((&error["path"], &error["extensions"]["code"]), (&json!(["interviewers"]), &json!("FORBIDDEN")));
}

#[tokio::test]
async fn people_are_not_listed_without_a_token() {
    let app = start!(Sqlite);
    for list in [List::of("interviewees"), List::of("interviewers")] {
        let (code, _) = list.error(&app.anonymous(), "first: 1").await;
        assert_eq!(code, "UNAUTHENTICATED");
    }
    let (code, _) = List::of("interviewers").error(&app.driver(), "first: 1").await;
    assert_eq!(code, "FORBIDDEN");
}

#[rstest]
#[tokio::test]
async fn interviews_of_an_application_are_ordered_by_start(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    // Some begin at the same time, and one of the driver's interviews is at the other company.
    for day in ["2025-04-01", "2025-04-03", "2025-04-02", "2025-04-02", "2025-04-02"] {
        interview_rows::insert_at(&app.database, format!("{day}T08:00:00Z").parse().unwrap()).await;
    }
    let mut rows = interview_rows::all(&app.database).await;
    rows.retain(|row| row.interviewee_id == JUDE_APPLICATION.0);
    let expected = ids(&Order::START_ASCENDING.sorted(rows));
    assert_eq!(expected.len(), 6);
    let list = List::interviews_of(JUDE_APPLICATION);
    for actor in [app.staff(), app.driver(), app.admin()] {
        for size in [1, 2, 100] {
            assert_eq!(list.walk(&actor, size).await, expected);
        }
    }
    // An interview leads to the same list.
    let nested = format!(
        "{{ interview(id: {JUDE_WITH_LUISA}) {{ interviewee {{ \
         interviews(first: 2) {{ nodes {{ id }} pageInfo {{ hasNextPage }} }} }} }} }}"
    );
    let answer = app.driver().ask(&nested, json!({})).await;
    let nodes: Vec<Value> = expected[..2].iter().map(|id| json!({"id": id.to_string()})).collect();
    let list = json!({"nodes": nodes, "pageInfo": {"hasNextPage": true}});
    assert_eq!(answer["interview"]["interviewee"]["interviews"], list);
}

#[rstest]
#[tokio::test]
async fn application_without_interviews_has_an_empty_page(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    interview_rows::delete(&app.database, JUDE_WITH_LUISA).await;
    let list = List::interviews_of(JUDE_APPLICATION);
    let page = list.page(&app.driver(), "").await;
    assert!(page.ids.is_empty() && !page.has_next && !page.has_previous, "{page:?}");
    assert_json!(list.select(&app.driver(), "", "totalCount").await, @r#"{"totalCount": 0}"#);
}

#[rstest]
#[tokio::test]
async fn history_is_paged_from_the_oldest_event_while_it_grows(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let (staff, list) = (app.staff(), List::history_of(JUDE_WITH_LUISA));
    for gate in 1..=25 {
        relocate(&staff, JUDE_WITH_LUISA, &format!("Gate {gate}")).await;
    }
    let events = format!("SELECT id FROM interview_events WHERE interview_id = {JUDE_WITH_LUISA} ORDER BY id");
    let expected = stored(&app, &events).await;
    assert_eq!(expected.len(), 26);
    for actor in [app.staff(), app.driver(), app.admin()] {
        for size in [1, 7, 100] {
            assert_eq!(list.walk(&actor, size).await, expected);
        }
    }
    let page = list.page(&staff, "").await;
    assert_eq!(page.ids, expected[..20], "the default size");
    for gate in 26..=30 {
        relocate(&staff, JUDE_WITH_LUISA, &format!("Gate {gate}")).await;
    }
    let page = list.page(&staff, &format!("first: 100, after: {:?}", page.cursors[19])).await;
    assert_eq!(page.ids, stored(&app, &events).await[20..], "new events come last");
}

#[rstest]
#[tokio::test]
async fn list_is_counted_only_if_total_count_is_selected(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = app.staff();
    staff.ask("{ viewer { id } }", json!({})).await; // the server caches the viewer
    let lists = [
        (List::of("interviews"), 250),
        (List::of("interviews").with("filter: {kind: PHONE_CALL}"), 83),
        (List::of("interviewees"), 51),
        (List::of("interviewees").with("search: \"jude\""), 1),
        (List::of("interviewers"), 8),
        (List::of("interviewers").with("search: \"luisa\""), 1),
        (List::interviews_of(BRUNA_APPLICATION), 5),
        (List::history_of(COMPLETED_INTERVIEW), 3),
    ];
    for (list, length) in lists {
        for window in ["first: 1", "first: 0", "first: 100"] {
            let uncounted = "nodes { id } edges { cursor } pageInfo { hasNextPage } totalCount @skip(if: true)";
            let (_, statements) = app.counting(list.select(&staff, window, uncounted)).await;
            let counts = |sql: &String| sql.to_lowercase().contains("count(");
            assert!(!app.statements().iter().any(counts), "{list:?} {:?}", app.statements());

            let selection = format!("{uncounted} total: totalCount");
            let (answer, with_count) = app.counting(list.select(&staff, window, &selection)).await;
            assert_eq!(answer["total"], length, "{list:?} {window}");
            assert_eq!(with_count, statements + 1, "{:?}", app.statements());
            assert_eq!(app.statements().iter().filter(|sql| counts(sql)).count(), 1);
        }
    }
}
