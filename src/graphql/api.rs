//! The API that the engine serves: this schema over the services.

use crate::domain::{self, Epoch, LogPosition, Scope, Side, TimeZone, UserId, time};
use crate::graphql::context::{ChangesBefore, ChangesCursor};
use crate::graphql::engine::api::{Api, Delivery, EventStream};
use crate::graphql::engine::document::{CostRules, CustomScalar, PageSizes, RootField, parse_schema};
use crate::graphql::engine::error::{CURSOR_EXPIRED, Code, NoViewer, RequestError};
use crate::graphql::engine::loader_scheduler::PendingFetches;
use crate::graphql::engine::subscriptions::StreamEnd;
use crate::graphql::failure::{no_viewer, reject};
use crate::graphql::loaders::Loader;
use crate::graphql::relay::page_arguments::{DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE};
use crate::graphql::root_counts::RootCounts;
use crate::graphql::schema::interview::log_cursor;
use crate::graphql::schema::interview::subscription::SubscriptionArguments;
use crate::graphql::schema::{FREE_TEXTS, LISTS, SCANS, SCHEMA};
use crate::graphql::{RequestContext, sdl};
use crate::services::{
    self, AdmittedEntry, CatchUpPermit, LiveSession, MAX_RETRIES, RETRY_PAUSE, RequestChanges, ServiceError,
    SharedServices, SubscriptionEnd, TokenProblem,
};
use apollo_compiler::Schema as SchemaDefinition;
use apollo_compiler::validation::Valid;
use async_graphql::{Executor, Request};
use futures_util::StreamExt;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// The GraphQL API of interviews.
#[derive(Clone)]
pub struct InterviewsApi {
    services: SharedServices,
}

impl InterviewsApi {
    /// The API over these services.
    #[must_use]
    pub fn new(services: SharedServices) -> Self {
        Self { services }
    }
}

impl Api for InterviewsApi {
    type Viewer = domain::Viewer;
    type Session = LiveSession;
    type RateLimitKey = UserId;
    type Event = AdmittedEntry;
    type ShareKey = (Epoch, LogPosition, Scope, &'static [Side], bool);
    type CatchUpPermit = CatchUpPermit;

    const COST: CostRules = CostRules {
        page_sizes: PageSizes { default: DEFAULT_PAGE_SIZE, max: MAX_PAGE_SIZE },
        free_texts: FREE_TEXTS,
        scans: SCANS,
        lists: LISTS,
    };
    const SCALARS: &'static [CustomScalar] = &[
        CustomScalar { name: "DateTime", check: |text| time::parse(text).map(drop).map_err(|error| error.to_string()) },
        CustomScalar {
            name: "TimeZone",
            check: |text| TimeZone::parse(text).map(drop).map_err(|error| error.to_string()),
        },
    ];
    const READ_FIRST: Option<&'static str> = Some("changesCursor");
    const NO_TOKEN: NoViewer = no_viewer(TokenProblem::Missing);
    const EVENT_RETRIES: u32 = MAX_RETRIES;
    const EVENT_RETRY_PAUSE: Duration = RETRY_PAUSE;

    fn definition() -> &'static Valid<SchemaDefinition> {
        static DEFINITION: LazyLock<Valid<SchemaDefinition>> = LazyLock::new(|| parse_schema(&sdl()));
        &DEFINITION
    }

    fn schema(&self) -> &impl Executor {
        &*SCHEMA
    }

    fn with_share<F: Future + Send>(execution: F) -> impl Future<Output = F::Output> + Send {
        services::share_connections(execution)
    }

    fn attach(&self, request: Request, context: RequestContext, fetches: PendingFetches) -> Request {
        let loader = Loader::new(self.services.clone(), context.viewer.clone(), fetches);
        let counts = RootCounts::new(self.services.clone());
        let before = ChangesBefore(RequestChanges::count());
        request.data(self.services.clone()).data(context).data(loader).data(counts).data(before)
    }

    async fn read_first(&self, request: Request, viewer: &domain::Viewer) -> Request {
        request.data(ChangesCursor(self.services.changes_cursor(viewer).await))
    }

    fn viewer(session: &LiveSession) -> Result<Arc<domain::Viewer>, NoViewer> {
        session.viewer().map_err(no_viewer)
    }

    fn rate_limit_key(viewer: &domain::Viewer) -> UserId {
        viewer.id
    }

    async fn subscribe(
        &self,
        session: LiveSession,
        request_id: String,
        field: &RootField,
        resume_after: Option<&str>,
    ) -> Result<EventStream<Self>, RequestError> {
        let failure = |cause: ServiceError| match cause {
            ServiceError::CursorExpired => field.error(Code::CursorExpired, CURSOR_EXPIRED.into()),
            cause => reject(&cause, &request_id),
        };
        let SubscriptionArguments { filter, since } = SubscriptionArguments::parse(field, resume_after)?;
        let deliveries = self.services.subscribe(session, filter, since).await.map_err(failure)?;
        let delivery = move |delivery: Result<services::Delivery, SubscriptionEnd>| match delivery {
            Ok(services::Delivery { entry, matches, viewer, is_live }) => {
                let share_key = is_live.then(|| (entry.epoch, entry.position, viewer.scope(), viewer.sides(), matches));
                let cursor = log_cursor::of_entry(&entry);
                Ok(Delivery { event: Arc::new(AdmittedEntry { entry, matches }), cursor, viewer, share_key })
            }
            Err(SubscriptionEnd::SignedOut(problem)) => Err(StreamEnd::SignedOut(no_viewer(problem))),
            Err(SubscriptionEnd::HistoryChanged) => Err(StreamEnd::CursorExpired),
            Err(SubscriptionEnd::Failed(cause)) => {
                cause.log(&request_id);
                Err(StreamEnd::Failed(cause.failure().into()))
            }
        };
        Ok(deliveries.map(delivery).boxed())
    }

    async fn catch_up_permit(&self, viewer: &domain::Viewer) -> Option<CatchUpPermit> {
        self.services.catch_up_permit(viewer.id).await
    }
}
