//! Background work: what no request asks for. One file for each job; the runner calls each of them at an interval.

mod cleanup;
mod reminders;
mod runner;
mod webhook_dispatcher;
mod webhook_sender;

use crate::services::{ServiceError, SharedServices};
use chrono::{DateTime, Utc};
use cleanup::Cleanup;
use reminders::Reminders;
use runner::Turn;
use std::future::{pending, ready};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use webhook_dispatcher::WebhookDispatcher;
use webhook_sender::WebhookSender;

/// Work that is done in batches. Any number of servers can run the same job at once.
trait Job: Send + Sync + 'static {
    /// The name of the job in the log.
    const NAME: &'static str;

    /// The time between two calls, where nothing is left to do and nothing is announced. By default it is
    /// `WORK_INTERVAL`.
    fn interval(&self, work_interval: Duration) -> Duration {
        work_interval
    }

    /// Does at most one batch.
    fn run_once(&self, now: DateTime<Utc>) -> impl Future<Output = Result<Progress, ServiceError>> + Send;

    /// Completes when there is something to do before the interval has passed.
    fn announced(&self) -> impl Future<Output = ()> + Send {
        pending()
    }

    /// Ends what goes on after [`Self::run_once`], when the process stops.
    fn finish(&self) -> impl Future<Output = Result<(), ServiceError>> + Send {
        ready(Ok(()))
    }
}

/// What a call of a job has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// More may be due now.
    MoreIsDue,
    /// Nothing is due.
    Finished,
}

impl Progress {
    fn of(is_more_due: bool) -> Self {
        if is_more_due { Self::MoreIsDue } else { Self::Finished }
    }
}

/// All jobs of a process.
#[derive(Clone, Debug)]
pub struct Workers {
    services: SharedServices,
    work_interval: Duration,
}

impl Workers {
    /// The jobs that use these services, at this interval.
    #[must_use]
    pub fn new(services: SharedServices, work_interval: Duration) -> Self {
        Self { services, work_interval }
    }

    /// Runs every job until `stop` is cancelled and each has finished its batch. Dropping the future ends them at once;
    /// what they had begun is rolled back.
    pub async fn run(&self, stop: &CancellationToken) {
        let (mut jobs, turn) = (JoinSet::new(), Turn::default());
        self.start(&mut jobs, &turn, stop, Reminders(self.services.clone()));
        self.start(&mut jobs, &turn, stop, Cleanup(self.services.clone()));
        self.start(&mut jobs, &turn, stop, WebhookDispatcher(self.services.clone()));
        self.start(&mut jobs, &turn, stop, WebhookSender(self.services.clone()));
        jobs.join_all().await;
    }

    fn start(&self, jobs: &mut JoinSet<()>, turn: &Turn, stop: &CancellationToken, job: impl Job) {
        jobs.spawn(runner::run(job, self.services.clone(), self.work_interval, turn.clone(), stop.clone()));
    }
}
