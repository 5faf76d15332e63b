//! Databases that lose their last transactions, or are replaced by an older state: subscribers miss no event that is in
//! the log, and who has received events that are not in the log any more learns of it, however many events follow.

mod crash;
mod expired_cursors;
mod file_copy;
mod promotion;
mod restored_dump;

use crate::support::TestApp;
use crate::support::events::{ids_after, latest_event};
use crate::support::people::JUDE_WITH_LUISA;
use serde_json::json;

/// Makes a change, as often as it takes a server whose connections are broken.
async fn change(app: &TestApp, location: &str) {
    let input = json!({"location": location});
    let query = "mutation($id: ID!, $input: UpdateInterviewInput!) { updateInterview(id: $id, input: $input) \
                 { interview { location } } }";
    let variables = json!({"id": JUDE_WITH_LUISA.0.to_string(), "input": input});
    loop {
        let answer = app.staff().graphql(query, variables.clone()).await;
        if answer["data"]["updateInterview"]["interview"]["location"] == location {
            return;
        }
    }
}

/// Makes changes; the ids of their events.
async fn changes(app: &TestApp, count: usize, name: &str) -> Vec<i64> {
    let before = latest_event(app).await;
    for number in 0..count {
        change(app, &format!("{name} {number}")).await;
    }
    ids_after(&app.database, before).await
}

/// The code of the error of `interviewChanges` with this cursor.
async fn error_code(app: &TestApp, since: &str) -> String {
    let query = "query($since: ID) { interviewChanges(since: $since) { nodes { id } } }";
    let answer = app.staff().graphql(query, json!({"since": since})).await;
    answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}
