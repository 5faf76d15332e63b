//! An update is written in full with its event, or not at all.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::actor::{FIELDS, refusals};
use crate::support::lifecycle::interview_of;
use crate::support::people::JUDE_WITH_LUISA;
use rstest::rstest;
use serde_json::json;

#[rstest]
#[tokio::test]
async fn update_whose_event_cannot_be_stored_is_rolled_back(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let before = app.staff().interview(JUDE_WITH_LUISA).await;
    let (refuse, allow) = match database {
        Postgres => (
            "ALTER TABLE interview_events ADD CONSTRAINT closed CHECK (type <> 'updated') NOT VALID",
            "ALTER TABLE interview_events DROP CONSTRAINT closed",
        ),
        Sqlite => (
            "CREATE TRIGGER closed BEFORE INSERT ON interview_events BEGIN SELECT RAISE(ABORT, 'closed'); END",
            "DROP TRIGGER closed",
        ),
    };
    app.database.execute(refuse).await;
    let query = format!(
        "mutation {{ updateInterview(id: {JUDE_WITH_LUISA}, input: {{location: \"x\"}}) {{ userErrors {{ code }} }} }}"
    );
    let answer = app.staff().graphql(&query, json!({})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "INTERNAL");
    assert_eq!(app.staff().interview(JUDE_WITH_LUISA).await, before);
    app.database.execute(allow).await;
    let payload = app.staff().update(JUDE_WITH_LUISA, json!({"location": "x"})).await;
    assert_eq!(interview_of(&payload)["version"], 2);
}

#[rstest]
#[tokio::test]
async fn refused_update_leaves_the_other_updates_of_its_request(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let id = JUDE_WITH_LUISA;
    let query = format!(
        "mutation {{
            a: updateInterview(id: {id}, input: {{location: \"a\"}}, expectedVersion: 1) {{ interview {{ {FIELDS} }} }}
            b: updateInterview(id: {id}, input: {{location: \"b\"}}, expectedVersion: 1) {{ userErrors {{ code }} }}
            c: updateInterview(id: {id}, input: {{kind: IN_PERSON}}, expectedVersion: 2) {{ interview {{ {FIELDS} }} }}
        }}"
    );
    let data = app.staff().ask(&query, json!({})).await;
    assert_eq!(data["a"]["interview"]["location"], "a");
    assert_eq!(data["b"], json!({"userErrors": [{"code": "STALE_VERSION"}]}));
    assert_eq!(data["c"]["interview"], app.staff().interview(id).await);
    assert_eq!(data["c"]["interview"]["location"], "a");
}

#[rstest]
#[tokio::test]
async fn one_of_two_concurrent_updates_at_one_version_succeeds(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let update = async |location: &str| {
        let arguments = format!("id: {JUDE_WITH_LUISA}, input: {{location: \"{location}\"}}, expectedVersion: 1");
        refusals(&app.staff().mutate("updateInterview", &arguments).await)
    };
    let (mut errors, other_errors) = tokio::join!(update("a"), update("b"));
    let winner = if errors.is_empty() { "a" } else { "b" };
    errors.extend(other_errors);
    assert_eq!(errors, ["STALE_VERSION expectedVersion"]);
    let after = app.staff().interview(JUDE_WITH_LUISA).await;
    assert_eq!((&after["location"], &after["version"]), (&json!(winner), &json!(2)));
    let updates = app.database.value::<i64>("SELECT count(*) FROM interview_events WHERE type = 'updated'").await;
    assert_eq!(updates, 1);
}
