//! Requests for single interviews that arrive together.

use crate::groups::interviews;
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::actor::Actor;
use crate::support::configured_server::Server;
use crate::support::people::{BRUNA, JUDE_WITH_LUISA, JUDE_WITH_PIET, UNKNOWN_INTERVIEW};
use futures_util::future::join_all;
use interviews::domain::InterviewId;
use interviews::storage::{DatabaseOptions, Db};
use rstest::rstest;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The interview with its people, as the viewer sees it.
async fn look_up(viewer: &Actor, id: InterviewId) -> Value {
    let query = "query($id: ID!) { interview(id: $id) { id version interviewer { id title } \
                 interviewee { id driver { id title phoneNumber } } } }";
    viewer.ask(query, json!({"id": id.to_string()})).await["interview"].take()
}

#[rstest]
#[tokio::test]
async fn each_viewer_sees_what_it_sees_alone(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let mut ids = interviews(&app).await;
    ids.extend([JUDE_WITH_LUISA, JUDE_WITH_PIET, UNKNOWN_INTERVIEW, JUDE_WITH_LUISA]);
    let viewers =
        [app.staff(), app.other_staff(), app.driver(), app.user(BRUNA), app.admin(), app.service(), app.manager()];
    let requests: Vec<_> = ids.iter().flat_map(|id| viewers.iter().map(move |viewer| (viewer, id))).collect();
    let mut alone = Vec::new();
    for (viewer, id) in &requests {
        alone.push(look_up(viewer, **id).await);
    }
    let seen = alone.iter().filter(|interview| !interview.is_null()).count();
    assert!(seen > 50 && seen < alone.len() - 20, "some see it, some do not: {seen}");

    let options = DatabaseOptions { max_connections: 10, ..app.database.options() };
    let mut db = Db::connect(&options).await.unwrap();
    let statements = Arc::new(AtomicUsize::new(0));
    let counter = statements.clone();
    db.observe(move |sql| {
        counter.fetch_add(usize::from(sql.contains(r#"FROM "interviews""#)), Ordering::Relaxed);
    });
    let server = Server::new(&app, db, &[]);
    let together = requests.iter().map(|(viewer, id)| {
        let viewer = server.user(viewer);
        async move { look_up(&viewer, **id).await }
    });
    assert_eq!(join_all(together).await, alone);
    if database == Postgres {
        let statements = statements.load(Ordering::Relaxed);
        // Of those that find nothing, each looks once more without the people.
        let fallbacks = alone.iter().filter(|interview| interview.is_null()).count();
        assert!(statements < fallbacks + requests.len(), "{statements} for {}", requests.len());
    }
}

#[tokio::test]
async fn a_request_alone_is_one_statement_without_a_group() {
    let app = start!(Postgres);
    let staff = app.staff();
    look_up(&staff, JUDE_WITH_LUISA).await;
    let (found, statements) = app.counting(look_up(&staff, JUDE_WITH_LUISA)).await;
    assert_ne!(found, Value::Null);
    assert_eq!(statements, 1);
    assert!(!app.statements()[0].contains("unnest"));
}
