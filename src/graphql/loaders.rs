//! Data loaders: what the resolvers of a request ask for at the same time is fetched with one statement for each kind.

use crate::domain::page::{InterviewPosition, Page, Window};
use crate::domain::webhook::{Attempt, Delivery, DeliveryState};
use crate::domain::{
    Company, CompanyId, CompanySettings, DeliveryId, Epoch, Event, EventId, Interview, InterviewId, Interviewee,
    IntervieweeId, User, UserId, Viewer, WebhookId,
};
use crate::graphql::engine::loader_scheduler::{NoDelay, PendingFetches};
use crate::services::{ServiceError, SharedServices};
use async_graphql::dataloader::{self, DataLoader};
use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;

/// The loader of one request. It does not cache, so that a mutation's payload is read after its write.
pub struct Loader(DataLoader<BatchFetcher>);

/// Fetches the batches of a viewer.
pub struct BatchFetcher {
    services: SharedServices,
    viewer: Option<Arc<Viewer>>,
}

/// A page of the interviews of an application.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct InterviewsOf {
    pub interviewee: IntervieweeId,
    pub window: Window<InterviewPosition>,
}

/// A page of the history of an interview.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct HistoryOf {
    pub interview: InterviewId,
    pub includes_reminders: bool,
    pub window: Window<EventId>,
}

/// The total count of a nested list.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum CountOf {
    Interviews(IntervieweeId),
    /// With or without reminders.
    Events(InterviewId, bool),
}

/// The settings of a company, if the viewer sees them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SettingsOf(pub CompanyId);

/// The epoch of the event log.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct EventLogEpoch;

/// A page of the deliveries of a webhook, which have one of these states, or any.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct DeliveriesOf {
    pub webhook: WebhookId,
    pub states: Vec<DeliveryState>,
    pub window: Window<DeliveryId>,
}

/// The number of the deliveries of a webhook, which have one of these states, or any.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CountDeliveriesOf {
    pub webhook: WebhookId,
    pub states: Vec<DeliveryState>,
}

/// The attempts of a delivery.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AttemptsOf(pub DeliveryId);

impl Loader {
    /// A loader that fetches through `fetches`.
    pub fn new(services: SharedServices, viewer: Option<Arc<Viewer>>, fetches: PendingFetches) -> Self {
        Self(DataLoader::new(BatchFetcher { services, viewer }, fetches, NoDelay).max_batch_size(usize::MAX))
    }

    pub async fn load<K>(&self, key: K) -> Result<Option<<BatchFetcher as dataloader::Loader<K>>::Value>, ServiceError>
    where
        K: Send + Sync + Hash + Eq + Clone + 'static,
        BatchFetcher: dataloader::Loader<K, Error = ServiceError>,
    {
        self.0.load_one(key).await
    }

    /// The values of all keys that exist.
    pub async fn load_many<K>(
        &self,
        keys: impl IntoIterator<Item = K>,
    ) -> Result<HashMap<K, <BatchFetcher as dataloader::Loader<K>>::Value>, ServiceError>
    where
        K: Send + Sync + Hash + Eq + Clone + 'static,
        BatchFetcher: dataloader::Loader<K, Error = ServiceError>,
    {
        let keys: HashSet<K> = keys.into_iter().collect();
        if keys.is_empty() {
            return Ok(HashMap::new());
        }
        self.0.load_many(keys).await
    }

    /// The user that a row references.
    pub async fn user(&self, id: UserId) -> Result<Arc<User>, ServiceError> {
        self.load(id).await?.ok_or(ServiceError::Dangling { table: "users", id: id.0 })
    }

    /// The application that a row references.
    pub async fn interviewee(&self, id: IntervieweeId) -> Result<Arc<Interviewee>, ServiceError> {
        self.load(id).await?.ok_or(ServiceError::Dangling { table: "interviewees", id: id.0 })
    }

    /// The company that a row references.
    pub async fn company(&self, id: CompanyId) -> Result<Arc<Company>, ServiceError> {
        self.load(id).await?.ok_or(ServiceError::Dangling { table: "companies", id: id.0 })
    }

    /// The epoch of the event log.
    pub async fn event_log_epoch(&self) -> Result<Epoch, ServiceError> {
        // The fetcher below returns it or an error.
        Ok(self.load(EventLogEpoch).await?.unwrap_or(Epoch(0)))
    }
}

type Batch<K, V> = Result<HashMap<K, V>, ServiceError>;

impl dataloader::Loader<IntervieweeId> for BatchFetcher {
    type Value = Arc<Interviewee>;
    type Error = ServiceError;

    async fn load(&self, ids: &[IntervieweeId]) -> Batch<IntervieweeId, Self::Value> {
        let Some(viewer) = &self.viewer else { return Ok(HashMap::new()) };
        let rows = self.services.interviewees_by_ids(viewer, ids).await?;
        Ok(rows.into_iter().map(|interviewee| (interviewee.id, Arc::new(interviewee))).collect())
    }
}

impl dataloader::Loader<UserId> for BatchFetcher {
    type Value = Arc<User>;
    type Error = ServiceError;

    async fn load(&self, ids: &[UserId]) -> Batch<UserId, Self::Value> {
        let Some(viewer) = &self.viewer else { return Ok(HashMap::new()) };
        let rows = self.services.users_by_ids(viewer, ids).await?;
        Ok(rows.into_iter().map(|user| (user.id, Arc::new(user))).collect())
    }
}

impl dataloader::Loader<CompanyId> for BatchFetcher {
    type Value = Arc<Company>;
    type Error = ServiceError;

    async fn load(&self, ids: &[CompanyId]) -> Batch<CompanyId, Self::Value> {
        let Some(viewer) = &self.viewer else { return Ok(HashMap::new()) };
        let rows = self.services.companies_by_ids(viewer, ids).await?;
        Ok(rows.into_iter().map(|company| (company.id, Arc::new(company))).collect())
    }
}

impl dataloader::Loader<SettingsOf> for BatchFetcher {
    type Value = CompanySettings;
    type Error = ServiceError;

    async fn load(&self, keys: &[SettingsOf]) -> Batch<SettingsOf, CompanySettings> {
        let Some(viewer) = &self.viewer else { return Ok(HashMap::new()) };
        let companies: Vec<_> = keys.iter().map(|key| key.0).collect();
        let settings = self.services.company_settings(viewer, &companies).await?;
        Ok(settings.into_iter().map(|(company, settings)| (SettingsOf(company), settings)).collect())
    }
}

impl dataloader::Loader<InterviewsOf> for BatchFetcher {
    type Value = Page<Interview>;
    type Error = ServiceError;

    async fn load(&self, keys: &[InterviewsOf]) -> Batch<InterviewsOf, Self::Value> {
        let mut loaded = HashMap::new();
        let Some(viewer) = &self.viewer else { return Ok(loaded) };
        for window in distinct(keys, |key| key.window) {
            let ids: Vec<_> = keys.iter().filter(|key| key.window == window).map(|key| key.interviewee).collect();
            let pages = self.services.interviews_of(viewer, &ids, &window).await?;
            loaded.extend(pages.into_iter().map(|(interviewee, page)| (InterviewsOf { interviewee, window }, page)));
        }
        Ok(loaded)
    }
}

impl dataloader::Loader<HistoryOf> for BatchFetcher {
    type Value = Page<Event>;
    type Error = ServiceError;

    async fn load(&self, keys: &[HistoryOf]) -> Batch<HistoryOf, Self::Value> {
        let mut loaded = HashMap::new();
        let Some(viewer) = &self.viewer else { return Ok(loaded) };
        for (includes_reminders, window) in distinct(keys, |key| (key.includes_reminders, key.window)) {
            let is_of_it = |key: &&HistoryOf| (key.includes_reminders, key.window) == (includes_reminders, window);
            let ids: Vec<_> = keys.iter().filter(is_of_it).map(|key| key.interview).collect();
            let pages = self.services.history_of(viewer, &ids, includes_reminders, &window).await?;
            let key = |interview| HistoryOf { interview, includes_reminders, window };
            loaded.extend(pages.into_iter().map(|(interview, page)| (key(interview), page)));
        }
        Ok(loaded)
    }
}

impl dataloader::Loader<CountOf> for BatchFetcher {
    type Value = u64;
    type Error = ServiceError;

    async fn load(&self, keys: &[CountOf]) -> Batch<CountOf, u64> {
        let (mut interviewees, mut changes, mut all_events) = (Vec::new(), Vec::new(), Vec::new());
        for key in keys {
            match key {
                CountOf::Interviews(id) => interviewees.push(*id),
                CountOf::Events(id, false) => changes.push(*id),
                CountOf::Events(id, true) => all_events.push(*id),
            }
        }
        let mut loaded = HashMap::new();
        let Some(viewer) = &self.viewer else { return Ok(loaded) };
        if !interviewees.is_empty() {
            let counts = self.services.count_interviews_of(viewer, &interviewees).await?;
            loaded.extend(counts.into_iter().map(|(id, count)| (CountOf::Interviews(id), count)));
        }
        for (interviews, with_reminders) in [(changes, false), (all_events, true)] {
            if !interviews.is_empty() {
                let counts = self.services.count_history_of(viewer, &interviews, with_reminders).await?;
                loaded.extend(counts.into_iter().map(|(id, count)| (CountOf::Events(id, with_reminders), count)));
            }
        }
        Ok(loaded)
    }
}

impl dataloader::Loader<EventLogEpoch> for BatchFetcher {
    type Value = Epoch;
    type Error = ServiceError;

    async fn load(&self, keys: &[EventLogEpoch]) -> Batch<EventLogEpoch, Epoch> {
        let epoch = self.services.event_log_epoch().await?;
        Ok(keys.iter().map(|key| (*key, epoch)).collect())
    }
}

impl dataloader::Loader<DeliveriesOf> for BatchFetcher {
    type Value = Page<Delivery>;
    type Error = ServiceError;

    async fn load(&self, keys: &[DeliveriesOf]) -> Batch<DeliveriesOf, Self::Value> {
        let mut loaded = HashMap::new();
        let Some(viewer) = &self.viewer else { return Ok(loaded) };
        for (states, window) in distinct(keys, |key| (key.states.clone(), key.window)) {
            let is_of_it = |key: &&DeliveriesOf| key.states == states && key.window == window;
            let ids: Vec<_> = keys.iter().filter(is_of_it).map(|key| key.webhook).collect();
            let pages = self.services.deliveries_of(viewer, &ids, &states, &window).await?;
            let key = |webhook| DeliveriesOf { webhook, states: states.clone(), window };
            loaded.extend(pages.into_iter().map(|(webhook, page)| (key(webhook), page)));
        }
        Ok(loaded)
    }
}

impl dataloader::Loader<CountDeliveriesOf> for BatchFetcher {
    type Value = u64;
    type Error = ServiceError;

    async fn load(&self, keys: &[CountDeliveriesOf]) -> Batch<CountDeliveriesOf, u64> {
        let mut loaded = HashMap::new();
        let Some(viewer) = &self.viewer else { return Ok(loaded) };
        for states in distinct(keys, |key| key.states.clone()) {
            let ids: Vec<_> = keys.iter().filter(|key| key.states == states).map(|key| key.webhook).collect();
            let counts = self.services.count_deliveries_of(viewer, &ids, &states).await?;
            let key = |webhook| CountDeliveriesOf { webhook, states: states.clone() };
            loaded.extend(counts.into_iter().map(|(webhook, count)| (key(webhook), count)));
        }
        Ok(loaded)
    }
}

impl dataloader::Loader<AttemptsOf> for BatchFetcher {
    type Value = Vec<Attempt>;
    type Error = ServiceError;

    async fn load(&self, keys: &[AttemptsOf]) -> Batch<AttemptsOf, Self::Value> {
        let Some(viewer) = &self.viewer else { return Ok(HashMap::new()) };
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        let attempts = self.services.attempts_of(viewer, &ids).await?;
        Ok(attempts.into_iter().map(|(delivery, attempts)| (AttemptsOf(delivery), attempts)).collect())
    }
}

/// Events with their interviews as they are now.
impl dataloader::Loader<EventId> for BatchFetcher {
    type Value = (Event, Option<Interview>);
    type Error = ServiceError;

    async fn load(&self, ids: &[EventId]) -> Batch<EventId, Self::Value> {
        let Some(viewer) = &self.viewer else { return Ok(HashMap::new()) };
        let events = self.services.events_by_ids(viewer, ids).await?;
        Ok(events.into_iter().map(|(event, interview)| (event.id, (event, interview))).collect())
    }
}

fn distinct<K, W: Hash + Eq>(keys: &[K], window: impl Fn(&K) -> W) -> HashSet<W> {
    keys.iter().map(window).collect()
}
