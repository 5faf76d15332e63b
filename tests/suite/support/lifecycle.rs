//! The mutations of an interview after its creation, and what they did: the payload, the interview's history, the
//! interviewee's state, and the counts of written rows.

use super::TestApp;
use super::actor::Actor;
use super::booking::proposal;
use interviews::domain::IntervieweeId;
use serde_json::{Value, json};
use std::fmt::Display;

/// Each mutation gives its payload, whether it has user errors or not.
impl Actor {
    pub async fn propose(&self, id: impl Display, start: &str, end: &str) -> Value {
        self.mutate("amendInterview", &proposal(id, start, end)).await
    }

    pub async fn accept(&self, id: impl Display) -> Value {
        self.mutate("acceptInterview", &format!("id: {id}")).await
    }

    pub async fn decline(&self, id: impl Display) -> Value {
        self.mutate("declineAmendment", &format!("id: {id}")).await
    }

    pub async fn withdraw(&self, id: impl Display) -> Value {
        self.mutate("withdrawAmendment", &format!("id: {id}")).await
    }

    pub async fn reject(&self, id: impl Display) -> Value {
        self.mutate("rejectInterview", &format!("id: {id}")).await
    }

    pub async fn cancel(&self, id: impl Display) -> Value {
        self.mutate("cancelInterview", &format!("id: {id}")).await
    }

    pub async fn complete(&self, id: impl Display) -> Value {
        self.mutate("completeInterview", &format!("id: {id}")).await
    }

    pub async fn mark_no_show(&self, id: impl Display, absent: &str) -> Value {
        self.mutate("markNoShow", &format!("id: {id}, absent: {absent}")).await
    }
}

/// The interview of a payload that has no user errors.
pub fn interview_of(payload: &Value) -> &Value {
    assert_eq!(payload["userErrors"], json!([]), "{payload:#}");
    assert!(payload["interview"].is_object(), "{payload:#}");
    &payload["interview"]
}

/// An object with these fields alone.
pub fn only(value: &Value, fields: &str) -> Value {
    fields.split(' ').map(|field| (field.to_owned(), value[field].clone())).collect::<serde_json::Map<_, _>>().into()
}

/// The events of an interview, oldest first.
pub async fn history(actor: &Actor, id: impl Display) -> Vec<Value> {
    let query = "query($id: ID!) { interview(id: $id) { history(first: 100) { nodes { \
                 type at actor { id title role } actorSide changes { field from to } } } } }";
    let mut data = actor.ask(query, json!({"id": id.to_string()})).await;
    serde_json::from_value(data["interview"]["history"]["nodes"].take()).unwrap()
}

/// The latest event of an interview.
pub async fn last_event(actor: &Actor, id: impl Display) -> Value {
    history(actor, id).await.pop().unwrap()
}

/// The kind of an interviewee and the time of its last change.
pub async fn interviewee_state(app: &TestApp, id: IntervieweeId) -> Value {
    let query = format!("{{ interviewee(id: {id}) {{ kind updatedAt }} }}");
    app.admin().ask(&query, json!({})).await["interviewee"].take()
}

/// The kind of an interviewee.
pub async fn interviewee_kind(app: &TestApp, id: IntervieweeId) -> String {
    interviewee_state(app, id).await["kind"].as_str().unwrap().to_owned()
}

/// Counts that differ after any change of an interview, an event or an interviewee: equal counts mean that nothing was
/// written.
pub async fn write_counts(app: &TestApp) -> [i64; 4] {
    let database = &app.database;
    [
        database.value("SELECT count(*) FROM interviews").await,
        database.value("SELECT sum(version) FROM interviews").await,
        database.value("SELECT count(*) FROM interview_events").await,
        database.value("SELECT count(*) FROM interviewees WHERE kind = 'interview'").await,
    ]
}
