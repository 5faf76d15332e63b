//! The counts of the root lists of one request. Equal counts run once: the same list under several aliases, or twice in
//! a document, takes one statement. Nested lists are counted by the loaders.

use crate::domain::filter::InterviewFilter;
use crate::domain::provisioning::AccountFilter;
use crate::domain::{CompanyId, EventFilter, LogPosition, Search, Viewer};
use crate::services::{ServiceError, Services, SharedServices};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What is counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RootCount {
    Interviews(InterviewFilter),
    /// Whose driver's name contains the text.
    Interviewees(Option<Search>),
    /// Whose name contains the text.
    Interviewers(Option<Search>),
    /// The users whom an administrator lists.
    Users(AccountFilter),
    /// The companies whose name contains the text.
    Companies(Option<Search>),
    /// The webhooks of a company, or those without one.
    Webhooks(Option<CompanyId>),
    /// The events after a position.
    Changes(LogPosition, EventFilter),
}

type Running = Shared<BoxFuture<'static, Result<u64, ServiceError>>>;

/// The counts that a request has begun. A request that reads root lists changes nothing, so that a count stays valid.
pub struct RootCounts {
    services: SharedServices,
    begun: Mutex<HashMap<RootCount, Running>>,
}

impl RootCounts {
    pub fn new(services: SharedServices) -> Self {
        Self { services, begun: Mutex::default() }
    }

    pub async fn count(&self, viewer: &Arc<Viewer>, count: RootCount) -> Result<u64, ServiceError> {
        let running = {
            let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
            let (services, viewer) = (&self.services, viewer.clone());
            begun.entry(count.clone()).or_insert_with(|| run(services.clone(), viewer, count).boxed().shared()).clone()
        };
        running.await
    }
}

async fn run(services: Arc<Services>, viewer: Arc<Viewer>, count: RootCount) -> Result<u64, ServiceError> {
    match count {
        RootCount::Interviews(filter) => services.count_interviews(&viewer, &filter).await,
        RootCount::Interviewees(search) => services.count_interviewees(&viewer, search.as_ref()).await,
        RootCount::Interviewers(search) => services.count_interviewers(&viewer, search.as_ref()).await,
        RootCount::Users(filter) => services.count_accounts(&viewer, &filter).await,
        RootCount::Companies(search) => services.count_companies(&viewer, search.as_ref()).await,
        RootCount::Webhooks(company) => services.count_webhooks(&viewer, company).await,
        RootCount::Changes(since, filter) => services.count_changes(&viewer, &filter, since).await,
    }
}
