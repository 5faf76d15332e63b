//! A list of requests is sent to two equal databases, to one over REST and to the other over GraphQL. After each
//! request both outcomes and both databases are equal.

use super::request::{Outcome, Request, Side};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::inspect::{all_rows, latest_rows};
use chrono::TimeDelta;
use interviews::domain::UserId;
use rstest::rstest;
use serde_json::{Value, json};

const ADMIN: i64 = 1;
const DRIVER: i64 = 997;
const STAFF: i64 = 1000;
const OTHER_STAFF: i64 = 1002;
const OTHER_DRIVER: i64 = 1_000_000;

/// The first interview that is created, and the second one, which allows overlap.
const NEW: &str = "271";
const OVER_A_CLASH: &str = "272";

struct Case {
    who: i64,
    request: Request,
    version: Option<i32>,
    /// The status afterwards, or the codes.
    expected: &'static str,
}

fn case(who: i64, request: Request, expected: &'static str) -> Case {
    Case { who, request, version: None, expected }
}

fn at_version(version: i32, case: Case) -> Case {
    Case { version: Some(version), ..case }
}

fn booking() -> Value {
    json!({
        "kind": "phone_call", "start_at": "2025-04-01T10:00:00Z", "end_at": "2025-04-01T11:00:00Z",
        "interviewee_id": 277, "interviewer_id": 1001, "location": "Gate 3"
    })
}

fn booking_but(changes: Value) -> Value {
    let mut booking = booking();
    booking.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    booking
}

fn proposal(start: &str, end: &str) -> Value {
    json!({"amend_start_at": format!("2025-04-01T{start}Z"), "amend_end_at": format!("2025-04-01T{end}Z")})
}

fn two_o_clock() -> Value {
    proposal("14:00:00", "15:00:00")
}

fn creating() -> Vec<Case> {
    use Request::Create;
    let wrong = json!({"end_at": "2025-04-01T10:00:00Z", "location": " ", "interviewer_id": 1002});
    vec![
        case(DRIVER, Create(booking()), "FORBIDDEN"),
        case(STAFF, Create(booking_but(wrong)), "END_NOT_AFTER_START INVALID_LOCATION INTERVIEWER_NOT_FOUND"),
        case(STAFF, Create(booking_but(json!({"end_at": "2025-04-02T10:00:01Z"}))), "TOO_LONG"),
        case(STAFF, Create(booking_but(json!({"interviewee_id": 1050}))), "INTERVIEWEE_NOT_FOUND"),
        case(OTHER_STAFF, Create(booking()), "INTERVIEWEE_NOT_FOUND INTERVIEWER_NOT_FOUND"),
        case(STAFF, Create(booking()), "pending"),
        case(STAFF, Create(booking_but(json!({"allow_overlap": true, "location": null}))), "pending"),
        case(STAFF, Create(booking()), "SCHEDULE_CONFLICT SCHEDULE_CONFLICT"),
        case(ADMIN, Create(booking_but(json!({"interviewee_id": 1003}))), "SCHEDULE_CONFLICT"),
        case(
            OTHER_STAFF,
            Create(booking_but(json!({"interviewee_id": 1050, "interviewer_id": 1002}))),
            "SCHEDULE_CONFLICT",
        ),
        case(ADMIN, Create(booking_but(json!({"interviewee_id": 1003, "interviewer_id": 2001}))), "pending"),
    ]
}

fn updating() -> Vec<Case> {
    let update = |fields| Request::Update(NEW, fields);
    let at_27 = json!({"start_at": "2025-03-20T09:10:00Z", "end_at": "2025-03-20T09:20:00Z"});
    vec![
        case(STAFF, update(json!({})), "pending"),
        case(STAFF, update(booking()), "pending"),
        case(STAFF, update(json!({"location": null, "kind": "in_person"})), "pending"),
        case(STAFF, update(json!({"location": "Gate 4", "interviewer_id": 2002})), "pending"),
        case(
            STAFF,
            update(json!({"kind": null, "start_at": null, "end_at": null, "interviewee_id": null})),
            "NULL_NOT_ALLOWED NULL_NOT_ALLOWED NULL_NOT_ALLOWED NULL_NOT_ALLOWED",
        ),
        case(
            STAFF,
            update(json!({"interviewer_id": null, "allow_overlap": null})),
            "NULL_NOT_ALLOWED NULL_NOT_ALLOWED",
        ),
        case(STAFF, update(json!({"start_at": "2025-04-01T11:00:00Z"})), "END_NOT_AFTER_START"),
        case(
            STAFF,
            update(json!({"interviewer_id": 404, "interviewee_id": 404})),
            "INTERVIEWEE_NOT_FOUND INTERVIEWER_NOT_FOUND",
        ),
        case(STAFF, update(json!({"location": "a\u{7}b"})), "INVALID_LOCATION"),
        case(STAFF, update(at_27), "SCHEDULE_CONFLICT"),
        case(DRIVER, update(json!({"location": "Home"})), "FORBIDDEN"),
        case(OTHER_STAFF, update(json!({"location": "Home"})), "NOT_FOUND"),
        case(OTHER_DRIVER, update(json!({})), "NOT_FOUND"),
        case(STAFF, Request::Update("027", json!({})), "NOT_FOUND"),
        at_version(1, case(STAFF, update(json!({"location": "Home"})), "STALE_VERSION")),
        at_version(3, case(ADMIN, update(json!({"end_at": "2025-04-01T10:45:00Z"})), "pending")),
    ]
}

fn negotiating() -> Vec<Case> {
    use Request::{Accept, Amend, Update};
    use Side::{Driver, Staff};
    vec![
        case(STAFF, Accept(Staff, NEW), "FORBIDDEN"),
        case(DRIVER, Amend(Driver, NEW, proposal("15:00:00", "14:00:00")), "END_NOT_AFTER_START"),
        case(DRIVER, Amend(Driver, NEW, proposal("10:00:00", "10:45:00")), "AMENDMENT_UNCHANGED"),
        case(DRIVER, Amend(Staff, NEW, two_o_clock()), "FORBIDDEN"),
        case(STAFF, Amend(Driver, NEW, two_o_clock()), "FORBIDDEN"),
        case(OTHER_DRIVER, Amend(Driver, NEW, two_o_clock()), "NOT_FOUND"),
        at_version(3, case(DRIVER, Amend(Driver, NEW, two_o_clock()), "STALE_VERSION")),
        at_version(4, case(DRIVER, Amend(Driver, NEW, two_o_clock()), "amended")),
        case(STAFF, Amend(Staff, NEW, two_o_clock()), "AMENDMENT_UNCHANGED"),
        case(DRIVER, Accept(Driver, NEW), "FORBIDDEN"),
        case(ADMIN, Accept(Driver, NEW), "FORBIDDEN"),
        case(STAFF, Amend(Staff, NEW, proposal("14:30:00", "15:30:00")), "amended"),
        case(DRIVER, Accept(Driver, NEW), "scheduled"),
        case(DRIVER, Accept(Driver, NEW), "INVALID_STATE"),
        case(STAFF, Accept(Staff, NEW), "INVALID_STATE"),
        case(ADMIN, Amend(Driver, NEW, two_o_clock()), "amended"),
        at_version(1, case(STAFF, Accept(Staff, NEW), "STALE_VERSION")),
        case(ADMIN, Accept(Staff, NEW), "scheduled"),
        case(STAFF, Update(NEW, json!({"location": "Gate 5"})), "scheduled"),
        case(STAFF, Update(NEW, json!({"end_at": "2025-04-01T15:15:00Z"})), "pending"),
        case(DRIVER, Accept(Driver, NEW), "scheduled"),
        // The proposed time overlaps with another interview.
        case(DRIVER, Amend(Driver, "27", two_o_clock()), "amended"),
        case(STAFF, Accept(Staff, "27"), "SCHEDULE_CONFLICT"),
        case(STAFF, Update("27", json!({"end_at": "2025-03-20T09:45:00Z"})), "pending"),
    ]
}

fn ending() -> Vec<Case> {
    use Request::{Accept, Amend, Cancel, Reject, Update};
    use Side::{Driver, Staff};
    vec![
        case(DRIVER, Cancel(NEW), "FORBIDDEN"),
        case(STAFF, Reject(NEW), "FORBIDDEN"),
        case(OTHER_STAFF, Cancel(NEW), "NOT_FOUND"),
        case(OTHER_STAFF, Reject("x"), "NOT_FOUND"),
        at_version(1, case(STAFF, Cancel(NEW), "STALE_VERSION")),
        case(STAFF, Cancel(NEW), "cancelled"),
        case(STAFF, Cancel(NEW), "INVALID_STATE"),
        case(DRIVER, Reject(NEW), "INVALID_STATE"),
        case(STAFF, Update(NEW, json!({})), "INVALID_STATE"),
        case(DRIVER, Update(NEW, json!({})), "FORBIDDEN"),
        case(DRIVER, Amend(Driver, NEW, two_o_clock()), "INVALID_STATE"),
        case(STAFF, Accept(Staff, NEW), "INVALID_STATE"),
        // Then interview 27 is the only open one, and the driver rejects it.
        case(ADMIN, Cancel(OVER_A_CLASH), "cancelled"),
        at_version(4, case(DRIVER, Reject("27"), "STALE_VERSION")),
        at_version(3, case(DRIVER, Reject("27"), "rejected")),
    ]
}

#[rstest]
#[tokio::test]
async fn same_request_has_the_same_result_over_rest_and_graphql(#[values(Sqlite, Postgres)] database: Database) {
    let (rest, graphql) = (start!(database), start!(database));
    assert_eq!(all_rows(&rest.database).await, all_rows(&graphql.database).await, "equal from the beginning");
    for case in [creating(), updating(), negotiating(), ending()].into_iter().flatten() {
        let Case { who, request, version, expected } = case;
        let context = format!("{who}: {request:?} at {version:?}");
        let person = |app: &TestApp| app.user(UserId(who));
        let (status, by_rest) = request.by_rest(&person(&rest), version).await;
        let by_graphql = request.by_graphql(&person(&graphql), version).await;
        assert_eq!(by_rest, by_graphql, "{context}");
        assert_eq!(latest_rows(&rest.database).await, latest_rows(&graphql.database).await, "{context}");
        assert_eq!(in_short(&by_rest), expected, "{context}");
        assert_eq!(status, http_status(&request, &by_rest), "{context}");
        for app in [&rest, &graphql] {
            app.clock.advance(TimeDelta::seconds(1));
        }
    }
    assert_eq!(all_rows(&rest.database).await, all_rows(&graphql.database).await, "equal to the end");
}

fn in_short(outcome: &Outcome) -> String {
    match outcome {
        Ok(interview) => interview["status"].as_str().unwrap().to_owned(),
        Err(refusals) => refusals.iter().map(|(code, ..)| code.as_str()).collect::<Vec<_>>().join(" "),
    }
}

fn http_status(request: &Request, outcome: &Outcome) -> u16 {
    match outcome {
        Ok(_) if matches!(request, Request::Create(_)) => 201,
        Ok(_) => 200,
        Err(refusals) => match refusals[0].0.as_str() {
            "FORBIDDEN" => 403,
            "NOT_FOUND" => 404,
            "INVALID_STATE" | "SCHEDULE_CONFLICT" => 409,
            "STALE_VERSION" => 412,
            _ => 422,
        },
    }
}
