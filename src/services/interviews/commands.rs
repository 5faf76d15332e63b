//! Use cases that change interviews. Each change is one transaction with the event that tells of it; what the database gives up for
//! a passing reason is tried again here.

use crate::domain::{
    Authority, Booking, Command, Conflict, Event, EventId, ExpectedVersion, Interview, InterviewId, InterviewPatch,
    IntervieweeEffect, References, Refusal, Scope, Side, Transition, UserId, Viewer,
};
use crate::services::{InterviewWithPeople, ServiceError, Services};
use crate::storage::interviews::{single_statement, with_people};
use crate::storage::{Connection, StorageError, Transaction, event_log, interviewees, interviews, users};
use std::time::Duration;

type Result<T, E = ServiceError> = std::result::Result<T, E>;

/// Tries of one change, the first included. The pauses between them grow to about a second in all.
const ATTEMPTS: u32 = 8;

/// How a try ended that did not succeed.
enum AttemptError {
    /// For good.
    Final(ServiceError),
    /// The interview, as it would have been, takes the time of somebody who is busy.
    Overlap(Box<Interview>),
}

impl<E: Into<ServiceError>> From<E> for AttemptError {
    fn from(error: E) -> Self {
        Self::Final(error.into())
    }
}

/// A change that is asked for.
#[derive(Clone, Copy)]
enum ChangeRequest<'a> {
    Create(&'a Booking),
    Change(InterviewId, &'a Command, &'a ExpectedVersion, Include),
}

/// What is read along with an interview that is to be changed, where that takes no statement more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Include {
    /// The interview alone.
    Nothing,
    /// Its people, for an answer that shows them.
    People,
}

impl Services {
    /// Books an interview.
    ///
    /// # Errors
    /// A refusal, or when the database fails. Then nothing was written.
    pub async fn create(&self, viewer: &Viewer, booking: &Booking) -> Result<InterviewWithPeople> {
        self.perform(viewer, ChangeRequest::Create(booking)).await
    }

    /// The same, from fields that can all be missing.
    ///
    /// # Errors
    /// A refusal, or when the database fails. Then nothing was written.
    pub async fn create_from(&self, viewer: &Viewer, patch: InterviewPatch) -> Result<InterviewWithPeople> {
        Booking::permit(viewer)?;
        self.create(viewer, &patch.into_booking()?).await
    }

    /// Changes an interview that the viewer sees.
    ///
    /// # Errors
    /// A refusal, or when the database fails. Then nothing was written.
    pub async fn change(
        &self,
        viewer: &Viewer,
        id: InterviewId,
        command: &Command,
        expected: &ExpectedVersion,
        along: Include,
    ) -> Result<InterviewWithPeople> {
        self.perform(viewer, ChangeRequest::Change(id, command, expected, along)).await
    }

    async fn perform(&self, viewer: &Viewer, request: ChangeRequest<'_>) -> Result<InterviewWithPeople> {
        let mut tries = 0;
        loop {
            tries += 1;
            let done = match request {
                ChangeRequest::Change(id, command, expected, along) if tries == 1 => {
                    self.attempt_optimistically(viewer, id, command, expected, along).await.transpose()
                }
                _ => None,
            };
            let done = match done {
                Some(done) => done,
                None => self.attempt(viewer, request).await.map(InterviewWithPeople::from),
            };
            let error = match done {
                Ok(changed) => {
                    self.follower.notify_new_events();
                    return Ok(changed);
                }
                Err(AttemptError::Overlap(interview)) => {
                    let conflicts = self.conflicts(viewer, &interview).await?;
                    if !conflicts.is_empty() {
                        return Err(Refusal::Conflicts(conflicts).into());
                    }
                    StorageError::Overlap.into() // it is gone already: the next try can succeed
                }
                Err(AttemptError::Final(error @ ServiceError::Failed(StorageError::Transient(_)))) => error,
                Err(AttemptError::Final(error)) => return Err(error),
            };
            if tries == ATTEMPTS {
                return Err(error);
            }
            let longest = Duration::from_millis(8 << tries);
            tokio::time::sleep(longest.mul_f64(rand::random_range(0.5..1.0))).await;
        }
    }

    /// The same as [`Services::attempt`] without a transaction, for what almost every change is: one row and its event, with nobody in the
    /// way. The interview is not locked while the domain decides; that nobody changed it meanwhile shows when it is written. None when
    /// it takes a transaction after all.
    async fn attempt_optimistically(
        &self,
        viewer: &Viewer,
        id: InterviewId,
        command: &Command,
        expected: &ExpectedVersion,
        along: Include,
    ) -> Result<Option<InterviewWithPeople>, AttemptError> {
        let Some(pool) = self.db.recorder() else { return Ok(None) };
        let found = match along {
            Include::Nothing => interviews::find(pool, viewer.scope(), id).await?.map(InterviewWithPeople::from),
            Include::People => with_people::find(pool, viewer.scope(), id).await?.map(InterviewWithPeople::from),
        };
        let InterviewWithPeople { interview, people } = found.ok_or(Refusal::NotFound)?;
        interview.expect_version(expected)?;
        let found = new_references(pool, viewer, &interview, command).await?;
        let Some(transition) = interview.perform(viewer, command.clone(), found, self.clock.now())? else {
            return Ok(Some(InterviewWithPeople { interview, people }));
        };
        if transition.effect != IntervieweeEffect::None {
            return Ok(None);
        }
        let lock = newly_reserved_time(Some(&interview), &transition.interview);
        let (event, changed) = (event_of(viewer, &transition), transition.interview);
        let recorded = single_statement::store(pool, &changed, event, lock)
            .await
            .map_err(|error| attempt_error(error, &changed))?;
        let people = people.filter(|people| people.are_of(&changed));
        Ok(recorded.then_some(InterviewWithPeople { interview: changed, people }))
    }

    async fn attempt(&self, viewer: &Viewer, request: ChangeRequest<'_>) -> Result<Interview, AttemptError> {
        let transaction = self.db.begin().await?;
        let transition = match request {
            ChangeRequest::Create(booking) => {
                let found = references_of(&transaction, viewer, booking).await?;
                let mut transition = booking.clone().create(viewer, found, self.clock.now())?;
                lock_time(&transaction, None, &transition.interview).await?;
                transition.interview.id = interviews::insert(&transaction, &transition.interview)
                    .await
                    .map_err(|error| attempt_error(error, &transition.interview))?;
                transition
            }
            ChangeRequest::Change(id, command, expected, _) => {
                let interview = interviews::lock(&transaction, viewer.scope(), id).await?.ok_or(Refusal::NotFound)?;
                interview.expect_version(expected)?;
                let found = new_references(&transaction, viewer, &interview, command).await?;
                // The time is read under the lock, so that the times of a history are in the order of its versions.
                let Some(transition) = interview.perform(viewer, command.clone(), found, self.clock.now())? else {
                    return Ok(interview);
                };
                lock_time(&transaction, Some(&interview), &transition.interview).await?;
                interviews::update(&transaction, &transition.interview)
                    .await
                    .map_err(|error| attempt_error(error, &transition.interview))?;
                transition
            }
        };
        record(transaction, viewer, transition).await
    }

    /// Who is busy with what while this interview would take place.
    async fn conflicts(&self, viewer: &Viewer, interview: &Interview) -> Result<Vec<Conflict>> {
        let mut conflicts = Vec::new();
        for side in [Side::Interviewer, Side::Interviewee] {
            let all = interviews::clashes(self.db.reader(), Scope::Everything, interview, side).await?;
            if !all.is_empty() {
                let visible = interviews::clashes(self.db.reader(), viewer.scope(), interview, side).await?;
                conflicts.push(Conflict { side, hidden: all.len().saturating_sub(visible.len()), visible });
            }
        }
        Ok(conflicts)
    }
}

fn attempt_error(error: StorageError, interview: &Interview) -> AttemptError {
    match error {
        StorageError::Overlap => AttemptError::Overlap(Box::new(interview.clone())),
        error => error.into(),
    }
}

/// The people whose time a change takes anew.
fn newly_reserved_time(before: Option<&Interview>, after: &Interview) -> Option<[UserId; 2]> {
    let (people, slot) = after.reservation()?;
    (before.and_then(Interview::reservation) != Some((people, slot))).then_some(people)
}

/// Keeps others from taking the time that a change takes anew.
async fn lock_time(
    transaction: &Transaction,
    before: Option<&Interview>,
    after: &Interview,
) -> Result<(), StorageError> {
    match newly_reserved_time(before, after) {
        Some(people) => users::lock_time_of(transaction, people).await,
        None => Ok(()),
    }
}

/// Looks up what a new interview refers to.
async fn references_of(
    transaction: &Transaction,
    viewer: &Viewer,
    booking: &Booking,
) -> Result<References, StorageError> {
    let interviewee = interviewees::find(transaction, viewer.scope(), booking.interviewee_id).await?;
    let company = match (&interviewee, viewer.authority) {
        (Some(interviewee), _) => Some(interviewee.company_id),
        (None, Authority::Staff(company)) => Some(company),
        (None, Authority::Admin | Authority::Driver) => None,
    };
    let interviewer_exists = match company {
        Some(company) => users::is_active_interviewer(transaction, company, booking.interviewer_id).await?,
        None => true, // nobody can tell where to look
    };
    Ok(References { interviewee, interviewer_exists })
}

/// Looks up what an update refers to anew; everything else refers to nothing.
async fn new_references(
    connection: &impl Connection,
    viewer: &Viewer,
    interview: &Interview,
    command: &Command,
) -> Result<References, StorageError> {
    let mut found = References::default();
    if let Command::Update(patch) = command {
        if let Some(id) = patch.other_interviewee(interview) {
            found.interviewee = interviewees::find(connection, viewer.scope(), id).await?;
        }
        if let Some(id) = patch.other_interviewer(interview) {
            found.interviewer_exists = users::is_active_interviewer(connection, interview.company_id, id).await?;
        }
    }
    Ok(found)
}

/// What the log tells of a change.
fn event_of(viewer: &Viewer, transition: &Transition) -> Event {
    Event {
        id: EventId(0),
        interview_id: transition.interview.id,
        event_type: transition.event,
        at: transition.interview.updated_at,
        actor_id: Some(viewer.id),
        actor_side: transition.side,
        changes: transition.changes.clone(),
    }
}

/// Writes what goes with a change, and commits.
async fn record(transaction: Transaction, viewer: &Viewer, transition: Transition) -> Result<Interview, AttemptError> {
    event_log::insert(&transaction, event_of(viewer, &transition)).await?;
    let Transition { interview, effect, .. } = transition;
    let now = interview.updated_at;
    match effect {
        IntervieweeEffect::None => {}
        IntervieweeEffect::Becomes(kind) => {
            interviewees::set_kind(&transaction, interview.interviewee_id, kind, now).await?;
        }
        IntervieweeEffect::Released => interviewees::release(&transaction, interview.interviewee_id, now).await?,
    }
    transaction.commit().await.map_err(StorageError::from)?;
    Ok(interview)
}
