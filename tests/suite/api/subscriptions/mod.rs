//! What subscribers get of the event log: each event once and in order, as far as they may see it at that moment.

mod authorization_changes;
mod filters;
mod late_commits;
mod live_events;
mod several_servers;
mod shared_responses;
mod since;
mod transports;

use crate::support::TestApp;
use crate::support::actor::Actor;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use interviews::domain::EventId;
use interviews::domain::filter::InterviewFilter;
use interviews::services::{Delivery, SubscriptionEnd};
use serde_json::{Value, json};
use std::time::Duration;

/// Somebody who waits for changes.
pub struct Listener(BoxStream<'static, Result<Delivery, SubscriptionEnd>>);

/// Long enough for any machine: whoever waits so long waits in vain.
pub const PATIENCE: Duration = Duration::from_secs(20);

impl Listener {
    /// To everything the actor sees, from now on.
    pub async fn of(app: &TestApp, actor: &Actor) -> Self {
        Self::with(app, actor, InterviewFilter::default(), None).await
    }

    /// The same, and what came after this event.
    pub async fn since(app: &TestApp, actor: &Actor, event: i64) -> Self {
        Self::with(app, actor, InterviewFilter::default(), Some(event)).await
    }

    pub async fn with(app: &TestApp, actor: &Actor, filter: InterviewFilter, since: Option<i64>) -> Self {
        let services = app.app.services();
        let bearer = services.sign_in(actor.token()).await.unwrap();
        let since = match since {
            Some(event) => Some(services.log_position(EventId(event)).await.unwrap().unwrap()),
            None => None,
        };
        Self(services.subscribe(bearer, filter, since).await.unwrap().boxed())
    }

    pub async fn next(&mut self) -> Result<Delivery, SubscriptionEnd> {
        let next = tokio::time::timeout(PATIENCE, self.0.next()).await.expect("nothing comes");
        next.expect("it ended without a word")
    }

    /// The id of the next event and of its interview.
    pub async fn event(&mut self) -> (i64, i64) {
        let Delivery { entry, .. } = self.next().await.unwrap();
        (entry.event.id.0, entry.event.interview_id.0)
    }

    /// The ids of the next events.
    pub async fn events(&mut self, count: usize) -> Vec<i64> {
        let mut ids = Vec::new();
        for _ in 0..count {
            ids.push(self.event().await.0);
        }
        ids
    }

    /// Why it ended.
    pub async fn end(&mut self) -> SubscriptionEnd {
        let ended = self.next().await.expect_err("it goes on");
        assert!(self.0.next().await.is_none(), "after an error there is no more");
        ended
    }
}

/// The id of the latest event.
pub async fn latest(app: &TestApp) -> i64 {
    app.database.value("SELECT max(id) FROM interview_events").await
}

/// Gives an interview another location, which succeeds in every open state.
pub async fn touch(actor: &Actor, id: i64, location: &str) -> Value {
    let payload = actor.update(id, json!({"location": location})).await;
    assert_eq!(payload["userErrors"], json!([]), "{payload:#}");
    payload["interview"].clone()
}

/// Interviews of the first company that are open, by id.
pub async fn open_interviews(app: &TestApp, count: usize) -> Vec<i64> {
    let query = "query($first: Int) { interviews(first: $first, filter: {status: [PENDING, SCHEDULED]}, \
                 orderBy: {field: ID, direction: ASC}) { nodes { id } } }";
    let data = app.staff().ask(query, json!({"first": count})).await;
    let nodes = data["interviews"]["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), count);
    nodes.iter().map(|node| node["id"].as_str().unwrap().parse().unwrap()).collect()
}
