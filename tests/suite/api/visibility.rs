//! Who sees what. What one may not see does not exist; what one sees and may not do is forbidden.
//!
//! The first company (staff 1000) has interviews 1 to 250, among them 27 of driver 997; the second (staff 1002) has 251 to 270, among
//! them 251 of the same driver.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::actor::{Actor, refusals};
use rstest::rstest;
use serde_json::{Value, json};

const UPDATES: &str = "SELECT count(*) FROM interview_events WHERE type = 'updated'";

/// The ids of a list of interviews, with its count.
async fn listed(actor: &Actor, filter: &str) -> (Vec<i64>, i64) {
    let query = format!(
        "{{ interviews(first: 100, filter: {{{filter}}}, orderBy: {{field: ID, direction: ASC}}) {{ nodes {{ id }} totalCount }} }}"
    );
    let list = actor.ask(&query, json!({})).await["interviews"].take();
    let id = |node: &Value| node["id"].as_str().unwrap().parse().unwrap();
    (list["nodes"].as_array().unwrap().iter().map(id).collect(), list["totalCount"].as_i64().unwrap())
}

/// The code of the one error of an answer, and its data.
async fn error_of(actor: &Actor, query: &str) -> (String, Value) {
    let answer = actor.graphql(query, json!({})).await;
    let errors = answer["errors"].as_array().unwrap_or_else(|| panic!("{answer:#}"));
    assert_eq!(errors.len(), 1, "{answer:#}");
    (errors[0]["extensions"]["code"].as_str().unwrap().to_owned(), answer["data"].clone())
}

#[rstest]
#[tokio::test]
async fn everybody_is_told_who_they_are(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let who = "{ viewer { id role title company { id name } } }";
    for (actor, id, role, title, company) in [
        (app.driver(), "997", "DRIVER", "Jude Howell", json!(null)),
        (app.staff(), "1000", "STAFF", "Mona Berg", json!({"id": "1", "name": "Northern Haulage"})),
        (app.other_staff(), "1002", "STAFF", "Piet Maas", json!({"id": "2", "name": "Coastal Freight"})),
        (app.admin(), "1", "ADMIN", "Ada Prentice", json!(null)),
    ] {
        let viewer = json!({"id": id, "role": role, "title": title, "company": company});
        assert_eq!(actor.ask(who, json!({})).await, json!({"viewer": viewer}));
    }
    assert_eq!(error_of(&app.anonymous(), who).await, ("UNAUTHENTICATED".to_owned(), json!(null)));
}

#[rstest]
#[tokio::test]
async fn an_interview_is_there_for_its_driver_its_company_and_admins(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let sees = async |actor: Actor| {
        let query = "{ a: interview(id: 27) { id } b: interview(id: 6) { id } c: interview(id: 251) { id }
                       d: interview(id: 252) { id } e: interview(id: 99999) { id } f: interview(id: \"x\") { id } }";
        let data = actor.ask(query, json!({})).await;
        let seen = data.as_object().unwrap().values().filter(|it| !it.is_null()).map(|it| it["id"].clone());
        Value::Array(seen.collect())
    };
    assert_eq!(sees(app.driver()).await, json!(["27", "251"]));
    assert_eq!(sees(app.staff()).await, json!(["27", "6"]));
    assert_eq!(sees(app.other_staff()).await, json!(["251", "252"]));
    assert_eq!(sees(app.admin()).await, json!(["27", "6", "251", "252"]));
    assert_eq!(sees(app.user(interviews::domain::UserId(1_000_005))).await, json!(["6"]));
    let (code, data) = error_of(&app.anonymous(), "{ __typename interview(id: 27) { id } }").await;
    assert_eq!((code.as_str(), data), ("UNAUTHENTICATED", json!(null)));
}

#[rstest]
#[tokio::test]
async fn lists_hold_what_is_visible(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    assert_eq!(listed(&app.driver(), "").await, (vec![27, 251], 2));
    assert_eq!(listed(&app.staff(), "").await, ((1..=100).collect(), 250));
    assert_eq!(listed(&app.other_staff(), "").await, ((251..=270).collect(), 20));
    assert_eq!(listed(&app.admin(), "").await.1, 270);
    let last =
        "{ interviews(last: 2, orderBy: {field: ID, direction: ASC}) { nodes { id } pageInfo { hasNextPage } } }";
    assert_eq!(
        app.staff().ask(last, json!({})).await["interviews"],
        json!({"nodes": [{"id": "249"}, {"id": "250"}], "pageInfo": {"hasNextPage": false}})
    );
    let list = "{ interviews { totalCount } }";
    assert_eq!(error_of(&app.anonymous(), list).await, ("UNAUTHENTICATED".to_owned(), json!(null)));
}

#[rstest]
#[tokio::test]
async fn ids_of_others_open_nothing_in_filters(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    // Driver 997 applied to both companies; interviewee 1050 and interviewer 1002 are the second company's.
    assert_eq!(listed(&app.staff(), "driverId: 997").await, (vec![27], 1));
    assert_eq!(listed(&app.other_staff(), "driverId: 997").await, (vec![251], 1));
    assert_eq!(listed(&app.admin(), "driverId: 997").await, (vec![27, 251], 2));
    for filter in ["intervieweeId: 1050", "interviewerId: 1002", "driverId: 997, interviewerId: 1002"] {
        assert_eq!(listed(&app.staff(), filter).await, (vec![], 0), "{filter}");
    }
    for filter in
        ["driverId: 1000005", "interviewerId: 2000", "intervieweeId: 1005", "driverId: 0", "driverId: \"997 \""]
    {
        assert_eq!(listed(&app.driver(), filter).await, (vec![], 0), "{filter}");
    }
    // What an interview of the second company has alone: its time.
    let then = "overlaps: {startAt: \"2025-06-02T08:00:00Z\", endAt: \"2025-06-02T08:30:00Z\"}";
    assert_eq!(listed(&app.staff(), then).await, (vec![], 0));
    assert_eq!(listed(&app.other_staff(), then).await, (vec![251], 1));
}

#[rstest]
#[tokio::test]
async fn a_cursor_of_others_leads_to_ones_own(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let edges = "{ interviews(first: 1, filter: {driverId: 997}, orderBy: {field: START_AT, direction: DESC}) { edges { cursor node { id } } } }";
    let edge = app.admin().ask(edges, json!({})).await["interviews"]["edges"][0].take();
    assert_eq!(edge["node"]["id"], "251");
    let before = "query($cursor: String!) { interviews(last: 3, before: $cursor) { nodes { id } } }";
    let page = app.staff().ask(before, json!({"cursor": edge["cursor"]})).await;
    assert_eq!(page["interviews"]["nodes"], json!([{"id": "27"}]));
}

#[rstest]
#[tokio::test]
async fn an_application_is_there_for_its_driver_its_company_and_admins(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let query = "{ here: interviewee(id: 277) { ...it } there: interviewee(id: 1050) { ...it } other: interviewee(id: 1000) { id } }
                 fragment it on Interviewee { id driver { id phoneNumber } interviews { nodes { id } totalCount } }";
    let jude = |id: &str, interview: &str| {
        let interviews = json!({"nodes": [{"id": interview}], "totalCount": 1});
        json!({"id": id, "driver": {"id": "997", "phoneNumber": "123"}, "interviews": interviews})
    };
    let (here, there, other, none) = (jude("277", "27"), jude("1050", "251"), json!({"id": "1000"}), json!(null));
    for (actor, expected) in [
        (app.driver(), json!({"here": here, "there": there, "other": none})),
        (app.staff(), json!({"here": here, "there": none, "other": other})),
        (app.other_staff(), json!({"here": none, "there": there, "other": none})),
        (app.admin(), json!({"here": here, "there": there, "other": other})),
    ] {
        assert_eq!(actor.ask(query, json!({})).await, expected);
    }
    let (code, data) = error_of(&app.anonymous(), "{ interviewee(id: 277) { id } }").await;
    assert_eq!((code.as_str(), data), ("UNAUTHENTICATED", json!(null)));
}

#[rstest]
#[case::interviewees("interviewees", "driver { title }", [51, 20, 71])]
#[case::interviewers("interviewers", "title", [7, 1, 8])]
#[tokio::test]
async fn people_are_listed_for_staff(
    #[case] list: &str,
    #[case] name: &str,
    #[case] counts: [i64; 3],
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let count = async |actor: &Actor, search: &str| {
        let query = format!(
            "query($search: String) {{ {list}(first: 100, search: $search) {{ nodes {{ id {name} }} totalCount }} }}"
        );
        let page = actor.ask(&query, json!({"search": search})).await[list].take();
        let nodes = page["nodes"].as_array().unwrap().len();
        assert_eq!(page["totalCount"], nodes);
        page["totalCount"].as_i64().unwrap()
    };
    for (actor, expected) in [app.staff(), app.other_staff(), app.admin()].iter().zip(counts) {
        assert_eq!(count(actor, "").await, expected);
        for text in ["%", "_", "\\", "' OR '1' = '1"] {
            assert_eq!(count(actor, text).await, 0, "{text} is no pattern");
        }
    }
    // The second company's Piet Maas, and the driver who applied to both.
    let (piet, jude) = (i64::from(list == "interviewers"), i64::from(list == "interviewees"));
    assert_eq!((count(&app.staff(), "maas").await, count(&app.other_staff(), "maas").await), (0, piet));
    assert_eq!((count(&app.staff(), "jude").await, count(&app.admin(), "HOWELL").await), (jude, 2 * jude));
    let query = format!("{{ {list} {{ totalCount }} }}");
    assert_eq!(error_of(&app.driver(), &query).await, ("FORBIDDEN".to_owned(), json!(null)));
    assert_eq!(error_of(&app.anonymous(), &query).await, ("UNAUTHENTICATED".to_owned(), json!(null)));
}

#[rstest]
#[tokio::test]
async fn a_driver_sees_the_interview_and_may_not_edit_it(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    for input in [json!({"location": "Home"}), json!({}), json!({"kind": null})] {
        assert_eq!(
            app.driver().update(27, input).await,
            json!({"interview": null, "userErrors": [{
                "__typename": "ForbiddenError", "code": "FORBIDDEN", "message": "this belongs to the other side",
                "path": ["id"]
            }]})
        );
    }
    assert_eq!(app.database.value::<i64>(UPDATES).await, 0);
}

#[rstest]
#[tokio::test]
async fn what_one_does_not_see_cannot_be_told_from_what_is_not_there(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let not_found = json!({"interview": null, "userErrors": [{
        "__typename": "NotFoundError", "code": "NOT_FOUND", "message": "there is no such interview", "path": ["id"]
    }]});
    // Nothing about the interview shows through: not its version, not its state, not what its company has.
    let arguments = [
        r#"input: {location: "x"}"#,
        r#"input: {location: "x"}, expectedVersion: 1"#,
        r#"input: {location: "x"}, expectedVersion: 99"#,
        r#"input: {location: "", kind: null, interviewerId: 1002}"#,
        "input: {}",
    ];
    for arguments in arguments {
        for (actor, id) in [
            (app.other_staff(), "27"),
            (app.other_staff(), "3"),
            (app.staff(), "251"),
            (app.driver(), "6"),
            (app.driver(), "3"),
            (app.admin(), "99999"),
            (app.admin(), "\"x\""),
            (app.staff(), "\"027\""),
        ] {
            let payload = actor.mutate("updateInterview", &format!("id: {id}, {arguments}")).await;
            assert_eq!(payload, not_found, "{id} {arguments}");
        }
    }
    assert_eq!(app.database.value::<i64>(UPDATES).await, 0);
}

#[rstest]
#[tokio::test]
async fn nobody_changes_nothing(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let query =
        "mutation { updateInterview(id: 27, input: {location: \"x\"}) { interview { id } userErrors { code } } }";
    assert_eq!(error_of(&app.anonymous(), query).await, ("UNAUTHENTICATED".to_owned(), json!(null)));
    assert_eq!(app.database.value::<i64>(UPDATES).await, 0);
}

#[rstest]
#[tokio::test]
async fn staff_edit_their_own_and_admins_edit_all(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    for (actor, id) in [(app.staff(), 27), (app.other_staff(), 251), (app.admin(), 27), (app.admin(), 251)] {
        let version = actor.interview(id).await["version"].as_i64().unwrap();
        let payload = actor.update(id, json!({"location": format!("Dock {version}")})).await;
        assert_eq!((refusals(&payload), &payload["interview"]["version"]), (vec![], &json!(version + 1)));
    }
}

async fn conflicts(app: &TestApp, actor: Actor) -> Value {
    // When 251, of the second company, takes the time of the driver of 27.
    let then = json!({"startAt": "2025-06-02T08:15:00Z", "endAt": "2025-06-02T08:45:00Z"});
    let payload = actor.update(27, then).await;
    assert_eq!(payload["interview"], json!(null));
    assert_eq!(app.database.value::<i64>(UPDATES).await, 0);
    payload["userErrors"].clone()
}

#[rstest]
#[tokio::test]
async fn a_clash_with_what_one_does_not_see_is_busy_time(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let error = |message: &str, conflicts: Value| {
        json!([{
            "__typename": "ScheduleConflictError", "code": "SCHEDULE_CONFLICT", "message": message,
            "path": ["input", "startAt"], "side": "INTERVIEWEE", "conflicts": conflicts
        }])
    };
    assert_eq!(conflicts(&app, app.staff()).await, error("the driver is busy at that time", json!([])));
    let shown = error("the driver has another interview at that time", json!([{"id": "251"}]));
    assert_eq!(conflicts(&app, app.admin()).await, shown);
}

#[rstest]
#[tokio::test]
async fn history_is_for_whoever_sees_the_interview(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let query = "{ interview(id: 27) { history { nodes { type actor { id } } totalCount } } }";
    let history = json!({"nodes": [{"type": "CREATED", "actor": {"id": "1001"}}], "totalCount": 1});
    for actor in [app.driver(), app.staff(), app.admin()] {
        assert_eq!(actor.ask(query, json!({})).await, json!({"interview": {"history": history}}));
    }
    assert_eq!(app.other_staff().ask(query, json!({})).await, json!({"interview": null}));
}
