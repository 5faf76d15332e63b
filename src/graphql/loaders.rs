//! What a request loads in batches: one statement for everything of a kind that is asked for at one time.

use crate::domain::page::{InterviewPosition, Page, Window};
use crate::domain::{Event, EventId, Interview, InterviewId, Interviewee, IntervieweeId, User, UserId, Viewer};
use crate::graphql::context::ContextExt;
use crate::graphql::engine::loader_scheduler::{NoDelay, PendingFetches};
use crate::services::{ServiceError, SharedServices};
use async_graphql::dataloader::{self, DataLoader};
use async_graphql::{Context, Result};
use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;

/// The loader of one request. It caches nothing: what a mutation returns is read after its write.
pub struct Loader(DataLoader<Fetch>);

/// How a batch is fetched.
pub struct Fetch {
    services: SharedServices,
    viewer: Option<Arc<Viewer>>,
}

/// A page of an application's interviews.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct InterviewsOf {
    pub interviewee: IntervieweeId,
    pub window: Window<InterviewPosition>,
}

/// A page of an interview's history.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct HistoryOf {
    pub interview: InterviewId,
    pub window: Window<EventId>,
}

/// The length of a nested list.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum CountOf {
    Interviews(IntervieweeId),
    Events(InterviewId),
}

/// A loader for a request, whose fetches are driven through `queue`.
pub fn new(services: SharedServices, viewer: Option<Arc<Viewer>>, queue: PendingFetches) -> Loader {
    Loader(DataLoader::new(Fetch { services, viewer }, queue, NoDelay).max_batch_size(usize::MAX))
}

impl Loader {
    /// What there is under this key.
    ///
    /// # Errors
    /// `INTERNAL` when the database fails.
    pub async fn load<K>(&self, ctx: &Context<'_>, key: K) -> Result<Option<<Fetch as dataloader::Loader<K>>::Value>>
    where
        K: Send + Sync + Hash + Eq + Clone + 'static,
        Fetch: dataloader::Loader<K, Error = ServiceError>,
    {
        self.0.load_one(key).await.map_err(|error| ctx.failure(error))
    }

    /// What there is under each of these keys.
    ///
    /// # Errors
    /// When the database fails. Nobody has been told of it yet.
    pub async fn many<K>(
        &self,
        keys: Vec<K>,
    ) -> Result<HashMap<K, <Fetch as dataloader::Loader<K>>::Value>, ServiceError>
    where
        K: Send + Sync + Hash + Eq + Clone + 'static,
        Fetch: dataloader::Loader<K, Error = ServiceError>,
    {
        let keys: HashSet<K> = keys.into_iter().collect();
        if keys.is_empty() {
            return Ok(HashMap::new());
        }
        self.0.load_many(keys).await
    }

    /// The user to whom a row refers.
    ///
    /// # Errors
    /// `INTERNAL` when there is none, or the database fails.
    pub async fn user(&self, ctx: &Context<'_>, id: UserId) -> Result<Arc<User>> {
        let missing = || ctx.failure(ServiceError::Dangling { table: "users", id: id.0 });
        self.load(ctx, id).await?.ok_or_else(missing)
    }

    /// The application to which a row refers.
    ///
    /// # Errors
    /// `INTERNAL` when there is none, or the database fails.
    pub async fn interviewee(&self, ctx: &Context<'_>, id: IntervieweeId) -> Result<Arc<Interviewee>> {
        let missing = || ctx.failure(ServiceError::Dangling { table: "interviewees", id: id.0 });
        self.load(ctx, id).await?.ok_or_else(missing)
    }
}

type Batch<K, V> = Result<HashMap<K, V>, ServiceError>;

impl dataloader::Loader<IntervieweeId> for Fetch {
    type Value = Arc<Interviewee>;
    type Error = ServiceError;

    async fn load(&self, ids: &[IntervieweeId]) -> Batch<IntervieweeId, Self::Value> {
        let rows = self.services.interviewees_by_ids(ids).await?;
        Ok(rows.into_iter().map(|interviewee| (interviewee.id, Arc::new(interviewee))).collect())
    }
}

impl dataloader::Loader<UserId> for Fetch {
    type Value = Arc<User>;
    type Error = ServiceError;

    async fn load(&self, ids: &[UserId]) -> Batch<UserId, Self::Value> {
        let rows = self.services.users_by_ids(ids).await?;
        Ok(rows.into_iter().map(|user| (user.id, Arc::new(user))).collect())
    }
}

impl dataloader::Loader<InterviewsOf> for Fetch {
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

impl dataloader::Loader<HistoryOf> for Fetch {
    type Value = Page<Event>;
    type Error = ServiceError;

    async fn load(&self, keys: &[HistoryOf]) -> Batch<HistoryOf, Self::Value> {
        let mut loaded = HashMap::new();
        for window in distinct(keys, |key| key.window) {
            let ids: Vec<_> = keys.iter().filter(|key| key.window == window).map(|key| key.interview).collect();
            let pages = self.services.history_of(&ids, &window).await?;
            loaded.extend(pages.into_iter().map(|(interview, page)| (HistoryOf { interview, window }, page)));
        }
        Ok(loaded)
    }
}

impl dataloader::Loader<CountOf> for Fetch {
    type Value = u64;
    type Error = ServiceError;

    async fn load(&self, keys: &[CountOf]) -> Batch<CountOf, u64> {
        let (mut interviewees, mut interviews) = (Vec::new(), Vec::new());
        for key in keys {
            match key {
                CountOf::Interviews(id) => interviewees.push(*id),
                CountOf::Events(id) => interviews.push(*id),
            }
        }
        let mut loaded = HashMap::new();
        if let (Some(viewer), false) = (&self.viewer, interviewees.is_empty()) {
            let counts = self.services.count_interviews_of(viewer, &interviewees).await?;
            loaded.extend(counts.into_iter().map(|(id, count)| (CountOf::Interviews(id), count)));
        }
        if !interviews.is_empty() {
            let counts = self.services.count_history_of(&interviews).await?;
            loaded.extend(counts.into_iter().map(|(id, count)| (CountOf::Events(id), count)));
        }
        Ok(loaded)
    }
}

fn distinct<K, W: Hash + Eq>(keys: &[K], window: impl Fn(&K) -> W) -> HashSet<W> {
    keys.iter().map(window).collect()
}
