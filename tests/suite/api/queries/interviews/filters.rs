//! The list of interviews under filters, each compared with what a few lines of Rust pick from all rows. Filters by time are in
//! `filters_by_time.rs`.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::filtered_view::View;
use crate::support::lists::List;
use rstest::rstest;
use serde_json::json;

const STATUSES: [&str; 7] = ["pending", "amended", "scheduled", "rejected", "cancelled", "completed", "no_show"];
const KINDS: [&str; 3] = ["video_call", "in_person", "phone_call"];

#[rstest]
#[tokio::test]
async fn by_status(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = View::of_staff(&app).await;
    for status in STATUSES {
        let name = status.to_uppercase();
        staff.narrowed(&format!("status: [{name}]"), |row| row.status == status).await;
        staff.narrowed(&format!("status: {name}"), |row| row.status == status).await;
        staff.narrowed(&format!("status: [{name}, {name}]"), |row| row.status == status).await;
        staff.narrowed(&format!("status: [{name}, PENDING]"), |row| [status, "pending"].contains(&&*row.status)).await;
    }
    let every = STATUSES.map(str::to_uppercase).join(", ");
    staff.listed(&format!("status: [{every}]"), |_| true).await;
    staff.listed("status: null", |_| true).await;
    staff.listed("status: []", |_| false).await;
}

#[rstest]
#[tokio::test]
async fn by_kind(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = View::of_staff(&app).await;
    for kind in KINDS {
        let name = kind.to_uppercase();
        staff.narrowed(&format!("kind: [{name}]"), |row| row.kind == kind).await;
        staff.narrowed(&format!("kind: [{name}, IN_PERSON]"), |row| [kind, "in_person"].contains(&&*row.kind)).await;
    }
    staff.listed("kind: [VIDEO_CALL, IN_PERSON, PHONE_CALL]", |_| true).await;
    staff.listed("kind: []", |_| false).await;
}

#[rstest]
#[tokio::test]
async fn by_the_people_of_the_interview(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    give_the_documented_driver_more(&app).await;
    for view in [View::of_staff(&app).await, View::of_admin(&app).await] {
        view.narrowed("intervieweeId: \"277\"", |row| row.interviewee_id == 277).await;
        view.narrowed("intervieweeId: 1007", |row| row.interviewee_id == 1007).await;
        view.narrowed("interviewerId: \"1001\"", |row| row.interviewer_id == 1001).await;
        view.narrowed("interviewerId: 2003", |row| row.interviewer_id == 2003).await;
        view.narrowed("driverId: \"997\"", |row| row.driver_id == 997).await;
        view.narrowed("driverId: 1000007", |row| row.driver_id == 1_000_007).await;
    }
    let driver = View::of_driver(&app).await;
    driver.listed("driverId: 997", |_| true).await;
    driver.listed("driverId: 1000007", |_| false).await;
    driver.narrowed("intervieweeId: 277", |row| row.interviewee_id == 277).await;
}

#[rstest]
#[tokio::test]
async fn an_id_that_names_nothing_finds_nothing(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = View::of_staff(&app).await;
    let nothing =
        ["", "0", "-27", "+277", "0277", " 277", "277.0", "1e3", "abc", "27' OR '1'='1", "9223372036854775807"];
    for id in nothing.into_iter().chain(["9223372036854775808", "99999999999999999999999999", "\\u0000"]) {
        for field in ["intervieweeId", "interviewerId", "driverId"] {
            staff.listed(&format!("{field}: \"{id}\""), |_| false).await;
        }
    }
    // Ids of the other company name nothing for the staff of this one, nor does an id of another kind of thing.
    let other = View::of_admin(&app).await.rows.into_iter().find(|row| row.company_id == 2).unwrap();
    staff.listed(&format!("intervieweeId: {}", other.interviewee_id), |_| false).await;
    staff.listed("interviewerId: 1002", |_| false).await;
    staff.listed("interviewerId: 997", |_| false).await;
    staff.listed("driverId: 277", |_| false).await;
    // The driver of both companies shows each company its own.
    assert_eq!(other.driver_id, 997);
    staff.narrowed("driverId: 997", |row| row.id == 27).await;
}

#[rstest]
#[tokio::test]
async fn by_the_side_that_has_to_answer(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    give_the_documented_driver_more(&app).await;
    for view in [View::of_staff(&app).await, View::of_driver(&app).await, View::of_admin(&app).await] {
        view.narrowed("awaiting: INTERVIEWEE", |row| {
            crate::support::filtered_view::awaiting(row) == Some("interviewee")
        })
        .await;
        view.narrowed("awaiting: INTERVIEWER", |row| {
            crate::support::filtered_view::awaiting(row) == Some("interviewer")
        })
        .await;
        view.listed("awaiting: null", |_| true).await;
        // What the interviews themselves say is the same.
        for side in ["INTERVIEWEE", "INTERVIEWER"] {
            let list = List::of("interviews").with(format!("filter: {{awaiting: {side}}}"));
            let answer = list.select(&view.actor, "first: 100", "nodes { awaiting }").await;
            assert!(answer["nodes"].as_array().unwrap().iter().all(|node| node["awaiting"] == side));
        }
    }
}

#[rstest]
#[tokio::test]
async fn by_whether_the_viewer_has_to_answer(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    give_the_documented_driver_more(&app).await;
    for (view, sides) in [
        (View::of_staff(&app).await, vec!["interviewer"]),
        (View::of_driver(&app).await, vec!["interviewee"]),
        (View::of_admin(&app).await, vec!["interviewer", "interviewee"]),
    ] {
        let mine = |row: &crate::support::interview_rows::Row| {
            crate::support::filtered_view::awaiting(row).is_some_and(|side| sides.contains(&side))
        };
        view.narrowed("awaitingMe: true", mine).await;
        view.narrowed("awaitingMe: false", |row| !mine(row)).await;
        view.listed("awaitingMe: null", |_| true).await;
    }
    let staff = View::of_staff(&app).await;
    staff.listed("awaitingMe: true, awaiting: INTERVIEWEE", |_| false).await;
    staff
        .narrowed("awaitingMe: false, awaiting: INTERVIEWEE", |row| {
            crate::support::filtered_view::awaiting(row) == Some("interviewee")
        })
        .await;
}

#[rstest]
#[tokio::test]
async fn every_condition_has_to_hold(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    give_the_documented_driver_more(&app).await;
    let staff = View::of_staff(&app).await;
    staff.listed("", |_| true).await;
    staff
        .narrowed("status: [PENDING, SCHEDULED], kind: [PHONE_CALL], interviewerId: 2002", |row| {
            ["pending", "scheduled"].contains(&&*row.status) && row.kind == "phone_call" && row.interviewer_id == 2002
        })
        .await;
    staff
        .narrowed("driverId: 997, status: AMENDED, awaiting: INTERVIEWER", |row| {
            row.driver_id == 997 && crate::support::filtered_view::awaiting(row) == Some("interviewer")
        })
        .await;
    let noon = crate::support::filtered_view::moment("2026-01-06T12:00:00Z");
    staff
        .narrowed(
            "startAt: {gte: \"2026-01-06T12:00:00Z\"}, updatedAt: {lt: \"2026-03-01T00:00:00Z\"}, kind: VIDEO_CALL, \
             awaitingMe: false",
            |row| {
                row.start_at >= noon
                    && row.updated_at < crate::support::filtered_view::moment("2026-03-01T00:00:00Z")
                    && row.kind == "video_call"
                    && crate::support::filtered_view::awaiting(row) != Some("interviewer")
            },
        )
        .await;
    staff.listed("driverId: 997, intervieweeId: 1000", |_| false).await;
    staff.listed("status: [], kind: [VIDEO_CALL]", |_| false).await;
}

#[rstest]
#[tokio::test]
async fn a_filtered_list_is_paged_and_ordered_like_the_whole(
    #[values(Sqlite, Postgres)] database: Database,
    #[values("START_AT", "UPDATED_AT", "ID")] field: &'static str,
    #[values("ASC", "DESC")] direction: &'static str,
) {
    let app = start!(database);
    crate::support::interview_rows::make_ties(&app.database).await;
    let order = crate::support::interview_rows::Order { field, direction };
    let scheduled = crate::support::interview_rows::of_first_company(&app.database)
        .await
        .into_iter()
        .filter(|row| row.status == "scheduled");
    let expected = crate::support::interview_rows::ids(&order.sorted(scheduled.collect()));
    assert!(expected.len() > 50);
    let list = List::of("interviews").with(format!("filter: {{status: SCHEDULED}}, {}", order.argument()));
    assert_eq!(list.walk(&app.staff(), 9).await, expected);
    assert_eq!(list.walk_back(&app.staff(), 9).await, expected);
}

#[rstest]
#[tokio::test]
async fn filters_come_as_variables_too_and_an_unset_one_is_no_filter(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let query = "query($filter: InterviewFilter, $status: [InterviewStatus!], $driver: ID) { \
        whole: interviews(filter: $filter) { totalCount } \
        parts: interviews(filter: {status: $status, driverId: $driver}) { totalCount } }";
    let counts = async |variables: serde_json::Value| {
        let data = app.staff().ask(query, variables).await;
        (data["whole"]["totalCount"].clone(), data["parts"]["totalCount"].clone())
    };
    assert_eq!(counts(json!({})).await, (json!(250), json!(250)));
    assert_eq!(counts(json!({"filter": null, "status": null, "driver": null})).await, (json!(250), json!(250)));
    assert_eq!(counts(json!({"filter": {}, "status": []})).await, (json!(250), json!(0)));
    let both = json!({"filter": {"driverId": "997", "status": ["PENDING"]}, "status": ["PENDING"], "driver": "997"});
    assert_eq!(counts(both).await, (json!(1), json!(1)));
}

#[rstest]
#[tokio::test]
async fn what_is_no_filter_is_refused_before_anything_is_read(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = app.staff();
    staff.ask("{ viewer { id } }", json!({})).await; // signed in
    for filter in [
        "status: [OPEN]",
        "status: [null]",
        "status: [pending]",
        "kind: 3",
        "awaiting: BOTH",
        "awaitingMe: \"yes\"",
        "driverId: true",
        "driverId: 1.5",
        "driverId: [997]",
        "companyId: 2",
        "overlaps: {startAt: \"2026-01-06T12:00:00Z\"}",
    ] {
        let list = List::of("interviews").with(format!("filter: {{{filter}}}"));
        let ((code, message), statements) = app.counting(list.refusal(&staff, "")).await;
        assert_eq!(code, "GRAPHQL_VALIDATION_FAILED", "{filter}: {message}");
        assert_eq!(statements, 0, "{filter}");
    }
}

/// Interviews in all states, so that one driver has to answer some and not others.
async fn give_the_documented_driver_more(app: &TestApp) {
    let sql = "UPDATE interviews SET driver_id = 997, interviewee_id = 277, allow_overlap = true \
        WHERE company_id = 1 AND id BETWEEN 40 AND 63";
    app.database.execute(sql).await;
}
