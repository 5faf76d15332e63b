//! `updateInterview`: what an update does to the status and to an open proposal, what history tells of it, and that the payload is
//! read after the write.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::actor::{FIELDS, refusals};
use rstest::rstest;
use sea_orm::{ConnectionTrait, DbBackend};
use serde_json::{Value, json};

/// Interviews of the demo data.
const PENDING: i64 = 9;
const SCHEDULED: i64 = 6;
/// By the interviewer, while it was pending.
const AMENDED: i64 = 2;
/// By the interviewee, after it had been scheduled.
const AMENDED_AGAIN: i64 = 11;

const EVENTS: &str = "SELECT count(*) FROM interview_events";

/// Fields of an interview that tell how far the two sides have come.
fn standing(interview: &Value) -> Value {
    let shown = |field: &str| interview[field].clone();
    json!([shown("status"), shown("awaiting"), shown("amendStartAt"), shown("amendEndAt"), shown("amendedBy")])
}

fn new_and_pending() -> Value {
    json!(["PENDING", "INTERVIEWEE", null, null, null])
}

#[rstest]
#[case::start(json!({"startAt": "2027-05-03T10:00:00Z", "endAt": "2027-05-03T10:30:00Z"}))]
#[case::interviewee(json!({"intervieweeId": "277"}))]
#[case::everything(json!({
    "kind": "IN_PERSON", "startAt": "2027-05-03T10:00:00Z", "endAt": "2027-05-03T10:30:00Z", "location": "Dock 4",
    "interviewerId": "1001", "intervieweeId": "277"
}))]
#[tokio::test]
async fn another_time_or_driver_has_to_be_agreed_on_again(
    #[case] input: Value,
    #[values(PENDING, SCHEDULED, AMENDED, AMENDED_AGAIN)] id: i64,
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let payload = app.staff().update(id, input).await;
    assert_eq!(refusals(&payload), [""; 0]);
    assert_eq!(standing(&payload["interview"]), new_and_pending());
    assert_eq!(app.staff().interview(id).await, payload["interview"]);
}

#[rstest]
#[case::kind(&["kind: IN_PERSON", "kind: PHONE_CALL"])]
#[case::interviewer(&["interviewerId: 1001"])]
#[case::location(&[r#"location: "Dock 4""#, "location: null"])]
#[case::overlap(&["allowOverlap: true"])]
#[tokio::test]
async fn anything_else_leaves_what_was_agreed_or_proposed(
    #[case] inputs: &[&str],
    #[values(PENDING, SCHEDULED, AMENDED, AMENDED_AGAIN)] id: i64,
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let before = app.staff().interview(id).await;
    for input in inputs {
        // Times that are sent along as they are change nothing.
        let same = format!("startAt: {}, endAt: {}", before["startAt"], before["endAt"]);
        let arguments = format!("id: {id}, input: {{{input}, {same}, intervieweeId: {}}}", before["intervieweeId"]);
        let payload = app.staff().mutate("updateInterview", &arguments).await;
        assert_eq!(refusals(&payload), [""; 0]);
        assert_eq!(standing(&payload["interview"]), standing(&before), "{input}");
    }
    assert!(app.staff().interview(id).await["version"].as_i64() > before["version"].as_i64());
}

#[rstest]
#[case::start("startAt", "2026-01-05T08:59:00.000Z")]
#[case::end("endAt", "2026-01-05T09:31:00.000Z")]
#[tokio::test]
async fn an_end_of_the_slot_alone_is_another_time(
    #[case] field: &str,
    #[case] time: &str,
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let before = app.staff().interview(SCHEDULED).await;
    assert_eq!(before["startAt"], "2026-01-05T09:00:00.000Z");
    let payload = app.staff().update(SCHEDULED, json!({field: time})).await;
    assert_eq!(payload["interview"][field], time);
    assert_eq!(standing(&payload["interview"]), new_and_pending());
}

#[rstest]
#[tokio::test]
async fn what_is_final_stays_so(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let events = app.database.value::<i64>(EVENTS).await;
    for (id, status) in [(3, "COMPLETED"), (4, "CANCELLED"), (5, "NO_SHOW"), (15, "REJECTED")] {
        let before = app.staff().interview(id).await;
        // Not even what would change nothing; and the state comes before the mistakes.
        for input in [json!({"location": "Dock 4"}), json!({}), json!({"location": ""}), json!({"kind": null})] {
            let payload = app.staff().update(id, input).await;
            let message = format!("this cannot be done now: the interview is {}", status.to_lowercase());
            assert_eq!(
                payload,
                json!({"interview": null, "userErrors": [{
                    "__typename": "InvalidStateError", "code": "INVALID_STATE", "message": message, "path": ["id"],
                    "status": status, "availableActions": []
                }]})
            );
        }
        assert_eq!(app.staff().interview(id).await, before);
    }
    assert_eq!(app.database.value::<i64>(EVENTS).await, events);
}

#[rstest]
#[tokio::test]
async fn an_update_leaves_the_applications_as_they_are(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let applications = "{ a: interviewee(id: 277) { kind updatedAt } b: interviewee(id: 1000) { kind updatedAt } }";
    let before = app.staff().ask(applications, json!({})).await;
    app.clock.advance(chrono::TimeDelta::hours(1));
    app.staff().update(27, json!({"intervieweeId": "1000"})).await;
    assert_eq!(app.staff().ask(applications, json!({})).await, before);
}

#[rstest]
#[tokio::test]
async fn history_tells_what_changed_and_who_did_it(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    app.clock.advance(chrono::TimeDelta::milliseconds(1042));
    let input = json!({
        "startAt": "2027-05-03T10:00:00Z", "kind": "VIDEO_CALL", "endAt": "2027-05-03T10:30:00Z", "location": "Dock 4",
        "intervieweeId": "277", "allowOverlap": true
    });
    let before = app.staff().interview(AMENDED).await;
    assert_eq!(before["kind"], "IN_PERSON");
    app.staff().update(AMENDED, input).await;
    let last = "WHERE interview_id = 2 ORDER BY id DESC LIMIT 1";
    let row = format!("SELECT type || ' ' || actor_id || ' ' || actor_side FROM interview_events {last}");
    assert_eq!(app.database.value::<String>(&row).await, "updated 1000 interviewer");
    let row = format!("SELECT CAST(changes AS text) FROM interview_events {last}");
    let stored: Value = serde_json::from_str(&app.database.value::<String>(&row).await).unwrap();
    let change = |field, from, to| json!({"field": field, "from": from, "to": to});
    let old = |field: &str| before[field].as_str().unwrap().to_owned();
    assert_eq!(
        stored,
        json!([
            change("kind", json!("in_person"), json!("video_call")),
            change("status", json!("amended"), json!("pending")),
            change("start_at", json!(old("startAt")), json!("2027-05-03T10:00:00.000Z")),
            change("end_at", json!(old("endAt")), json!("2027-05-03T10:30:00.000Z")),
            change("amend_start_at", json!(old("amendStartAt")), json!(null)),
            change("amend_end_at", json!(old("amendEndAt")), json!(null)),
            change("amended_by", json!("interviewer"), json!(null)),
            change("location", json!(old("location")), json!("Dock 4")),
            change("interviewee_id", json!(old("intervieweeId")), json!("277")),
            change("allow_overlap", json!("false"), json!("true")),
        ])
    );
    // One for one change, at the time of the change.
    assert_eq!(app.database.value::<i64>("SELECT count(*) FROM interview_events WHERE type = 'updated'").await, 1);
    let history = "{ interview(id: 2) { updatedAt history(first: 100) { nodes { type at } } } }";
    let interview = app.staff().ask(history, json!({})).await["interview"].take();
    let last = interview["history"]["nodes"].as_array().unwrap().last().unwrap();
    assert_eq!(*last, json!({"type": "UPDATED", "at": "2025-03-20T10:02:10.000Z"}));
    assert_eq!(interview["updatedAt"], last["at"]);
}

#[rstest]
#[tokio::test]
async fn without_its_event_there_is_no_change(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let before = app.staff().interview(27).await;
    let (refuse, allow) = match app.app.services().db().reader().get_database_backend() {
        DbBackend::Postgres => (
            "ALTER TABLE interview_events ADD CONSTRAINT closed CHECK (type <> 'updated') NOT VALID",
            "ALTER TABLE interview_events DROP CONSTRAINT closed",
        ),
        _ => (
            "CREATE TRIGGER closed BEFORE INSERT ON interview_events BEGIN SELECT RAISE(ABORT, 'closed'); END",
            "DROP TRIGGER closed",
        ),
    };
    app.database.execute(refuse).await;
    let answer = app
        .staff()
        .graphql("mutation { updateInterview(id: 27, input: {location: \"x\"}) { userErrors { code } } }", json!({}))
        .await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "INTERNAL");
    assert_eq!(app.staff().interview(27).await, before);
    app.database.execute(allow).await;
    assert_eq!(app.staff().update(27, json!({"location": "x"})).await["interview"]["version"], 2);
}

#[rstest]
#[tokio::test]
async fn the_payloads_people_are_those_after_the_write(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let people = "interview { version intervieweeId interviewee { id kind driver { id title } }
                              interviewerId interviewer { id title } } userErrors { code }";
    let query = format!(
        "mutation {{
            first: updateInterview(id: 27, input: {{intervieweeId: 1000, interviewerId: 2000}}) {{ {people} }}
            second: updateInterview(id: 27, input: {{intervieweeId: 277, interviewerId: 2001}}) {{ {people} }}
            third: rejectInterview(id: 27) {{ {people} }}
            fourth: updateInterview(id: 27, input: {{location: \"x\"}}) {{ {people} }}
        }}"
    );
    let interview = |version, interviewee: Value, interviewer: Value| {
        json!({"interview": {
            "version": version, "intervieweeId": interviewee["id"], "interviewee": interviewee,
            "interviewerId": interviewer["id"], "interviewer": interviewer
        }, "userErrors": []})
    };
    let jude = |kind: &str| json!({"id": "277", "kind": kind, "driver": {"id": "997", "title": "Jude Howell"}});
    let alex = json!({"id": "1000", "kind": "INTERVIEW", "driver": {"id": "1000000", "title": "Alex Abel"}});
    assert_eq!(
        // An admin acts for either side.
        app.admin().ask(&query, json!({})).await,
        json!({
            "first": interview(2, alex, json!({"id": "2000", "title": "Dana Duran"})),
            "second": interview(3, jude("VERIFIED"), json!({"id": "2001", "title": "Kofi Kaya"})),
            "third": interview(4, jude("REJECTED"), json!({"id": "2001", "title": "Kofi Kaya"})),
            "fourth": {"interview": null, "userErrors": [{"code": "INVALID_STATE"}]}
        })
    );
}

#[rstest]
#[tokio::test]
async fn one_refusal_in_a_request_does_not_undo_the_rest(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let query = format!(
        "mutation {{
            a: updateInterview(id: 27, input: {{location: \"a\"}}, expectedVersion: 1) {{ interview {{ {FIELDS} }} }}
            b: updateInterview(id: 27, input: {{location: \"b\"}}, expectedVersion: 1) {{ userErrors {{ code }} }}
            c: updateInterview(id: 27, input: {{kind: IN_PERSON}}, expectedVersion: 2) {{ interview {{ {FIELDS} }} }}
        }}"
    );
    let data = app.staff().ask(&query, json!({})).await;
    assert_eq!(data["a"]["interview"]["location"], "a");
    assert_eq!(data["b"], json!({"userErrors": [{"code": "STALE_VERSION"}]}));
    assert_eq!(data["c"]["interview"], app.staff().interview(27).await);
    assert_eq!(data["c"]["interview"]["location"], "a");
}

#[rstest]
#[tokio::test]
async fn of_two_at_once_with_one_version_one_wins(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let update = async |location: &str| {
        let arguments = format!("id: 27, input: {{location: \"{location}\"}}, expectedVersion: 1");
        refusals(&app.staff().mutate("updateInterview", &arguments).await)
    };
    let (mut a, b) = tokio::join!(update("a"), update("b"));
    let winner = if a.is_empty() { "a" } else { "b" };
    a.extend(b);
    assert_eq!(a, ["STALE_VERSION expectedVersion"]);
    let after = app.staff().interview(27).await;
    assert_eq!((&after["location"], &after["version"]), (&json!(winner), &json!(2)));
    assert_eq!(app.database.value::<i64>("SELECT count(*) FROM interview_events WHERE type = 'updated'").await, 1);
}
