//! Filters of `interviews`, each compared with a condition on the stored rows. `time_filters` has the filters by time.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::filtered_view::{View, awaiting, time};
use crate::support::interview_rows::{self, Order, Row, ids};
use crate::support::lists::List;
use crate::support::people::{
    BRUNA, BRUNA_APPLICATION, CHIDI_APPLICATION, COASTAL_FREIGHT, JUDE, JUDE_APPLICATION, JUDE_WITH_LUISA, KOFI, LUISA,
    NORTHERN_HAULAGE, PIET,
};
use rstest::rstest;
use serde_json::{Value, json};

const STATUSES: [&str; 7] = ["pending", "amended", "scheduled", "rejected", "cancelled", "completed", "no_show"];
const KINDS: [&str; 3] = ["video_call", "in_person", "phone_call"];

#[rstest]
#[tokio::test]
async fn status_selects_interviews_in_any_of_the_states(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = View::of_staff(&app).await;
    for status in STATUSES {
        let name = status.to_uppercase();
        staff.selects_some(&format!("status: [{name}]"), |row| row.status == status).await;
        staff.selects_some(&format!("status: {name}"), |row| row.status == status).await;
        staff.selects_some(&format!("status: [{name}, {name}]"), |row| row.status == status).await;
        staff
            .selects_some(&format!("status: [{name}, PENDING]"), |row| [status, "pending"].contains(&&*row.status))
            .await;
    }
    let every = STATUSES.map(str::to_uppercase).join(", ");
    staff.selects(&format!("status: [{every}]"), |_| true).await;
    staff.selects("status: null", |_| true).await;
    staff.selects("status: []", |_| false).await;
}

#[rstest]
#[tokio::test]
async fn kind_selects_interviews_of_any_of_the_kinds(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = View::of_staff(&app).await;
    for kind in KINDS {
        let name = kind.to_uppercase();
        staff.selects_some(&format!("kind: [{name}]"), |row| row.kind == kind).await;
        staff
            .selects_some(&format!("kind: [{name}, IN_PERSON]"), |row| [kind, "in_person"].contains(&&*row.kind))
            .await;
    }
    staff.selects("kind: [VIDEO_CALL, IN_PERSON, PHONE_CALL]", |_| true).await;
    staff.selects("kind: []", |_| false).await;
}

#[rstest]
#[tokio::test]
async fn people_filters_select_the_interviews_of_a_person(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    give_jude_more_interviews(&app).await;
    for view in [View::of_staff(&app).await, View::of_admin(&app).await] {
        view.selects_some(&format!("intervieweeId: \"{JUDE_APPLICATION}\""), |row| {
            row.interviewee_id == JUDE_APPLICATION.0
        })
        .await;
        view.selects_some(&format!("intervieweeId: {BRUNA_APPLICATION}"), |row| {
            row.interviewee_id == BRUNA_APPLICATION.0
        })
        .await;
        view.selects_some(&format!("interviewerId: \"{LUISA}\""), |row| row.interviewer_id == LUISA.0).await;
        view.selects_some(&format!("interviewerId: {KOFI}"), |row| row.interviewer_id == KOFI.0).await;
        view.selects_some(&format!("driverId: \"{JUDE}\""), |row| row.driver_id == JUDE.0).await;
        view.selects_some(&format!("driverId: {BRUNA}"), |row| row.driver_id == BRUNA.0).await;
    }
    let driver = View::of_driver(&app).await;
    driver.selects(&format!("driverId: {JUDE}"), |_| true).await;
    driver.selects(&format!("driverId: {BRUNA}"), |_| false).await;
    driver
        .selects_some(&format!("intervieweeId: {JUDE_APPLICATION}"), |row| row.interviewee_id == JUDE_APPLICATION.0)
        .await;
}

#[rstest]
#[tokio::test]
async fn unknown_or_malformed_id_selects_nothing(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = View::of_staff(&app).await;
    let id = JUDE_APPLICATION;
    let of_jude = [format!("-{id}"), format!("+{id}"), format!("0{id}"), format!(" {id}"), format!("{id}.0")];
    let others = ["", "0", "1e3", "abc", "1' OR '1'='1", "\\u0000"].map(str::to_owned);
    let large = ["9223372036854775807", "9223372036854775808", "99999999999999999999999999"].map(str::to_owned);
    for id in of_jude.into_iter().chain(others).chain(large) {
        for field in ["intervieweeId", "interviewerId", "driverId"] {
            staff.selects(&format!("{field}: \"{id}\""), |_| false).await;
        }
    }
    // Ids of people of another role or entity.
    staff.selects(&format!("interviewerId: {JUDE}"), |_| false).await;
    staff.selects(&format!("driverId: {JUDE_APPLICATION}"), |_| false).await;
}

#[rstest]
#[tokio::test]
async fn ids_of_another_company_select_nothing(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let staff = View::of_staff(&app).await;
    let coastal = View::of_admin(&app).await.rows.into_iter().find(|row| row.company_id == COASTAL_FREIGHT.0).unwrap();
    assert_eq!((coastal.driver_id, coastal.interviewer_id), (JUDE.0, PIET.0));
    staff.selects(&format!("intervieweeId: {}", coastal.interviewee_id), |_| false).await;
    staff.selects(&format!("interviewerId: {PIET}"), |_| false).await;
    // Jude applied to both companies.
    staff.selects_some(&format!("driverId: {JUDE}"), |row| row.id == JUDE_WITH_LUISA.0).await;
}

#[rstest]
#[tokio::test]
async fn awaiting_selects_by_the_side_that_has_to_answer(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    give_jude_more_interviews(&app).await;
    for view in [View::of_staff(&app).await, View::of_driver(&app).await, View::of_admin(&app).await] {
        view.selects_some("awaiting: INTERVIEWEE", |row| awaiting(row) == Some("interviewee")).await;
        view.selects_some("awaiting: INTERVIEWER", |row| awaiting(row) == Some("interviewer")).await;
        view.selects("awaiting: null", |_| true).await;
        // The field has the same value.
        for side in ["INTERVIEWEE", "INTERVIEWER"] {
            let list = List::of("interviews").with(format!("filter: {{awaiting: {side}}}"));
            let answer = list.select(&view.actor, "first: 100", "nodes { awaiting }").await;
            assert!(answer["nodes"].as_array().unwrap().iter().all(|node| node["awaiting"] == side));
        }
    }
}

#[rstest]
#[tokio::test]
async fn awaiting_me_selects_by_whether_the_viewer_has_to_answer(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    give_jude_more_interviews(&app).await;
    for (view, sides) in [
        (View::of_staff(&app).await, vec!["interviewer"]),
        (View::of_driver(&app).await, vec!["interviewee"]),
        (View::of_admin(&app).await, vec!["interviewer", "interviewee"]),
    ] {
        let mine = |row: &Row| awaiting(row).is_some_and(|side| sides.contains(&side));
        view.selects_some("awaitingMe: true", mine).await;
        view.selects_some("awaitingMe: false", |row| !mine(row)).await;
        view.selects("awaitingMe: null", |_| true).await;
    }
    let staff = View::of_staff(&app).await;
    staff.selects("awaitingMe: true, awaiting: INTERVIEWEE", |_| false).await;
    staff.selects_some("awaitingMe: false, awaiting: INTERVIEWEE", |row| awaiting(row) == Some("interviewee")).await;
}

#[rstest]
#[tokio::test]
async fn interviews_match_all_filters(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    give_jude_more_interviews(&app).await;
    let staff = View::of_staff(&app).await;
    staff.selects("", |_| true).await;
    staff
        .selects_some(&format!("status: [PENDING, SCHEDULED], kind: [PHONE_CALL], interviewerId: {KOFI}"), |row| {
            ["pending", "scheduled"].contains(&&*row.status) && row.kind == "phone_call" && row.interviewer_id == KOFI.0
        })
        .await;
    staff
        .selects_some(&format!("driverId: {JUDE}, status: AMENDED, awaiting: INTERVIEWER"), |row| {
            row.driver_id == JUDE.0 && awaiting(row) == Some("interviewer")
        })
        .await;
    let noon = time("2026-01-06T12:00:00Z");
    staff
        .selects_some(
            "startAt: {gte: \"2026-01-06T12:00:00Z\"}, updatedAt: {lt: \"2026-03-01T00:00:00Z\"}, kind: VIDEO_CALL, \
             awaitingMe: false",
            |row| {
                row.start_at >= noon
                    && row.updated_at < time("2026-03-01T00:00:00Z")
                    && row.kind == "video_call"
                    && awaiting(row) != Some("interviewer")
            },
        )
        .await;
    staff.selects(&format!("driverId: {JUDE}, intervieweeId: {CHIDI_APPLICATION}"), |_| false).await;
    staff.selects("status: [], kind: [VIDEO_CALL]", |_| false).await;
}

#[rstest]
#[tokio::test]
async fn filtered_list_is_paged_in_every_order(
    #[values(Sqlite, Postgres)] database: Database,
    #[values("START_AT", "UPDATED_AT", "ID")] field: &'static str,
    #[values("ASC", "DESC")] direction: &'static str,
) {
    let app = start!(database);
    interview_rows::make_ties(&app.database).await;
    let order = Order { field, direction };
    let scheduled =
        interview_rows::of_northern_haulage(&app.database).await.into_iter().filter(|row| row.status == "scheduled");
    let expected = ids(&order.sorted(scheduled.collect()));
    assert!(expected.len() > 50);
    let list = List::of("interviews").with(format!("filter: {{status: SCHEDULED}}, {}", order.argument()));
    assert_eq!(list.walk(&app.staff(), 9).await, expected);
    assert_eq!(list.walk_back(&app.staff(), 9).await, expected);
}

#[tokio::test]
async fn filters_may_be_variables_and_absent_or_null_ones_do_not_filter() {
    let app = start!(Sqlite);
    let query = "query($filter: InterviewFilter, $status: [InterviewStatus!], $driver: ID) { \
        whole: interviews(filter: $filter) { totalCount } \
        parts: interviews(filter: {status: $status, driverId: $driver}) { totalCount } }";
    let counts = async |variables: Value| {
        let data = app.staff().ask(query, variables).await;
        (data["whole"]["totalCount"].clone(), data["parts"]["totalCount"].clone())
    };
    assert_eq!(counts(json!({})).await, (json!(250), json!(250)));
    assert_eq!(counts(json!({"filter": null, "status": null, "driver": null})).await, (json!(250), json!(250)));
    assert_eq!(counts(json!({"filter": {}, "status": []})).await, (json!(250), json!(0)));
    let (status, driver) = (json!(["PENDING"]), JUDE.to_string());
    let both = json!({"filter": {"driverId": driver, "status": status}, "status": status, "driver": driver});
    assert_eq!(counts(both).await, (json!(1), json!(1)));
}

#[tokio::test]
async fn invalid_filter_is_rejected_without_a_statement() {
    let app = start!(Sqlite);
    let staff = app.staff();
    staff.ask("{ viewer { id } }", json!({})).await; // the server caches the viewer
    for filter in [
        "status: [OPEN]",
        "status: [null]",
        "status: [pending]",
        "kind: 3",
        "awaiting: BOTH",
        "awaitingMe: \"yes\"",
        "driverId: true",
        "driverId: 1.5",
        "driverId: [1]",
        "companyId: 2",
        "overlaps: {startAt: \"2026-01-06T12:00:00Z\"}",
    ] {
        let list = List::of("interviews").with(format!("filter: {{{filter}}}"));
        let ((code, message), statements) = app.counting(list.error(&staff, "")).await;
        assert_eq!(code, "GRAPHQL_VALIDATION_FAILED", "{filter}: {message}");
        assert_eq!(statements, 0, "{filter}");
    }
}

/// Gives Jude interviews in all states: he has to answer some of them.
async fn give_jude_more_interviews(app: &TestApp) {
    let sql = format!(
        "UPDATE interviews SET driver_id = {JUDE}, interviewee_id = {JUDE_APPLICATION}, allow_overlap = true \
         WHERE company_id = {NORTHERN_HAULAGE} AND id BETWEEN 40 AND 63"
    );
    app.database.execute(&sql).await;
}
