//! Background work: what no request asks for. One file for each job; the runner calls each of them at an interval.

mod cleanup;
mod reminders;
mod runner;

use crate::services::{ServiceError, SharedServices};
use chrono::{DateTime, Utc};
use cleanup::Cleanup;
use reminders::Reminders;
use std::future::pending;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

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
        let mut jobs = JoinSet::new();
        self.start(&mut jobs, stop, Reminders(self.services.clone()));
        self.start(&mut jobs, stop, Cleanup(self.services.clone()));
        jobs.join_all().await;
    }

    fn start(&self, jobs: &mut JoinSet<()>, stop: &CancellationToken, job: impl Job) {
        jobs.spawn(runner::run(job, self.services.clone(), self.work_interval, stop.clone()));
    }
}
