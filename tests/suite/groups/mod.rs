//! Requests that arrive together share statements on PostgreSQL. Each of them gets what it would have got alone.

mod changes;
mod lookups;
mod lost_database;
mod statements;

use crate::support::TestApp;
use crate::support::actor::Actor;
use crate::support::configured_server::Server;
use crate::support::people::{BRUNA, CHIDI, DANA, JUDE, KOFI, LUISA, MONA};
use crate::support::unit_of_work::begin_change;
use futures_util::future::join_all;
use interviews::domain::{Interview, InterviewId};
use interviews::storage::unit_of_work::{Change, Locking, Stored, UnitOfWork};
use interviews::storage::{DatabaseOptions, Db};
use serde_json::{Value, json};

/// A server with as many connections as servers have by default.
async fn server(app: &TestApp) -> Server {
    let options = DatabaseOptions { max_connections: 10, ..app.database.options() };
    Server::new(app, Db::connect(&options).await.unwrap(), &[])
}

/// Interviews of Northern Haulage on the free day, of an hour each.
pub async fn interviews(app: &TestApp) -> Vec<InterviewId> {
    let mut interviews = Vec::new();
    for (number, interviewer) in [LUISA, KOFI, MONA].into_iter().enumerate() {
        for (hour, driver) in [JUDE, BRUNA, CHIDI, DANA].into_iter().enumerate() {
            let hour = 6 + 2 * ((hour + number) % 4);
            interviews.push(app.book(driver, interviewer).at(&format!("{hour:02}:00")).await);
        }
    }
    interviews
}

/// The location that the client gives the interview with this number.
fn place(number: usize) -> String {
    format!("Gate {number:03}")
}

/// Moves all interviews to other places at once; the whole responses.
async fn relocate(staff: &Actor, interviews: &[InterviewId]) -> Vec<Value> {
    let query = "mutation($id: ID!, $input: UpdateInterviewInput!) { updateInterview(id: $id, input: $input) { \
                 interview { id location version interviewee { driver { title } } } userErrors { code } } }";
    join_all(
        interviews.iter().enumerate().map(|(number, id)| {
            staff.graphql(query, json!({"id": id.to_string(), "input": {"location": place(number)}}))
        }),
    )
    .await
}

/// The number of `updated` events of these interviews.
async fn written_events(app: &TestApp, interviews: &[InterviewId]) -> i64 {
    let ids = interviews.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let of_events = "FROM interview_events WHERE type = 'updated' AND interview_id IN";
    app.database.value(&format!("SELECT count(*) {of_events} ({ids})")).await
}

/// A change of the place of each interview, at the storage. When all are stored at once, those after the first are a
/// group.
pub async fn begin<'a>(db: &'a Db, interviews: &[InterviewId]) -> Vec<(UnitOfWork<'a>, Change)> {
    let mut changes = Vec::new();
    for (number, id) in interviews.iter().enumerate() {
        let move_to_gate = |interview: &mut Interview| interview.location = Some(place(number));
        let (unit, change, _) = begin_change(db, Locking::Optimistic, *id, move_to_gate).await;
        changes.push((unit, change));
    }
    changes
}

pub fn is_done(stored: &Stored) -> bool {
    matches!(stored, Stored::Done(..))
}

/// The versions of the interviews, and the numbers of their `updated` events.
pub async fn versions_and_events(app: &TestApp, interviews: &[InterviewId]) -> Vec<(i32, i64)> {
    let mut found = Vec::new();
    for id in interviews {
        let version = format!("SELECT version FROM interviews WHERE id = {id}");
        let events = format!("SELECT count(*) FROM interview_events WHERE type = 'updated' AND interview_id = {id}");
        found.push((app.database.value(&version).await, app.database.value(&events).await));
    }
    found
}
