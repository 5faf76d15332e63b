//! Each limit on operations, at the limit and beyond it. A rejected operation runs no SQL statement.

use crate::support::Database::{Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::actor::{Actor, Answer};
use crate::support::listening_server::{ListeningServer, set_location};
use crate::support::people::{JUDE_WITH_LUISA, LUISA};
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

async fn with(flags: &[&str]) -> TestApp {
    TestApp::start_with(Sqlite, flags).await.unwrap()
}

/// The response to staff who are cached already, and the number of SQL statements.
async fn ask(app: &TestApp, query: &str) -> (Value, usize) {
    let staff = app.staff();
    staff.ask("{ viewer { id } }", json!({})).await;
    app.counting(staff.graphql(query, json!({}))).await
}

/// The first document is at the limit, the second one beyond it.
async fn edge(flags: &[&str], passes: &str, refused: &str) {
    let app = with(flags).await;
    let (answer, _) = ask(&app, passes).await;
    assert!(answer.get("errors").is_none(), "{flags:?} {passes}: {answer}");
    let (answer, statements) = ask(&app, refused).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "QUERY_TOO_COMPLEX", "{flags:?} {refused}");
    assert!(answer.get("data").is_none());
    assert_eq!(statements, 0, "{flags:?}: {:?}", app.statements());
}

fn fields(count: usize) -> String {
    (0..count).map(|number| format!("a{number}: __typename ")).collect()
}

#[tokio::test]
async fn document_beyond_a_limit_is_query_too_complex() {
    // White space and the end of the document count as tokens.
    edge(&["--max-tokens", "12"], "{ viewer { id } }", "{ viewer { id role } }").await;
    edge(&["--max-nesting", "3"], "{ viewer { company { id } } }", "{ interviews { nodes { interviewer { id } } } }")
        .await;
    edge(&["--max-depth", "3"], "{ viewer { company { id } } }", "{ interviews { nodes { interviewer { id } } } }")
        .await;
    edge(
        &["--max-selections", "4"],
        "{ viewer { id } ...F } fragment F on Query { __typename }",
        "{ viewer { id } ...F } fragment F on Query { __typename a: __typename }",
    )
    .await;
    edge(&["--max-aliases", "5"], &format!("{{ {} }}", fields(5)), &format!("{{ {} }}", fields(6))).await;
    let directive = "__typename @include(if: true) ";
    edge(
        &["--max-directives", "2"],
        &format!("{{ {} }}", directive.repeat(2)),
        &format!("{{ {} }}", directive.repeat(3)),
    )
    .await;
    let name = |length: usize| format!("{{ {}: __typename }}", "n".repeat(length));
    edge(&[], &name(256), &name(257)).await;
}

/// The extensions of the error beside its code.
async fn excess(flags: &[&str], query: &str) -> Value {
    let mut answer = with(flags).await.staff().graphql(query, json!({})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "QUERY_TOO_COMPLEX", "{answer}");
    let mut extensions = answer["errors"][0]["extensions"].take();
    extensions.as_object_mut().unwrap().remove("code");
    extensions
}

#[tokio::test]
async fn error_has_the_cost_of_the_operation_and_the_limit() {
    let list = |first: usize| format!("{{ interviews(first: {first}) {{ nodes {{ id }} }} }}");
    assert_eq!(excess(&["--max-complexity", "41"], &list(21)).await, json!({"cost": 43, "limit": 41}));
    let schema = format!("{{ __schema {{ {} }} }}", "queryType { name } ".repeat(9));
    assert_eq!(excess(&["--max-complexity", "3"], &schema).await, json!({"cost": 19, "limit": 18}));
    assert_eq!(excess(&["--rate-limit", "50"], &list(100)).await, json!({"cost": 201, "limit": 50}));
    // Counting stops at these limits.
    let not_counted = |limit: usize| json!({"cost": null, "limit": limit});
    assert_eq!(excess(&["--max-tokens", "12"], &list(1)).await, not_counted(12));
    assert_eq!(excess(&["--max-depth", "2"], &list(1)).await, not_counted(2));
    assert_eq!(excess(&["--max-nesting", "2"], &list(1)).await, not_counted(2));
    assert_eq!(excess(&["--max-response", "100"], &list(50)).await, not_counted(100));
    assert_eq!(excess(&[], &format!("{{ viewer {{ id }} }}{}", " ".repeat(64 * 1024))).await, not_counted(64 * 1024));
}

#[tokio::test]
async fn page_size_multiplies_the_cost_of_a_list() {
    // interviews: 1. For each of its 10 items, nodes, id, interviewee and its interviews: 4.
    // For each of 5 items of those, nodes and id: 2.
    let query = |inner: usize| {
        format!(
            "{{ interviews(first: 10) {{ nodes {{ id interviewee {{ \
                interviews(first: {inner}) {{ nodes {{ id }} }} }} }} }} }}"
        )
    };
    edge(&["--max-complexity", "141"], &query(5), &query(6)).await;
    edge(&["--max-complexity", "41"], "{ interviews { nodes { id } } }", "{ interviews(first: 21) { nodes { id } } }")
        .await;
    let app = with(&["--max-complexity", "41"]).await;
    let by_variable = "query($n: Int) { interviews(first: $n) { nodes { id } } }";
    let answer = app.staff().graphql(by_variable, json!({"n": 21})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "QUERY_TOO_COMPLEX");
    assert!(app.staff().graphql(by_variable, json!({"n": 20})).await.get("errors").is_none());
    let huge = app.staff().graphql("{ interviews(first: 2147483647) { nodes { id } } }", json!({})).await;
    assert_eq!(huge["errors"][0]["extensions"]["code"], "QUERY_TOO_COMPLEX");
}

#[tokio::test]
async fn list_without_pages_costs_as_much_as_its_most_items() {
    // eraseUser, userErrors: 2. For each of 100 interviews: the field and its selection.
    let mutation = |fields: &str| {
        format!(
            "mutation {{ eraseUser(id: 404) {{ userErrors {{ ... on OpenInterviewsError {{ interviews {{ {fields} \
            }} }} }} }} }}"
        )
    };
    let app = with(&["--max-complexity", "203"]).await;
    app.service().ask(&mutation("id startAt"), json!({})).await;
    let answer = app.service().graphql(&mutation("id startAt endAt"), json!({})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "QUERY_TOO_COMPLEX", "{answer}");
}

#[tokio::test]
async fn free_text_costs_more_than_other_fields() {
    let list = |first: usize, field: &str| format!("{{ interviews(first: {first}) {{ nodes {{ {field} }} }} }}");
    // interviews: 1. For each item, nodes: 1, and the field: 5 or 1.
    for field in ["location", "reason"] {
        edge(&["--max-complexity", "61"], &list(10, field), &list(11, field)).await;
    }
    edge(&["--max-complexity", "61"], &list(30, "version"), &list(31, "version")).await;
    // For each item, nodes: 1, changes: 1, from and to: 10.
    let history = |first: usize| {
        format!("{{ interview(id: 1) {{ history(first: {first}) {{ nodes {{ changes {{ from to }} }} }} }} }}")
    };
    edge(&["--max-complexity", "122"], &history(10), &history(11)).await;
}

#[tokio::test]
async fn counts_and_searches_cost_more_than_other_fields() {
    // interviews: 1, totalCount: 1 and 1000. A list does not multiply what all of its items share.
    let count = |field: &str| format!("{{ {field}(first: 1) {{ totalCount }} }}");
    for list in ["interviews", "interviewees", "interviewers", "interviewChanges"] {
        edge(&["--max-complexity", "1002"], &count(list), &format!("{{ {list}(first: 2) {{ totalCount }} }}")).await;
    }
    let nested =
        |first: usize| format!("{{ interviews(first: {first}) {{ nodes {{ history(first: 1) {{ totalCount }} }} }} }}");
    edge(&["--max-complexity", "1031"], &nested(10), &nested(11)).await;
    // The list: 1, its items: 2, the search: 500.
    for list in ["interviews(FIRST, filter: {kind: [VIDEO_CALL]})", "interviewees(FIRST, search: \"a\")"] {
        let search = |first: &str| format!("{{ {} {{ nodes {{ id }} }} }}", list.replace("FIRST", first));
        edge(&["--max-complexity", "503"], &search("first: 1"), &search("first: 2")).await;
    }
    for list in ["interviews(first: 1, filter: {})", "interviews(first: 1, filter: null)", "interviews(first: 1)"] {
        let app = with(&["--max-complexity", "3"]).await;
        app.staff().ask(&format!("{{ {list} {{ nodes {{ id }} }} }}"), json!({})).await;
    }
    let app = with(&["--max-complexity", "3"]).await;
    let query = "query($filter: InterviewFilter) { interviews(first: 1, filter: $filter) { nodes { id } } }";
    app.staff().ask(query, json!({})).await;
    let answer = app.staff().graphql(query, json!({"filter": {"kind": ["VIDEO_CALL"]}})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "QUERY_TOO_COMPLEX");
}

#[tokio::test]
async fn operations_of_a_batch_share_the_complexity_points() {
    let app = with(&["--max-complexity", "41"]).await;
    let list = |first: usize| json!({"query": format!("{{ interviews(first: {first}) {{ nodes {{ id }} }} }}")});
    let codes = |answers: Value| {
        let answers = answers.as_array().unwrap().iter();
        answers.map(|answer| answer["errors"][0]["extensions"]["code"].clone()).collect::<Value>()
    };
    // 21 points each; the third operation is within the rest.
    let batch = json!([list(10), list(10), {"query": "{ viewer { id role } }"}, {"query": "{ viewer { id } }"}]);
    let answer = app.staff().rest("POST", "/graphql", &batch).await;
    assert_eq!(answer.status, 200);
    assert_eq!(codes(answer.json()), json!([null, "QUERY_TOO_COMPLEX", null, null]));
    let extensions = json!({"code": "QUERY_TOO_COMPLEX", "cost": 42, "limit": 41});
    assert_eq!(answer.json()[1]["errors"][0]["extensions"], extensions);
    assert_eq!(
        answer.json()[1]["errors"][0]["message"],
        "The operations of the batch cost more than 41 points together. Send fewer at a time."
    );
    // The next request has its own points.
    app.staff().ask("{ interviews(first: 20) { nodes { id } } }", json!({})).await;
}

#[tokio::test]
async fn introspection_of_the_explorer_is_within_the_limits() {
    let app = start!(Sqlite);
    let answer = app.anonymous().graphql(include_str!("../../support/introspection.graphql"), json!({})).await;
    assert!(answer.get("errors").is_none(), "{answer}");
    assert!(answer["data"]["__schema"]["types"].as_array().unwrap().len() > 30);
}

async fn post(app: &TestApp, accept: &str, query: &str) -> Answer {
    post_as(&app.staff(), accept, query).await
}

async fn post_as(actor: &Actor, accept: &str, query: &str) -> Answer {
    let request = Request::post("/graphql").header("content-type", "application/json").header("accept", accept);
    actor.send(request.body(Body::from(json!({"query": query}).to_string())).unwrap()).await
}

/// The first request is in flight because it waits for a locked row.
#[tokio::test]
async fn request_beyond_max_in_flight_is_overloaded() {
    let Some(app) = TestApp::start_with(Postgres, &["--max-in-flight", "1"]).await else { return };
    let staff = app.staff();
    let lock = app.database.lock(JUDE_WITH_LUISA).await;
    let waiting = tokio::spawn({
        let staff = staff.clone();
        async move { staff.update(JUDE_WITH_LUISA, json!({"location": "in flight"})).await }
    });
    let refused = loop {
        let answer = post_as(&app.anonymous(), "application/json", "{ __typename }").await; // needs no database
        if answer.status != 200 {
            break answer;
        }
        tokio::task::yield_now().await; // the first request has not begun yet
    };
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (503, "1"));
    assert_eq!(refused.json()["errors"][0]["extensions"]["code"], "OVERLOADED");
    lock.rollback().await.unwrap();
    assert_eq!(waiting.await.unwrap()["interview"]["location"], "in flight");
    assert_eq!(post(&app, "application/json", "{ __typename }").await.status, 200);
}

/// Mona's first request is in flight because it waits for a locked row.
#[tokio::test]
async fn user_has_a_share_of_the_requests_in_flight() {
    let Some(server) = ListeningServer::start(Postgres, &["--max-in-flight-per-user", "1"]).await else { return };
    let app = &server.app;
    let (staff, query) = (app.staff(), "{ viewer { id } }");
    let mut socket = server.staff().await;
    let lock = app.database.lock(JUDE_WITH_LUISA).await;
    let waiting = tokio::spawn({
        let staff = staff.clone();
        async move {
            loop {
                let answer = staff.graphql(&set_location(), json!({})).await;
                if answer.get("errors").is_none() {
                    break answer; // not refused because of the query below
                }
            }
        }
    });
    let refused = loop {
        let answer = post(app, "application/json", query).await;
        if answer.status != 200 {
            break answer;
        }
        tokio::task::yield_now().await; // the first request has not begun yet
    };
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, "1"));
    assert_json!(refused.json(), @r#"
    {
      "errors": [
        {
          "extensions": {"code": "RATE_LIMITED", "retryAfter": 1, "retryable": true},
          "message": "You have too many requests in flight. Wait for their responses."
        }
      ]
    }
    "#);
    let get = Request::get("/graphql?query={viewer{id}}").body(Body::empty()).unwrap();
    assert_eq!(staff.send(get).await.status, 429);
    let events = post(app, "text/event-stream", query).await;
    assert_eq!(events.status, 429);
    let rest = staff.patch(JUDE_WITH_LUISA, &json!({"interview": {}})).await;
    assert_eq!((rest.status.as_u16(), rest.header("retry-after")), (429, "1"));
    assert_eq!(rest.json()["errors"][0]["code"], "RATE_LIMITED");
    let errors = socket.errors_of(json!({"query": query})).await;
    assert_eq!(errors[0]["extensions"]["code"], "RATE_LIMITED");
    // Others have shares of their own.
    app.user(LUISA).ask(query, json!({})).await;
    assert_eq!(post_as(&app.anonymous(), "application/json", "{ __typename }").await.status, 200);

    lock.rollback().await.unwrap();
    assert_eq!(waiting.await.unwrap()["data"]["updateInterview"]["interview"]["location"], "Gate 9");
    staff.ask(query, json!({})).await;
    socket.ask(query).await;
}
