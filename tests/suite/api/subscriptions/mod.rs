//! What subscribers receive of the event log: each event once and in order, as far as they may see it at that moment.
//! Most tests subscribe at the services; `transports` does so over the network.

mod authorization_changes;
mod filters;
mod former_drivers;
mod from_cursor;
mod late_commits;
mod leaving_filters;
mod live_events;
mod recovery;
mod reminders;
mod several_servers;
mod shared_responses;
mod since;
mod slow_subscribers;
mod transports;

use crate::support::TestApp;
use crate::support::actor::Actor;
use crate::support::events::log_cursor;
use crate::support::listening_server::TIMEOUT;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use interviews::domain::filter::InterviewFilter;
use interviews::domain::{EventFilter, InterviewId, Since};
use interviews::services::{Delivery, SubscriptionEnd};

/// The changes of interviews that the filter admits.
fn changes(interviews: InterviewFilter) -> EventFilter {
    EventFilter { interviews, includes_reminders: false }
}

/// A subscription at the services.
pub struct Subscriber(BoxStream<'static, Result<Delivery, SubscriptionEnd>>);

impl Subscriber {
    /// To all events that the actor sees, from now on.
    pub async fn of(app: &TestApp, actor: &Actor) -> Self {
        Self::start(app, actor, None).await
    }

    /// To all events that the actor sees after this one.
    pub async fn since(app: &TestApp, actor: &Actor, event: i64) -> Self {
        Self::start(app, actor, Some(event)).await
    }

    /// To the events after this one that the filter admits.
    pub async fn filtered(app: &TestApp, actor: &Actor, filter: InterviewFilter, event: i64) -> Self {
        Self::start_filtered(app, actor, changes(filter), Some(event)).await
    }

    /// To the events after this one that are changes or reminders.
    pub async fn with_reminders(app: &TestApp, actor: &Actor, event: i64) -> Self {
        let filter = EventFilter { includes_reminders: true, ..EventFilter::default() };
        Self::start_filtered(app, actor, filter, Some(event)).await
    }

    async fn start(app: &TestApp, actor: &Actor, since: Option<i64>) -> Self {
        Self::start_filtered(app, actor, EventFilter::default(), since).await
    }

    async fn start_filtered(app: &TestApp, actor: &Actor, filter: EventFilter, since: Option<i64>) -> Self {
        let services = app.app.services();
        let bearer = services.sign_in(actor.token()).await.unwrap();
        let since = match since {
            Some(event) => Some(Since::After(log_cursor(&app.database, event).await)),
            None => None,
        };
        Self(services.subscribe(bearer, filter, since).await.unwrap().boxed())
    }

    pub async fn next(&mut self) -> Result<Delivery, SubscriptionEnd> {
        let next = tokio::time::timeout(TIMEOUT, self.0.next()).await.expect("no event in time");
        next.expect("the stream ended without a reason")
    }

    /// The ids of the next event and of its interview.
    pub async fn event(&mut self) -> (i64, InterviewId) {
        let Delivery { entry, .. } = self.next().await.unwrap();
        (entry.event.id.0, entry.event.interview_id)
    }

    /// The ids of the next events.
    pub async fn events(&mut self, count: usize) -> Vec<i64> {
        let mut ids = Vec::new();
        for _ in 0..count {
            ids.push(self.event().await.0);
        }
        ids
    }

    /// The reason why the subscription ends next.
    pub async fn end(&mut self) -> SubscriptionEnd {
        let reason = self.next().await.expect_err("the subscription continues");
        assert!(self.0.next().await.is_none(), "an item follows the reason");
        reason
    }
}
