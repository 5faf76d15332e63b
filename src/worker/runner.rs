//! Calls a job at its interval: at once when more is due or announced, later and later while it fails.

use super::{Job, Progress};
use crate::services::{Failure, ServiceError, SharedServices};
use futures_util::FutureExt;
use std::mem;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// The pauses after failures in a row: each is twice the last one.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The longest time before the first call. When a server starts, it opens connections of the database for requests;
/// once one of them is idle, background work needs no further one.
const LONGEST_START_DELAY: Duration = Duration::from_secs(1);

/// Held while a job does a batch. The jobs of a process take turns, so that background work uses few connections of the
/// database: those that were opened once stay open.
pub(super) type Turn = Arc<Mutex<()>>;

/// Runs the job until `stop` is cancelled. A batch that has begun is finished.
pub(super) async fn run<J: Job>(
    job: J,
    services: SharedServices,
    work_interval: Duration,
    turn: Turn,
    stop: CancellationToken,
) {
    let mut failures = Failures::new(J::NAME);
    let mut pause = Some(work_interval.min(LONGEST_START_DELAY));
    while !stop.is_cancelled() {
        if let Some(pause) = pause {
            tokio::select! {
                () = stop.cancelled() => break,
                () = sleep(pause) => {}
                () = job.announced(), if failures.count == 0 => {}
            }
        }
        let turn = tokio::select! {
            turn = turn.lock() => turn,
            () = stop.cancelled() => break,
        };
        // A panic must not end the job until the next start of the server.
        let outcome = AssertUnwindSafe(job.run_once(services.clock().now())).catch_unwind().await;
        drop(turn);
        pause = match outcome {
            Ok(Ok(progress)) => {
                failures.end();
                (progress == Progress::Finished).then(|| job.interval(work_interval))
            }
            Ok(Err(error)) => Some(failures.add(&services, &error).await),
            Err(_) => Some(failures.add_panic()),
        };
    }
    if let Err(error) = job.finish().await {
        failures.add(&services, &error).await;
    }
}

/// The failures of a job since it last succeeded. The log has one line about them, and one when they are over.
struct Failures {
    job: &'static str,
    count: u32,
    is_logged: bool,
    /// The schema was behind after the last failure. The next failure may have begun before it was brought up to date.
    schema_was_behind: bool,
}

impl Failures {
    fn new(job: &'static str) -> Self {
        Self { job, count: 0, is_logged: false, schema_was_behind: false }
    }

    /// Adds a failure, and returns the pause before the next try.
    async fn add(&mut self, services: &SharedServices, error: &ServiceError) -> Duration {
        let job = self.job;
        match error.failure() {
            Failure::Timeout if !self.is_logged => {
                tracing::warn!(job, %error, "background work takes too long in the database");
                self.is_logged = true;
            }
            Failure::Internal if !self.is_logged => {
                let is_behind = !services.has_current_schema().await;
                if mem::replace(&mut self.schema_was_behind, is_behind) || is_behind {
                    // The start of the server logs that.
                    tracing::debug!(job, %error, "background work fails");
                } else {
                    tracing::error!(job, %error, "background work fails");
                    self.is_logged = true;
                }
            }
            // The storage logs an outage.
            Failure::Timeout | Failure::Internal | Failure::Unavailable | Failure::OutcomeUnknown => {
                tracing::debug!(job, %error, "background work fails");
            }
        }
        self.pause()
    }

    /// The same for a panic, whose message and place the panic hook has logged.
    fn add_panic(&mut self) -> Duration {
        if !self.is_logged {
            tracing::error!(job = self.job, "background work panics");
            self.is_logged = true;
        }
        self.pause()
    }

    fn pause(&mut self) -> Duration {
        let pause = (FIRST_PAUSE * 2_u32.saturating_pow(self.count)).min(LONGEST_PAUSE);
        self.count = self.count.saturating_add(1);
        pause
    }

    fn end(&mut self) {
        if self.is_logged {
            tracing::info!(job = self.job, failures = self.count, "background work succeeds again");
        }
        *self = Self::new(self.job);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::{Clock, FrozenClock, Services};
    use chrono::{DateTime, Utc};
    use tokio::sync::Notify;
    use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
    use tokio::task::JoinHandle;

    /// What a call of the job does.
    enum Call {
        Returns(Progress),
        Fails,
        Panics,
    }

    /// A job that does in each call what the test says.
    struct Scripted {
        calls: Mutex<UnboundedReceiver<Call>>,
        called: UnboundedSender<()>,
        announced: Arc<Notify>,
    }

    impl Job for Scripted {
        const NAME: &'static str = "scripted";

        async fn run_once(&self, _: DateTime<Utc>) -> Result<Progress, ServiceError> {
            let call = self.calls.lock().await.recv().await.unwrap();
            self.called.send(()).unwrap();
            match call {
                Call::Returns(progress) => Ok(progress),
                Call::Fails => Err(ServiceError::NoKeys),
                Call::Panics => panic!("scripted"),
            }
        }

        async fn announced(&self) {
            self.announced.notified().await;
        }
    }

    /// A job that runs when it is announced, or once an hour. It is announced at the start.
    struct Running {
        calls: UnboundedSender<Call>,
        called: UnboundedReceiver<()>,
        announced: Arc<Notify>,
        stop: CancellationToken,
        runner: JoinHandle<()>,
    }

    impl Running {
        fn start() -> Self {
            let services = Arc::new(Services::unconnected(Clock::Frozen(FrozenClock::at(DateTime::default()))));
            let ((calls, script), (sender, called)) = (unbounded_channel(), unbounded_channel());
            let (announced, stop) = (Arc::new(Notify::new()), CancellationToken::new());
            announced.notify_one();
            let job = Scripted { calls: Mutex::new(script), called: sender, announced: announced.clone() };
            let runner = tokio::spawn(run(job, services, Duration::from_hours(1), Turn::default(), stop.clone()));
            Self { calls, called, announced, stop, runner }
        }

        async fn call(&mut self, call: Call) {
            assert!(self.calls.send(call).is_ok());
            self.called.recv().await.unwrap();
        }

        async fn stop(self) {
            self.stop.cancel();
            self.runner.await.unwrap();
        }
    }

    #[tokio::test]
    async fn job_is_called_again_at_once_when_more_is_due_or_announced() {
        let mut job = Running::start();
        for _ in 0..3 {
            job.call(Call::Returns(Progress::MoreIsDue)).await;
        }
        job.call(Call::Returns(Progress::Finished)).await;
        job.announced.notify_one();
        job.call(Call::Returns(Progress::Finished)).await;
        job.stop().await;
    }

    #[tokio::test]
    async fn job_is_called_again_after_failures_and_panics() {
        let mut job = Running::start();
        job.call(Call::Panics).await;
        job.call(Call::Fails).await;
        job.call(Call::Returns(Progress::Finished)).await;
        job.stop().await;
    }

    #[tokio::test]
    async fn batch_is_finished_before_the_job_stops() {
        let mut job = Running::start();
        job.call(Call::Returns(Progress::MoreIsDue)).await;
        job.stop.cancel();
        // The next batch has begun or never does.
        let _ = job.calls.send(Call::Returns(Progress::MoreIsDue));
        job.runner.await.unwrap();
    }

    #[test]
    fn pauses_after_failures_grow_to_five_seconds_and_begin_anew() {
        let mut failures = Failures::new("test");
        let pauses = |failures: &mut Failures| -> Vec<u128> { (0..7).map(|_| failures.pause().as_millis()).collect() };
        let expected = [250, 500, 1000, 2000, 4000, 5000, 5000];
        assert_eq!(pauses(&mut failures), expected);
        failures.end();
        assert_eq!(pauses(&mut failures), expected);
        for _ in 0..100 {
            assert!(failures.pause() <= LONGEST_PAUSE);
        }
    }
}
