//! Follows the event log for all subscribers of this server with one query per interval, however many they are. After a
//! change that this server made it reads at once.

use super::broadcast::{Broadcast, CAPACITY, RecentEntries};
use super::epoch::EpochCheck;
use super::log_entry::LogEntry;
use crate::domain::{Epoch, LogPosition, Scope};
use crate::services::ServiceError;
use crate::storage::{Db, StorageError, event_log};
use std::sync::{self, Arc, PoisonError};
use std::time::Duration;
use tokio::sync::broadcast::{Receiver, Sender, WeakSender};
use tokio::sync::{Mutex, Notify, broadcast};

/// Every entry that is committed from now on, once, in the order of the log.
pub(crate) struct Feed {
    pub(crate) receiver: Receiver<Broadcast>,
    /// The history of the log.
    pub(crate) epoch: Epoch,
    /// A position before all of the entries.
    pub(crate) position: LogPosition,
}

/// The follower of the log. Its task runs while there are receivers.
#[derive(Debug)]
pub(crate) struct EventFollower {
    db: Db,
    epoch_check: Arc<EpochCheck>,
    interval: Duration,
    new_events: Notify,
    /// The sender of the running task, and the epoch that it follows.
    running: Mutex<(WeakSender<Broadcast>, Epoch)>,
    /// A lower bound of the position up to which entries were sent.
    sent_up_to: sync::Mutex<LogPosition>,
}

/// The most events that are read at once.
const BATCH: u64 = 200;
/// The shortest pause between two queries: a burst of changes is read by one query.
const MIN_PAUSE: Duration = Duration::from_millis(5);
/// The pause after the database failed.
pub const RETRY_PAUSE: Duration = Duration::from_millis(500);
/// How often a delivery is retried before its subscription ends.
pub const MAX_RETRIES: u32 = 20;

/// What the log holds beyond the entries that were read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Backlog {
    Empty,
    /// More events than one batch.
    Ready,
    /// Events that cannot be read before an older transaction ends.
    Blocked,
}

impl EventFollower {
    pub(crate) fn new(db: Db, epoch_check: Arc<EpochCheck>, interval: Duration) -> Self {
        let (no_receivers, _) = broadcast::channel(1);
        Self {
            db,
            epoch_check,
            interval,
            new_events: Notify::new(),
            running: Mutex::new((no_receivers.downgrade(), Epoch(0))),
            sent_up_to: sync::Mutex::new(LogPosition::START),
        }
    }

    /// Makes the follower read at once.
    pub(crate) fn notify_new_events(&self) {
        self.new_events.notify_one();
    }

    /// Subscribes to the running task, or starts it.
    pub(crate) async fn subscribe(self: &Arc<Self>) -> Result<Feed, ServiceError> {
        let mut running = self.running.lock().await;
        if let (Some(sender), epoch) = (running.0.upgrade(), running.1) {
            // The position is read first: entries that are sent meanwhile come after it.
            let position = *self.sent_up_to.lock().unwrap_or_else(PoisonError::into_inner);
            return Ok(Feed { receiver: sender.subscribe(), epoch, position });
        }
        self.epoch_check.run().await?;
        let (epoch, position) = event_log::head(self.db.reader(), Scope::Everything).await?;
        let (sender, receiver) = broadcast::channel(CAPACITY);
        *running = (sender.downgrade(), epoch);
        self.set_sent_up_to(position);
        tokio::spawn(self.clone().follow(sender, epoch, position));
        Ok(Feed { receiver, epoch, position })
    }

    fn set_sent_up_to(&self, position: LogPosition) {
        *self.sent_up_to.lock().unwrap_or_else(PoisonError::into_inner) = position;
    }

    async fn follow(self: Arc<Self>, receivers: Sender<Broadcast>, epoch: Epoch, mut position: LogPosition) {
        let (mut is_failing, mut blocked_rounds) = (false, 0);
        let mut recent = RecentEntries::default();
        loop {
            let pause = match self.read(epoch, position).await {
                Ok(Some((entries, last, backlog))) => {
                    for entry in entries {
                        // Sending fails only without receivers, and then nothing is lost.
                        let _ = receivers.send(recent.keep(entry));
                    }
                    position = last.unwrap_or(position);
                    self.set_sent_up_to(position);
                    is_failing = false;
                    blocked_rounds = if backlog == Backlog::Blocked { blocked_rounds + 1 } else { 0 };
                    match backlog {
                        Backlog::Empty => self.interval,
                        Backlog::Ready => Duration::ZERO,
                        // Most blocking transactions end at once; the pause grows for those that do not.
                        Backlog::Blocked => self.interval.min(MIN_PAUSE * blocked_rounds),
                    }
                }
                Ok(None) => {
                    tracing::warn!("the database has lost events, or was restored: the subscriptions end");
                    // Subscribers that come now wait for the lock, and start another task.
                    let _no_new_receivers = self.running.lock().await;
                    let _ = receivers.send(Broadcast::HistoryChanged);
                    drop(receivers);
                    return;
                }
                Err(error) => {
                    if is_failing || error.outage().is_some() {
                        tracing::debug!(%error, "the event log cannot be read; subscribers wait");
                    } else {
                        tracing::warn!(%error, "the event log cannot be read; subscribers wait");
                    }
                    is_failing = true;
                    RETRY_PAUSE
                }
            };
            tokio::time::sleep(MIN_PAUSE).await;
            tokio::select! {
                // Notifications do not shorten the pause after a failure.
                () = self.new_events.notified(), if !is_failing => {}
                () = tokio::time::sleep(pause) => {}
            }
            if receivers.receiver_count() == 0 {
                let _no_new_receivers = self.running.lock().await;
                if receivers.receiver_count() == 0 {
                    drop(receivers);
                    return;
                }
            }
        }
    }

    /// The entries after a position. `None` if it is not in the present history of the log.
    async fn read(
        &self,
        epoch: Epoch,
        position: LogPosition,
    ) -> Result<Option<(Vec<LogEntry>, Option<LogPosition>, Backlog)>, StorageError> {
        let page = loop {
            self.epoch_check.run().await?;
            let page = event_log::after(self.db.reader(), epoch, position, BATCH).await?;
            if self.epoch_check.confirms(epoch).await? {
                break page;
            }
        };
        let Some(page) = page else { return Ok(None) };
        let last = page.entries.last().map(|(position, _)| *position);
        let backlog = match page.blocked {
            true => Backlog::Blocked,
            false if page.entries.len() as u64 == BATCH => Backlog::Ready,
            false => Backlog::Empty,
        };
        let entries = LogEntry::with_values(self.db.reader(), Scope::Everything, epoch, page.entries).await?;
        Ok(Some((entries, last, backlog)))
    }
}
