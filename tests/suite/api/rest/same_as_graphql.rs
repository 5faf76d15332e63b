//! A list of requests is sent to two equal databases, to one over REST and to the other over GraphQL. After each
//! request both outcomes and both databases are equal.

use super::request::{Outcome, Request, Side};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::inspect::{all_rows, latest_rows};
use crate::support::people::{
    ADA, BRUNA, DANA_APPLICATION, JUDE, JUDE_APPLICATION, JUDE_COASTAL_APPLICATION, JUDE_WITH_LUISA, KOFI, LUISA, MONA,
    PIET, UNKNOWN_INTERVIEWEE, UNKNOWN_USER,
};
use chrono::TimeDelta;
use interviews::domain::UserId;
use rstest::rstest;
use serde_json::{Value, json};
use std::sync::LazyLock;

/// The id of Jude's interview with Luisa, as in a path.
static OLDER: LazyLock<String> = LazyLock::new(|| JUDE_WITH_LUISA.to_string());

/// The first interview that is created, and the second one, which allows overlap.
const NEW: &str = "271";
const OVER_A_CLASH: &str = "272";

struct Case {
    who: UserId,
    request: Request,
    version: Option<i32>,
    /// The status afterwards, or the codes.
    expected: &'static str,
}

fn case(who: UserId, request: Request, expected: &'static str) -> Case {
    Case { who, request, version: None, expected }
}

fn at_version(version: i32, case: Case) -> Case {
    Case { version: Some(version), ..case }
}

fn booking() -> Value {
    json!({
        "kind": "phone_call", "start_at": "2025-04-01T10:00:00Z", "end_at": "2025-04-01T11:00:00Z",
        "interviewee_id": JUDE_APPLICATION.0, "interviewer_id": LUISA.0, "location": "Gate 3"
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
    let wrong = json!({"end_at": "2025-04-01T10:00:00Z", "location": " ", "interviewer_id": PIET.0});
    vec![
        case(JUDE, Create(booking()), "FORBIDDEN"),
        case(MONA, Create(booking_but(wrong)), "END_NOT_AFTER_START INVALID_LOCATION INTERVIEWER_NOT_FOUND"),
        case(MONA, Create(booking_but(json!({"end_at": "2025-04-02T10:00:01Z"}))), "DURATION_TOO_LONG"),
        case(MONA, Create(booking_but(json!({"interviewee_id": JUDE_COASTAL_APPLICATION.0}))), "INTERVIEWEE_NOT_FOUND"),
        case(PIET, Create(booking()), "INTERVIEWEE_NOT_FOUND INTERVIEWER_NOT_FOUND"),
        case(MONA, Create(booking()), "pending"),
        case(MONA, Create(booking_but(json!({"allow_overlap": true, "location": null}))), "pending"),
        case(MONA, Create(booking_but(json!({"allow_overlap": true, "location": ""}))), "pending"),
        case(MONA, Create(booking()), "SCHEDULE_CONFLICT SCHEDULE_CONFLICT"),
        case(ADA, Create(booking_but(json!({"interviewee_id": DANA_APPLICATION.0}))), "SCHEDULE_CONFLICT"),
        case(
            PIET,
            Create(booking_but(json!({"interviewee_id": JUDE_COASTAL_APPLICATION.0, "interviewer_id": PIET.0}))),
            "SCHEDULE_CONFLICT",
        ),
        case(
            ADA,
            Create(booking_but(json!({"interviewee_id": DANA_APPLICATION.0, "interviewer_id": KOFI.0}))),
            "pending",
        ),
    ]
}

fn updating() -> Vec<Case> {
    let update = |fields| Request::Update(NEW, fields);
    let at_jude_with_luisa = json!({"start_at": "2025-03-20T09:10:00Z", "end_at": "2025-03-20T09:20:00Z"});
    vec![
        case(MONA, update(json!({})), "pending"),
        case(MONA, update(booking()), "pending"),
        case(MONA, update(json!({"location": null, "kind": "in_person"})), "pending"),
        case(MONA, update(json!({"location": ""})), "pending"),
        case(MONA, update(json!({"location": "Gate 4", "interviewer_id": MONA.0})), "pending"),
        case(
            MONA,
            update(json!({"kind": null, "start_at": null, "end_at": null, "interviewee_id": null})),
            "NULL_NOT_ALLOWED NULL_NOT_ALLOWED NULL_NOT_ALLOWED NULL_NOT_ALLOWED",
        ),
        case(MONA, update(json!({"interviewer_id": null, "allow_overlap": null})), "NULL_NOT_ALLOWED NULL_NOT_ALLOWED"),
        case(MONA, update(json!({"start_at": "2025-04-01T11:00:00Z"})), "END_NOT_AFTER_START"),
        case(
            MONA,
            update(json!({"interviewer_id": UNKNOWN_USER.0, "interviewee_id": UNKNOWN_INTERVIEWEE.0})),
            "INTERVIEWEE_NOT_FOUND INTERVIEWER_NOT_FOUND",
        ),
        case(MONA, update(json!({"location": "a\u{7}b"})), "INVALID_LOCATION"),
        case(MONA, update(at_jude_with_luisa), "SCHEDULE_CONFLICT"),
        case(JUDE, update(json!({"location": "Home"})), "FORBIDDEN"),
        case(PIET, update(json!({"location": "Home"})), "NOT_FOUND"),
        case(BRUNA, update(json!({})), "NOT_FOUND"),
        case(MONA, Request::Update("027", json!({})), "NOT_FOUND"),
        at_version(1, case(MONA, update(json!({"location": "Home"})), "STALE_VERSION")),
        at_version(3, case(ADA, update(json!({"end_at": "2025-04-01T10:45:00Z"})), "pending")),
    ]
}

fn negotiating() -> Vec<Case> {
    use Request::{Accept, Amend, Update};
    use Side::{Driver, Staff};
    vec![
        case(MONA, Accept(Staff, NEW), "FORBIDDEN"),
        case(JUDE, Amend(Driver, NEW, proposal("15:00:00", "14:00:00")), "END_NOT_AFTER_START"),
        case(JUDE, Amend(Driver, NEW, proposal("10:00:00", "10:45:00")), "AMENDMENT_UNCHANGED"),
        case(JUDE, Amend(Staff, NEW, two_o_clock()), "FORBIDDEN"),
        case(MONA, Amend(Driver, NEW, two_o_clock()), "FORBIDDEN"),
        case(BRUNA, Amend(Driver, NEW, two_o_clock()), "NOT_FOUND"),
        at_version(3, case(JUDE, Amend(Driver, NEW, two_o_clock()), "STALE_VERSION")),
        at_version(4, case(JUDE, Amend(Driver, NEW, two_o_clock()), "amended")),
        case(MONA, Amend(Staff, NEW, two_o_clock()), "AMENDMENT_UNCHANGED"),
        case(JUDE, Accept(Driver, NEW), "FORBIDDEN"),
        case(ADA, Accept(Driver, NEW), "FORBIDDEN"),
        case(MONA, Amend(Staff, NEW, proposal("14:30:00", "15:30:00")), "amended"),
        case(JUDE, Accept(Driver, NEW), "scheduled"),
        case(JUDE, Accept(Driver, NEW), "INVALID_STATE"),
        case(MONA, Accept(Staff, NEW), "INVALID_STATE"),
        case(ADA, Amend(Driver, NEW, two_o_clock()), "amended"),
        at_version(1, case(MONA, Accept(Staff, NEW), "STALE_VERSION")),
        case(ADA, Accept(Staff, NEW), "scheduled"),
        case(MONA, Update(NEW, json!({"location": "Gate 5"})), "scheduled"),
        case(MONA, Update(NEW, json!({"end_at": "2025-04-01T15:15:00Z"})), "pending"),
        case(JUDE, Accept(Driver, NEW), "scheduled"),
        // The proposed time overlaps with another interview.
        case(JUDE, Amend(Driver, &OLDER, two_o_clock()), "amended"),
        case(MONA, Accept(Staff, &OLDER), "SCHEDULE_CONFLICT"),
        case(MONA, Update(&OLDER, json!({"end_at": "2025-03-20T09:45:00Z"})), "pending"),
    ]
}

fn ending() -> Vec<Case> {
    use Request::{Accept, Amend, Cancel, Reject, Update};
    use Side::{Driver, Staff};
    vec![
        case(JUDE, Cancel(NEW), "FORBIDDEN"),
        case(MONA, Reject(NEW), "FORBIDDEN"),
        case(PIET, Cancel(NEW), "NOT_FOUND"),
        case(PIET, Reject("x"), "NOT_FOUND"),
        at_version(1, case(MONA, Cancel(NEW), "STALE_VERSION")),
        case(MONA, Cancel(NEW), "cancelled"),
        case(MONA, Cancel(NEW), "INVALID_STATE"),
        case(JUDE, Reject(NEW), "INVALID_STATE"),
        case(MONA, Update(NEW, json!({})), "INVALID_STATE"),
        case(JUDE, Update(NEW, json!({})), "FORBIDDEN"),
        case(JUDE, Amend(Driver, NEW, two_o_clock()), "INVALID_STATE"),
        case(MONA, Accept(Staff, NEW), "INVALID_STATE"),
        // Then Jude's interview with Luisa is the only open one, and the driver rejects it.
        case(ADA, Cancel(OVER_A_CLASH), "cancelled"),
        at_version(4, case(JUDE, Reject(&OLDER), "STALE_VERSION")),
        at_version(3, case(JUDE, Reject(&OLDER), "rejected")),
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
        let person = |app: &TestApp| app.user(who);
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
