//! `amendInterview`, `acceptInterview` of a proposal, `declineAmendment`, `withdrawAmendment`.

use super::looking::{application, booked, done, history, kind_of, last_event, propose, scheduled, shown};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::actor::refusals;
use chrono::TimeDelta;
use rstest::rstest;
use serde_json::json;

const NEGOTIATION: &str = "status startAt endAt amendStartAt amendEndAt amendedBy awaiting version";

const TEN: &str = "2025-04-01T10:00:00.000Z";
const ELEVEN: &str = "2025-04-01T11:00:00.000Z";
const TWO: &str = "2025-04-01T14:00:00.000Z";
const THREE: &str = "2025-04-01T15:00:00.000Z";
const FOUR: &str = "2025-04-01T16:00:00.000Z";

#[rstest]
#[tokio::test]
async fn staff_create_the_driver_proposes_another_time_and_staff_accept(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let (staff, driver) = (app.staff(), app.driver());
    let id = booked(&app, "10:00:00", "11:00:00").await;
    app.clock.advance(TimeDelta::hours(1));

    let payload = driver.mutate("amendInterview", &propose(&id, "14:00:00", "15:00:00")).await;
    let expected = json!(["AMENDED", TEN, ELEVEN, TWO, THREE, "INTERVIEWEE", "INTERVIEWER", 2]);
    assert_eq!(shown(done(&payload), NEGOTIATION), expected);
    assert_eq!(staff.interview(&id).await, payload["interview"]);
    app.clock.advance(TimeDelta::hours(1));

    let payload = staff.mutate("acceptInterview", &format!("id: {id}")).await;
    let expected = json!(["SCHEDULED", TWO, THREE, null, null, null, null, 3]);
    assert_eq!(shown(done(&payload), NEGOTIATION), expected);
    assert_eq!(driver.interview(&id).await, payload["interview"]);
    assert_eq!(kind_of(&app, 277).await, "INTERVIEW");

    let change = |field, from, to| json!({"field": field, "from": from, "to": to});
    let history = history(&driver, &id).await;
    assert_eq!(history.len(), 3);
    assert_eq!(
        history[1],
        json!({
            "type": "AMENDED",
            "at": "2025-03-20T11:02:08.958Z",
            "actor": {"id": "997", "title": "Jude Howell", "role": "DRIVER", "side": "INTERVIEWEE"},
            "changes": [
                change("status", Some("PENDING"), Some("AMENDED")),
                change("amendStartAt", None, Some(TWO)),
                change("amendEndAt", None, Some(THREE)),
                change("amendedBy", None, Some("INTERVIEWEE")),
            ]
        })
    );
    assert_eq!(
        history[2],
        json!({
            "type": "ACCEPTED",
            "at": "2025-03-20T12:02:08.958Z",
            "actor": {"id": "1000", "title": "Mona Berg", "role": "STAFF", "side": "INTERVIEWER"},
            "changes": [
                change("status", Some("AMENDED"), Some("SCHEDULED")),
                change("startAt", Some(TEN), Some(TWO)),
                change("endAt", Some(ELEVEN), Some(THREE)),
                change("amendStartAt", Some(TWO), None),
                change("amendEndAt", Some(THREE), None),
                change("amendedBy", Some("INTERVIEWEE"), None),
            ]
        })
    );
}

#[rstest]
#[tokio::test]
async fn a_proposal_is_revised_and_countered_until_one_side_accepts(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = booked(&app, "10:00:00", "11:00:00").await;
    let mut version = 1;
    for (who, side, awaiting, start) in [
        (app.staff(), "INTERVIEWER", "INTERVIEWEE", "12:00:00"),
        (app.staff(), "INTERVIEWER", "INTERVIEWEE", "13:00:00"),
        (app.driver(), "INTERVIEWEE", "INTERVIEWER", "14:00:00"),
        (app.driver(), "INTERVIEWEE", "INTERVIEWER", "15:00:00"),
        // The other staff of the company are the same side.
        (app.user(interviews::domain::UserId(2001)), "INTERVIEWER", "INTERVIEWEE", "14:30:00"),
    ] {
        version += 1;
        let payload = who.mutate("amendInterview", &propose(&id, start, "16:00:00")).await;
        let proposed = format!("2025-04-01T{start}.000Z");
        let expected = json!(["AMENDED", TEN, ELEVEN, proposed, FOUR, side, awaiting, version]);
        assert_eq!(shown(done(&payload), NEGOTIATION), expected);
    }
    // Who proposed last does not answer.
    let payload = app.staff().mutate("acceptInterview", &format!("id: {id}")).await;
    assert_eq!(refusals(&payload), ["FORBIDDEN id"]);
    let payload = app.driver().mutate("acceptInterview", &format!("id: {id}")).await;
    let expected = json!(["SCHEDULED", "2025-04-01T14:30:00.000Z", FOUR, null, null, null, null, version + 1]);
    assert_eq!(shown(done(&payload), NEGOTIATION), expected);
}

#[rstest]
#[tokio::test]
async fn declining_leads_back_to_what_it_was_before_the_first_proposal(
    #[values(Sqlite, Postgres)] database: Database,
    #[values("PENDING", "SCHEDULED")] before: &str,
    #[values(false, true)] countered: bool,
) {
    let app = start!(database);
    let id = if before == "PENDING" { booked(&app, "10:00:00", "11:00:00").await } else { scheduled(&app).await };
    let kind = application(&app, 277).await;
    let (mut proposing, mut answering, mut side) = (app.staff(), app.driver(), "997 as INTERVIEWEE");
    done(&proposing.mutate("amendInterview", &propose(&id, "14:00:00", "15:00:00")).await);
    if countered {
        (proposing, answering, side) = (answering, proposing, "1000 as INTERVIEWER");
        done(&proposing.mutate("amendInterview", &propose(&id, "14:00:00", "16:00:00")).await);
    }
    let refused = proposing.mutate("declineAmendment", &format!("id: {id}")).await;
    assert_eq!(refusals(&refused), ["FORBIDDEN id"]);
    let payload = answering.mutate("declineAmendment", &format!("id: {id}")).await;
    let awaiting = (before == "PENDING").then_some("INTERVIEWEE");
    let fields = "status startAt endAt amendStartAt amendEndAt amendedBy awaiting";
    assert_eq!(shown(done(&payload), fields), json!([before, TEN, ELEVEN, null, null, null, awaiting]));
    let event = last_event(&app.driver(), &id).await;
    assert!(event.starts_with(&format!("AMENDMENT_DECLINED by {side}: status: AMENDED → {before}, ")), "{event}");
    assert_eq!(application(&app, 277).await, kind);
    // There is nothing left to decline or to withdraw.
    for mutation in ["declineAmendment", "withdrawAmendment"] {
        let payload = answering.mutate(mutation, &format!("id: {id}")).await;
        assert_eq!(refusals(&payload), ["INVALID_STATE id"]);
        assert_eq!(payload["userErrors"][0]["status"], before);
    }
}

#[rstest]
#[tokio::test]
async fn withdrawing_leads_back_to_what_it_was_before_too(
    #[values(Sqlite, Postgres)] database: Database,
    #[values("PENDING", "SCHEDULED")] before: &str,
) {
    let app = start!(database);
    let id = if before == "PENDING" { booked(&app, "10:00:00", "11:00:00").await } else { scheduled(&app).await };
    done(&app.driver().mutate("amendInterview", &propose(&id, "14:00:00", "15:00:00")).await);
    let refused = app.staff().mutate("withdrawAmendment", &format!("id: {id}")).await;
    assert_eq!(refusals(&refused), ["FORBIDDEN id"]);
    let payload = app.driver().mutate("withdrawAmendment", &format!("id: {id}")).await;
    let fields = "status startAt endAt amendStartAt amendEndAt amendedBy";
    assert_eq!(shown(done(&payload), fields), json!([before, TEN, ELEVEN, null, null, null]));
    assert_eq!(
        last_event(&app.staff(), &id).await,
        format!(
            "AMENDMENT_WITHDRAWN by 997 as INTERVIEWEE: status: AMENDED → {before}, amendStartAt: {TWO} → null, \
             amendEndAt: {THREE} → null, amendedBy: INTERVIEWEE → null"
        )
    );
}

#[rstest]
#[tokio::test]
async fn the_time_that_it_has_or_that_is_proposed_cannot_be_proposed(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = booked(&app, "10:00:00", "11:00:00").await;
    let unchanged = ["AMENDMENT_UNCHANGED input.startAt"];
    let payload = app.driver().mutate("amendInterview", &propose(&id, "10:00:00", "11:00:00")).await;
    assert_eq!(refusals(&payload), unchanged);
    done(&app.driver().mutate("amendInterview", &propose(&id, "14:00:00", "15:00:00")).await);
    for who in [app.driver(), app.staff()] {
        for (start, end) in [("14:00:00", "15:00:00"), ("10:00:00", "11:00:00"), ("14:00:00.0009", "15:00:00")] {
            let payload = who.mutate("amendInterview", &propose(&id, start, end)).await;
            assert_eq!(refusals(&payload), unchanged);
            assert_eq!(payload["userErrors"][0]["__typename"], "ValidationError");
        }
    }
    assert_eq!(history(&app.driver(), &id).await.len(), 2);
}

#[rstest]
#[tokio::test]
async fn a_proposal_ends_after_it_starts_and_within_a_day(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let payload = app.driver().mutate("amendInterview", &propose("27", "14:00:00", "14:00:00")).await;
    assert_eq!(refusals(&payload), ["END_NOT_AFTER_START input.endAt"]);
    let long = r#"id: 27, input: {startAt: "2025-04-01T14:00:00Z", endAt: "2025-04-02T14:00:00.001Z"}"#;
    assert_eq!(refusals(&app.driver().mutate("amendInterview", long).await), ["TOO_LONG input.endAt"]);
    let day = r#"id: 27, input: {startAt: "2025-04-01T14:00:00Z", endAt: "2025-04-02T14:00:00Z"}"#;
    done(&app.driver().mutate("amendInterview", day).await);
}

#[rstest]
#[tokio::test]
async fn an_update_of_the_time_drops_the_proposal_and_one_of_the_place_keeps_it(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let id = scheduled(&app).await;
    done(&app.driver().mutate("amendInterview", &propose(&id, "14:00:00", "15:00:00")).await);
    let number: i64 = id.parse().unwrap();
    let payload = app.staff().update(number, json!({"location": "Gate 3", "kind": "IN_PERSON"})).await;
    let expected = json!(["AMENDED", TEN, ELEVEN, TWO, THREE, "INTERVIEWEE", "INTERVIEWER", 4]);
    assert_eq!(shown(done(&payload), NEGOTIATION), expected);
    let payload = app.staff().update(number, json!({"endAt": "2025-04-01T10:45:00Z"})).await;
    let expected = json!(["PENDING", TEN, "2025-04-01T10:45:00.000Z", null, null, null, "INTERVIEWEE", 5]);
    assert_eq!(shown(done(&payload), NEGOTIATION), expected);
    // What was before the proposal is gone with it: the driver has to agree again.
    let refused = app.driver().mutate("withdrawAmendment", &format!("id: {id}")).await;
    assert_eq!(refusals(&refused), ["INVALID_STATE id"]);
}
