//! Serves requests in groups: while a statement of a kind is under way, further requests of the kind wait, and one
//! statement serves all of them when it is done. A request that meets no other is served at once and alone, so nobody
//! waits for company. What a statement costs by itself is paid once for a group.
//!
//! A request that waits holds no connection and no permit. The task that serves groups belongs to no request: a request
//! that is given up does not take the others with it.

use crate::storage::database::{ReservedConnection, UserConnection};
use crate::storage::{Db, Result};
use futures_util::FutureExt;
use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr};
use std::collections::VecDeque;
use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// The most jobs that one statement serves. Beyond it a job does not get cheaper, and all wait longer.
const MAX_GROUP: usize = 16;
/// The most jobs that wait. Requests beyond it are served alone, on connections of their own.
const MAX_WAITING: usize = 256;

/// What one statement can do for several requests.
pub(crate) trait Job: Send + Sync + Sized + 'static {
    /// What a request gets.
    type Outcome: Send + 'static;

    /// The number of statements that are under way while others wait.
    const AT_ONCE: usize;

    fn queue(db: &Db) -> &GroupQueue<Self>;

    /// A connection for groups.
    fn reserve(db: &Db) -> impl Future<Output = Result<ReservedConnection, DbErr>> + Send;

    /// The outcomes in the order of the jobs.
    fn serve(
        connection: &mut GroupConnection<'_, Self>,
        jobs: &[Self],
    ) -> impl Future<Output = Vec<Result<Self::Outcome, DbErr>>> + Send;
}

/// Where jobs of one kind wait.
pub(crate) struct GroupQueue<J: Job> {
    state: Arc<Mutex<State<J>>>,
    timeout: Duration,
}

struct State<J: Job> {
    /// The number of turns.
    under_way: usize,
    waiting: VecDeque<Waiting<J>>,
    next_ticket: u64,
}

struct Waiting<J: Job> {
    ticket: u64,
    job: J,
    reply: oneshot::Sender<Result<J::Outcome, DbErr>>,
}

/// The right to have a statement under way. When it is dropped, a task serves those who wait.
pub(crate) struct Turn<'a, J: Job> {
    db: &'a Db,
    is_over: bool,
    job: PhantomData<fn(J)>,
}

/// A job in the queue.
pub(crate) struct Place<'a, J: Job> {
    queue: &'a GroupQueue<J>,
    ticket: u64,
    reply: oneshot::Receiver<Result<J::Outcome, DbErr>>,
}

/// How a job is served.
pub(crate) enum Admission<'a, J: Job> {
    /// By the request itself, on its own connection. Without a turn if too many wait already.
    Alone(Option<Turn<'a, J>>),
    /// By a statement for several.
    InGroup(Place<'a, J>),
}

/// The connection on which groups are served one after the other.
pub(crate) struct GroupConnection<'a, J: Job> {
    db: &'a Db,
    reserved: Option<ReservedConnection>,
    job: PhantomData<fn(J)>,
}

impl<J: Job> GroupQueue<J> {
    /// Jobs wait for at most this long.
    pub fn new(timeout: Duration) -> Self {
        let state = State { under_way: 0, waiting: VecDeque::new(), next_ticket: 0 };
        Self { state: Arc::new(Mutex::new(state)), timeout }
    }

    /// Decides how a job is served. If it is in a group, the request has given its connection back.
    pub async fn admit<'a>(
        &'a self,
        connection: &mut UserConnection<'a>,
        job: impl FnOnce() -> J,
    ) -> Result<Admission<'a, J>> {
        let db = connection.db();
        // A request that has to wait for a connection waits for its group instead.
        if !self.has_to_wait() && connection.get().now_or_never().transpose()?.is_some() {
            let mut state = self.state();
            if state.under_way < J::AT_ONCE {
                state.under_way += 1;
                return Ok(Admission::Alone(Some(Turn::new(db))));
            }
        }
        if let Some(place) = self.join(db, job()) {
            connection.give_back();
            return Ok(Admission::InGroup(place));
        }
        connection.get().await?;
        Ok(Admission::Alone(None))
    }

    fn has_to_wait(&self) -> bool {
        self.state().under_way >= J::AT_ONCE
    }

    /// None if too many wait.
    fn join(&self, db: &Db, job: J) -> Option<Place<'_, J>> {
        let mut state = self.state();
        if state.waiting.len() >= MAX_WAITING {
            return None;
        }
        let place = self.enter(&mut state, job);
        if state.under_way < J::AT_ONCE {
            state.under_way += 1;
            drop(state);
            tokio::spawn(serve_groups::<J>(db.clone(), None));
        }
        Some(place)
    }

    fn enter(&self, state: &mut State<J>, job: J) -> Place<'_, J> {
        let ticket = state.next_ticket;
        state.next_ticket += 1;
        let (sender, reply) = oneshot::channel();
        state.waiting.push_back(Waiting { ticket, job, reply: sender });
        Place { queue: self, ticket, reply }
    }

    fn state(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J: Job> State<J> {
    /// The jobs that are served next. Those are left out whose request is gone.
    fn next_group(&mut self) -> Vec<Waiting<J>> {
        let mut group = Vec::with_capacity(self.waiting.len().min(MAX_GROUP));
        while group.len() < MAX_GROUP
            && let Some(waiting) = self.waiting.pop_front()
        {
            if !waiting.reply.is_closed() {
                group.push(waiting);
            }
        }
        group
    }
}

impl<J: Job> Place<'_, J> {
    /// Waits for the outcome.
    pub async fn outcome(mut self) -> Result<J::Outcome, DbErr> {
        let outcome = match timeout(self.queue.timeout, &mut self.reply).await {
            Ok(outcome) => outcome,
            Err(_) if self.withdraw() => return Err(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)),
            Err(_) => self.reply.await,
        };
        outcome.unwrap_or_else(|_| Err(DbErr::Exec(RuntimeErr::Internal("the task of the group has ended".into()))))
    }

    /// Whether the job was not served yet. It will not be.
    fn withdraw(&self) -> bool {
        let mut state = self.queue.state();
        let position = state.waiting.iter().position(|waiting| waiting.ticket == self.ticket);
        position.and_then(|position| state.waiting.remove(position)).is_some()
    }
}

impl<'a, J: Job> Turn<'a, J> {
    fn new(db: &'a Db) -> Self {
        Self { db, is_over: false, job: PhantomData }
    }

    /// Ends the turn, and lets those who wait use the connection.
    pub fn end(mut self, connection: Option<ReservedConnection>) {
        self.pass_on(connection);
    }

    fn pass_on(&mut self, connection: Option<ReservedConnection>) {
        self.is_over = true;
        let mut state = J::queue(self.db).state();
        if state.waiting.is_empty() {
            state.under_way -= 1;
        } else if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(serve_groups::<J>(self.db.clone(), connection));
        } else {
            // The server has ended.
            state.under_way -= 1;
            state.waiting.clear();
        }
    }

    /// Ends the turn if nobody waits.
    fn next_group(&mut self) -> Option<Vec<Waiting<J>>> {
        let mut state = J::queue(self.db).state();
        let group = state.next_group();
        if group.is_empty() {
            state.under_way -= 1;
            drop(state);
            self.is_over = true;
            return None;
        }
        Some(group)
    }
}

impl<J: Job> Drop for Turn<'_, J> {
    fn drop(&mut self) {
        if !self.is_over {
            self.pass_on(None);
        }
    }
}

/// Serves groups until nobody waits. The caller passes its turn on to this task.
async fn serve_groups<J: Job>(db: Db, reserved: Option<ReservedConnection>) {
    let mut turn = Turn::<J>::new(&db);
    let mut connection = GroupConnection { db: &db, reserved, job: PhantomData };
    while let Some(group) = turn.next_group() {
        let (jobs, replies): (Vec<_>, Vec<_>) = group.into_iter().map(|waiting| (waiting.job, waiting.reply)).unzip();
        let outcomes = J::serve(&mut connection, &jobs).await;
        for (reply, outcome) in replies.into_iter().zip(outcomes) {
            // The request may be gone.
            let _ = reply.send(outcome);
        }
    }
}

impl<J: Job> GroupConnection<'_, J> {
    /// The connection, or another one if it broke.
    pub async fn get(&mut self) -> Result<&ReservedConnection, DbErr> {
        if self.reserved.as_mut().is_some_and(ReservedConnection::is_broken) {
            // Given back before the next one is taken: it may be the only one.
            self.reserved = None;
        }
        match &mut self.reserved {
            Some(reserved) => Ok(reserved),
            none => Ok(none.insert(J::reserve(self.db).await?)),
        }
    }
}

impl<J: Job> Clone for GroupQueue<J> {
    fn clone(&self) -> Self {
        Self { state: self.state.clone(), timeout: self.timeout }
    }
}

impl<J: Job> fmt::Debug for GroupQueue<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupQueue").finish_non_exhaustive()
    }
}
