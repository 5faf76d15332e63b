//! Loads an interview for a change and stores the change with everything that belongs to it. Only this module knows
//! whether a change is one statement, a part of one, or a transaction, so anything new that is written with a change is
//! added here.

mod group_commit;

use group_commit::SingleChange;

use crate::domain::{
    Audience, CompanyId, Event, EventId, Interview, InterviewId, InterviewWithPeople, Interviewee, IntervieweeEffect,
    IntervieweeId, KeyedRequest, RememberedRequest, Scope, Timing, Transition, UserId, Viewer,
};
use crate::storage::database::{UserConnection, UserPermit};
use crate::storage::interview_queue::QueueHead;
use crate::storage::interviews::group_lookup::{self, Lookup};
use crate::storage::{Db, LockWait, Result, StorageError, Transaction};
use crate::storage::{event_log, idempotency, interviewees, interviews, time_locks, users};

/// How a unit of work keeps concurrent changes of the same interview apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locking {
    /// Reads without locks and compares the version when it writes. Needs a database that can write a change in one
    /// statement; [`UnitOfWork::begin`] falls back to pessimistic locking where it cannot.
    Optimistic,
    /// Locks the interview's row when it is loaded, and waits for other writers.
    Pessimistic(LockWait),
}

/// What [`UnitOfWork::load`] reads with an interview, if that takes no further statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Include {
    /// The interview alone.
    Nothing,
    /// Its people, for a response that shows them.
    People,
}

/// One change of one interview, from reading what it depends on to storing it. Dropping it writes nothing.
pub enum UnitOfWork<'a> {
    /// Reads outside of a transaction and stores with a statement, its own or that of a group.
    Optimistic { connection: UserConnection<'a> },
    /// Reads and stores in a transaction. On PostgreSQL a change of an existing interview is at the head of its queue.
    Transaction { transaction: Transaction, head: Option<QueueHead>, permit: UserPermit },
}

/// A permitted change with everything that is stored with it.
#[derive(Clone, Debug)]
pub struct Change {
    transition: Transition,
    actor: UserId,
    audience: Audience,
    timing: Timing,
    /// The interview does not exist yet.
    is_new: bool,
    /// The people whose time the change reserves. Their locks keep concurrent bookings apart.
    reserves_time_of: Option<[UserId; 2]>,
    /// The interviewee who gets one more open interview, and the most that an interviewee may have.
    opens_for: Option<(IntervieweeId, u64)>,
    /// The request, if it has an idempotency key.
    keyed: Option<KeyedRequest>,
}

/// What became of a [`Change`].
#[derive(Debug)]
pub enum Stored {
    /// The change is committed: the interview as stored, and its event.
    Done(Interview, EventId),
    /// Nothing was written, and a unit of work with pessimistic locking can store the change: the interview has changed
    /// since it was loaded, another transaction holds a lock that the change needs, the idempotency key was written
    /// since it was looked up, or the change writes more than one statement can.
    NeedsLocks,
    /// Nothing was written, because this interview, as it would have been, overlaps with another one.
    Overlap(Box<Interview>),
    /// Nothing was written, because the interviewee has as many open interviews as are allowed.
    TooManyOpen,
}

impl Change {
    /// A change of the interview `before`, or the creation of one if there is none: storing it assigns the id. An
    /// interviewee has at most `most_open` open interviews after it.
    #[must_use]
    pub fn new(viewer: &Viewer, before: Option<&Interview>, transition: Transition, most_open: u64) -> Self {
        Self {
            actor: viewer.id,
            audience: Audience::of(&transition.interview, before),
            timing: Timing::of(&transition.interview, before),
            is_new: before.is_none(),
            reserves_time_of: transition.interview.newly_reserves_time_of(before),
            opens_for: transition.interview.newly_open_for(before).map(|interviewee| (interviewee, most_open)),
            keyed: None,
            transition,
        }
    }

    /// The change as one that this request makes, if it has an idempotency key: the key is stored with it. The unit of
    /// work has looked it up.
    #[must_use]
    pub fn of_request(self, keyed: Option<KeyedRequest>) -> Self {
        Self { keyed, ..self }
    }

    /// The interview after the change, the event that records it, and its effect on the interviewee.
    fn into_parts(self) -> (Interview, Event, IntervieweeEffect) {
        let Transition { interview, event, side, changes, effect } = self.transition;
        let event = Event {
            id: EventId(0),
            interview_id: interview.id,
            event_type: event,
            at: interview.updated_at,
            actor_id: Some(self.actor),
            actor_side: Some(side),
            changes,
            audience: self.audience,
        };
        (interview, event, effect)
    }
}

impl<'a> UnitOfWork<'a> {
    /// Begins a unit of work on this interview; on a new one if `None`. With locks it waits until this server's earlier
    /// changes of the interview are done; on SQLite, of all interviews. The connection is one of the user's share.
    pub async fn begin(db: &'a Db, user: UserId, locking: Locking, interview: Option<InterviewId>) -> Result<Self> {
        let wait = match locking {
            Locking::Optimistic if db.is_postgres() => {
                return Ok(Self::Optimistic { connection: UserConnection::to_change(db, user) });
            }
            Locking::Optimistic => LockWait::Full,
            Locking::Pessimistic(wait) => wait,
        };
        let head = match interview {
            // All changes on SQLite queue for the one writer. A second queue would make them do so in turns.
            Some(id) if db.is_postgres() => Some(db.interview_queue().enter(id).await?),
            _ => None,
        };
        let permit = db.permit_change(user, wait).await?;
        Ok(Self::Transaction { transaction: db.begin_change(wait).await?, head, permit })
    }

    /// What is remembered under the key of a request. A transaction locks the key first.
    pub async fn remembered(&mut self, request: &KeyedRequest) -> Result<Option<RememberedRequest>> {
        match self {
            Self::Optimistic { connection } => idempotency::find(connection.get().await?, request).await,
            Self::Transaction { transaction, .. } => idempotency::lock(transaction, request).await,
        }
    }

    /// Whether nothing that was read can change before the unit of work ends.
    #[must_use]
    pub fn has_locks(&self) -> bool {
        matches!(self, Self::Transaction { .. })
    }

    /// Reads the interview, if it exists in this scope. A transaction locks its row, and leaves its people out.
    pub async fn load(
        &mut self,
        scope: Scope,
        id: InterviewId,
        include: Include,
    ) -> Result<Option<InterviewWithPeople>> {
        match (self, include) {
            (Self::Optimistic { connection }, Include::People) => {
                group_lookup::find(connection, Lookup { scope, id }).await
            }
            (Self::Optimistic { connection }, Include::Nothing) => {
                Ok(interviews::find(connection.get().await?, scope, id).await?.map(InterviewWithPeople::from))
            }
            (Self::Transaction { transaction, .. }, _) => {
                Ok(interviews::lock(transaction, scope, id).await?.map(InterviewWithPeople::from))
            }
        }
    }

    /// Reads the interviewee that a change refers to, if it exists in this scope and its driver can be booked.
    pub async fn interviewee(&mut self, scope: Scope, id: IntervieweeId) -> Result<Option<Interviewee>> {
        match self {
            Self::Optimistic { connection } => interviewees::find_bookable(connection.get().await?, scope, id).await,
            Self::Transaction { transaction, .. } => interviewees::find_bookable(transaction, scope, id).await,
        }
    }

    /// Whether a change can refer to this user as an interviewer of the company.
    pub async fn is_active_interviewer(&mut self, company: CompanyId, id: UserId) -> Result<bool> {
        match self {
            Self::Optimistic { connection } => users::is_active_interviewer(connection.get().await?, company, id).await,
            Self::Transaction { transaction, .. } => users::is_active_interviewer(transaction, company, id).await,
        }
    }

    /// Stores the change and commits it.
    pub async fn store(self, change: Change) -> Result<Stored> {
        match self {
            Self::Optimistic { connection } => store_in_one_statement(connection, change).await,
            Self::Transaction { .. } => {
                let stored = self.add(change).await?;
                if let Stored::Done(..) = stored {
                    self.commit().await?;
                }
                Ok(stored)
            }
        }
    }

    /// Stores the change as one of several. Unless it is [`Stored::Done`], nothing more can be stored, or committed.
    pub async fn add(&self, change: Change) -> Result<Stored> {
        match self {
            Self::Optimistic { .. } => Ok(Stored::NeedsLocks),
            Self::Transaction { transaction, .. } => store_within(transaction, change).await,
        }
    }

    /// Commits what was added.
    pub async fn commit(self) -> Result<()> {
        match self {
            Self::Optimistic { .. } => Ok(()),
            Self::Transaction { transaction, head: _head, permit: _permit } => transaction.commit().await,
        }
    }
}

/// The statement writes one existing interview and its event. A change that writes or reads more needs a transaction.
async fn store_in_one_statement(mut connection: UserConnection<'_>, mut change: Change) -> Result<Stored> {
    if change.is_new || change.opens_for.is_some() || change.transition.effect != IntervieweeEffect::None {
        return Ok(Stored::NeedsLocks);
    }
    let (reserves_time_of, timing, keyed) = (change.reserves_time_of, change.timing, change.keyed.take());
    let (interview, event, _) = change.into_parts();
    let written = SingleChange { interview: &interview, timing, event, reserves_time_of, keyed };
    match group_commit::store(&mut connection, written).await {
        Ok(Some(event)) => Ok(Stored::Done(interview, event)),
        Ok(None) => Ok(Stored::NeedsLocks),
        Err(StorageError::Overlap) => Ok(Stored::Overlap(Box::new(interview))),
        Err(error) if error.is_lock_timeout() => Ok(Stored::NeedsLocks),
        Err(error) => Err(error),
    }
}

/// Stores the change as a part of a transaction that has locked the interview's row. Unless it is
/// [`Stored::Done`], the transaction has to end without a commit.
pub(crate) async fn store_within(transaction: &Transaction, mut change: Change) -> Result<Stored> {
    let (people, opens_for) = (change.transition.interview.people(), change.opens_for);
    if change.reserves_time_of.is_some() || opens_for.is_some() {
        time_locks::lock(transaction, people).await?;
    }
    // The driver's lock keeps others from adding one. The statement begins after they have committed, and sees theirs.
    if let Some((interviewee, most)) = opens_for
        && interviewees::count_open_interviews(transaction, interviewee, people, most).await? >= most
    {
        return Ok(Stored::TooManyOpen);
    }
    let (is_new, timing, keyed) = (change.is_new, change.timing, change.keyed.take());
    let (mut interview, mut event, effect) = change.into_parts();
    let written = if is_new {
        interviews::insert(transaction, &interview).await.map(|id| (interview.id, event.interview_id) = (id, id))
    } else {
        interviews::update(transaction, &interview, timing).await
    };
    match written {
        Err(StorageError::Overlap) => return Ok(Stored::Overlap(Box::new(interview))),
        written => written?,
    }
    let event = event_log::insert(transaction, event).await?;
    let (interviewee, now) = (interview.interviewee_id, interview.updated_at);
    match effect {
        IntervieweeEffect::None => {}
        IntervieweeEffect::Becomes(kind) => interviewees::set_kind(transaction, interviewee, kind, now).await?,
        IntervieweeEffect::Released => interviewees::release(transaction, interviewee, now).await?,
    }
    if let Some(keyed) = keyed {
        idempotency::remember(transaction, &keyed, interview.id.0).await?;
    }
    Ok(Stored::Done(interview, event))
}
