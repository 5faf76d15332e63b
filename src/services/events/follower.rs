//! Follows the event log for everybody on this server who waits for changes: one query an interval, however many they are. A change
//! that was made here is looked for at once.

use crate::domain::{Event, Interview, InterviewId, LogPosition, Scope};
use crate::services::ServiceError;
use crate::storage::{Db, StorageError, event_log, interviews};
use std::collections::HashMap;
use std::sync::{self, Arc, PoisonError};
use std::time::Duration;
use tokio::sync::broadcast::{Receiver, Sender, WeakSender};
use tokio::sync::{Mutex, Notify, Semaphore, SemaphorePermit, broadcast};

/// Something that happened to an interview, as it goes to whoever waits for it.
#[derive(Clone, Debug)]
pub struct LogEntry {
    /// Where it stands in the log.
    pub position: LogPosition,
    /// What happened.
    pub event: Event,
    /// The interview, as it is now.
    pub interview: Arc<Interview>,
}

/// The follower of the log. It runs while somebody listens.
#[derive(Debug)]
pub(crate) struct EventFollower {
    db: Db,
    interval: Duration,
    news: Notify,
    changes: Mutex<WeakSender<Arc<LogEntry>>>,
    /// How far the follower has come, or less.
    reached: sync::Mutex<LogPosition>,
    /// Turns for those who catch up, so that they leave connections to everybody else.
    catch_up_permits: Semaphore,
}

/// How many changes a listener may be behind. They are kept once, for all listeners together.
const KEPT: usize = 1024;
/// How many are read at once.
const BATCH: u64 = 200;
/// The least pause between two queries, so that many changes at a time are one query.
const LEAST_PAUSE: Duration = Duration::from_millis(5);
/// How long the follower waits for listeners who are far behind, before it goes on without them.
const BACKPRESSURE_ROUNDS: u32 = 50;
/// How many of those who catch up ask the database at a time.
const CATCH_UP_PERMITS: usize = 3;
/// The pause when the database fails.
pub const RETRY: Duration = Duration::from_millis(500);
/// How often is asked again before an answer is given up.
pub const RETRIES: u32 = 20;

/// What is in the log beyond what was read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Backlog {
    Nothing,
    /// More than is read at once.
    Ready,
    /// What waits for a transaction that began before it.
    Blocked,
}

impl EventFollower {
    pub(crate) fn new(db: Db, interval: Duration) -> Self {
        let (nobody, _) = broadcast::channel(1);
        Self {
            db,
            interval,
            news: Notify::new(),
            changes: Mutex::new(nobody.downgrade()),
            reached: sync::Mutex::new(LogPosition::START),
            catch_up_permits: Semaphore::new(CATCH_UP_PERMITS),
        }
    }

    /// Tells the follower that there is something to read.
    pub(crate) fn notify_new_events(&self) {
        self.news.notify_one();
    }

    /// Every change that is committed from now on, once, in the order of the log; and a position before all of them.
    pub(crate) async fn listen(self: &Arc<Self>) -> Result<(Receiver<Arc<LogEntry>>, LogPosition), ServiceError> {
        let mut changes = self.changes.lock().await;
        let reached = || *self.reached.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = changes.upgrade() {
            let position = reached(); // first: what is sent meanwhile comes after it
            return Ok((running.subscribe(), position));
        }
        let position = event_log::head(self.db.reader()).await?;
        let (sender, receiver) = broadcast::channel(KEPT);
        *changes = sender.downgrade();
        self.reach(position);
        tokio::spawn(self.clone().follow(sender, position));
        Ok((receiver, position))
    }

    /// Waits for a turn to ask the database for what was missed.
    pub(crate) async fn catch_up_permit(&self) -> Option<SemaphorePermit<'_>> {
        self.catch_up_permits.acquire().await.ok()
    }

    fn reach(&self, position: LogPosition) {
        *self.reached.lock().unwrap_or_else(PoisonError::into_inner) = position;
    }

    async fn follow(self: Arc<Self>, listeners: Sender<Arc<LogEntry>>, mut position: LogPosition) {
        let (mut failing, mut waited) = (false, 0);
        loop {
            let pause = match self.read(position).await {
                Ok((changes, last, more)) => {
                    for change in changes {
                        // It fails when nobody listens any more, and then it does not matter.
                        let _ = listeners.send(Arc::new(change));
                    }
                    position = last.unwrap_or(position);
                    self.reach(position);
                    wait_for_listeners(&listeners).await;
                    (failing, waited) = (false, if more == Backlog::Blocked { waited + 1 } else { 0 });
                    match more {
                        Backlog::Nothing => self.interval,
                        Backlog::Ready => Duration::ZERO,
                        // Most such transactions end at once, and some take their time.
                        Backlog::Blocked => self.interval.min(LEAST_PAUSE * waited),
                    }
                }
                Err(error) => {
                    if !failing {
                        tracing::warn!(%error, "the event log cannot be read: subscribers wait");
                    }
                    failing = true;
                    RETRY
                }
            };
            tokio::time::sleep(LEAST_PAUSE).await;
            tokio::select! {
                // A database that fails is not asked more often because somebody announces something.
                () = self.news.notified(), if !failing => {}
                () = tokio::time::sleep(pause) => {}
            }
            if listeners.receiver_count() == 0 {
                let _nobody_joins = self.changes.lock().await;
                if listeners.receiver_count() == 0 {
                    drop(listeners);
                    return;
                }
            }
        }
    }

    async fn read(&self, position: LogPosition) -> Result<(Vec<LogEntry>, Option<LogPosition>, Backlog), StorageError> {
        let page = event_log::after(self.db.reader(), position, BATCH).await?;
        let last = page.entries.last().map(|(position, _)| *position);
        let more = match page.blocked {
            true => Backlog::Blocked,
            false if page.entries.len() as u64 == BATCH => Backlog::Ready,
            false => Backlog::Nothing,
        };
        Ok((changes(&self.db, Scope::Everything, page.entries).await?, last, more))
    }
}

/// Many changes at a time are handed out as fast as they are taken: whoever is far behind reads them from the log instead, and that is
/// more work than to share them.
async fn wait_for_listeners(listeners: &Sender<Arc<LogEntry>>) {
    for _ in 0..BACKPRESSURE_ROUNDS {
        if listeners.len() < KEPT / 2 {
            return;
        }
        tokio::time::sleep(LEAST_PAUSE).await;
    }
}

/// Events with their interviews, as far as these exist in the scope.
pub(crate) async fn changes(
    db: &Db,
    scope: Scope,
    entries: Vec<(LogPosition, Event)>,
) -> Result<Vec<LogEntry>, StorageError> {
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let mut ids: Vec<InterviewId> = entries.iter().map(|(_, event)| event.interview_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let interviews = interviews::by_ids(db.reader(), scope, &ids).await?;
    let interviews: HashMap<_, _> = interviews.into_iter().map(|it| (it.id, Arc::new(it))).collect();
    let change = |(position, event): (LogPosition, Event)| {
        let interview = interviews.get(&event.interview_id)?.clone();
        Some(LogEntry { position, event, interview })
    };
    Ok(entries.into_iter().filter_map(change).collect())
}
