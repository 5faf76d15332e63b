//! Use cases that change interviews. Each change is stored together with its event, and tried again when the database
//! gives up an attempt for a transient reason.

use crate::domain::{
    Booking, Command, EventId, ExpectedVersion, Interview, InterviewId, InterviewPatch, InterviewWithPeople,
    References, Refusal, Viewer,
};
use crate::services::retry::{ATTEMPTS, pause_before_retry};
use crate::services::{ServiceError, Services};
use crate::storage::unit_of_work::{Change, Include, Locking, Stored, UnitOfWork};
use crate::storage::{LockWait, StorageError};

type Result<T, E = ServiceError> = std::result::Result<T, E>;

/// A change that was made, or that changed nothing.
#[derive(Clone, Debug)]
pub struct ChangedInterview {
    /// The interview afterwards.
    pub interview: InterviewWithPeople,
    /// The event of the change; none if nothing was written.
    pub event: Option<EventId>,
}

#[derive(Clone, Copy)]
enum ChangeRequest<'a> {
    Create(&'a Booking),
    Change { id: InterviewId, command: &'a Command, expected: &'a ExpectedVersion, include: Include },
}

impl ChangeRequest<'_> {
    fn can_allow_overlap(&self) -> bool {
        match self {
            Self::Create(_) => true,
            Self::Change { command, .. } => command.can_allow_overlap(),
        }
    }
}

/// Why an attempt stored nothing.
enum AttemptError {
    /// It was refused or failed.
    Final(ServiceError),
    /// See [`Stored::NeedsLocks`].
    NeedsLocks,
    /// See [`Stored::Overlap`].
    Overlap(Box<Interview>),
}

impl<E: Into<ServiceError>> From<E> for AttemptError {
    fn from(error: E) -> Self {
        Self::Final(error.into())
    }
}

impl Services {
    /// Books an interview. When it is refused or fails, nothing was written.
    pub async fn create(&self, viewer: &Viewer, booking: &Booking) -> Result<ChangedInterview> {
        self.perform(viewer, ChangeRequest::Create(booking)).await
    }

    /// The same as [`Services::create`], for transports in which every field can be missing.
    pub async fn create_from(&self, viewer: &Viewer, patch: InterviewPatch) -> Result<ChangedInterview> {
        Booking::permit(viewer)?;
        self.create(viewer, &patch.into_booking()?).await
    }

    /// Changes an interview that the viewer sees. When it is refused or fails, nothing was written.
    pub async fn change(
        &self,
        viewer: &Viewer,
        id: InterviewId,
        command: &Command,
        expected: &ExpectedVersion,
        include: Include,
    ) -> Result<ChangedInterview> {
        self.perform(viewer, ChangeRequest::Change { id, command, expected, include }).await
    }

    /// A creation always writes more than one row, so it begins with locks. Any other change is tried without them
    /// once.
    async fn perform(&self, viewer: &Viewer, request: ChangeRequest<'_>) -> Result<ChangedInterview> {
        let mut locking = match request {
            ChangeRequest::Create(_) => Locking::Pessimistic(LockWait::Brief),
            ChangeRequest::Change { .. } => Locking::Optimistic,
        };
        let mut attempts = 0;
        loop {
            let error = match self.attempt(viewer, request, locking).await {
                Ok(changed) => {
                    self.announce_events();
                    return Ok(changed);
                }
                Err(AttemptError::NeedsLocks) => {
                    locking = Locking::Pessimistic(LockWait::Brief);
                    continue;
                }
                Err(AttemptError::Final(error))
                    if locking == Locking::Pessimistic(LockWait::Brief) && error.is_lock_timeout() =>
                {
                    locking = Locking::Pessimistic(LockWait::Full);
                    continue;
                }
                Err(AttemptError::Overlap(interview)) => {
                    let conflicts = self.conflicts(viewer, &interview, request.can_allow_overlap()).await?;
                    if !conflicts.is_empty() {
                        log_conflict(viewer, &interview);
                        return Err(Refusal::Conflicts(conflicts).into());
                    }
                    StorageError::Overlap.into() // the other interview is gone already: the next attempt can succeed
                }
                Err(AttemptError::Final(
                    error @ ServiceError::Unavailable(StorageError::Transient(_) | StorageError::ConnectionLost(_)),
                )) => error,
                Err(AttemptError::Final(error)) => return Err(error),
            };
            attempts += 1;
            if attempts == ATTEMPTS {
                return Err(error);
            }
            locking = Locking::Pessimistic(LockWait::Brief);
            pause_before_retry(attempts).await;
        }
    }

    /// Loads, lets the domain decide, and stores.
    async fn attempt(
        &self,
        viewer: &Viewer,
        request: ChangeRequest<'_>,
        locking: Locking,
    ) -> Result<ChangedInterview, AttemptError> {
        let interview = match request {
            ChangeRequest::Create(_) => None,
            ChangeRequest::Change { id, .. } => Some(id),
        };
        let mut unit = UnitOfWork::begin(&self.db, viewer.id, locking, interview).await?;
        let limits = &self.limits.bookings;
        let (change, people) = match request {
            ChangeRequest::Create(booking) => {
                let references = references_of_booking(&mut unit, viewer, booking).await?;
                let transition = booking.clone().create(viewer, references, self.clock.now())?;
                limits.check_times(&transition.interview, None)?;
                (Change::new(viewer, None, transition, limits.open_interviews), None)
            }
            ChangeRequest::Change { id, command, expected, include } => {
                let loaded = unit.load(viewer.scope(), id, include).await?;
                let InterviewWithPeople { interview, people } = loaded.ok_or(Refusal::NotFound)?;
                interview.expect_version(expected)?;
                let references = references_of_command(&mut unit, viewer, &interview, command).await?;
                // The clock is read after the row was locked, so that the events of an interview are in the order of
                // their times.
                let Some(transition) = interview.perform(viewer, command.clone(), references, self.clock.now())? else {
                    return Ok(ChangedInterview { interview: InterviewWithPeople { interview, people }, event: None });
                };
                limits.check_times(&transition.interview, Some(&interview))?;
                (Change::new(viewer, Some(&interview), transition, limits.open_interviews), people)
            }
        };
        match unit.store(change).await? {
            Stored::Done(interview, event) => {
                let people = people.filter(|people| people.are_of(&interview));
                Ok(ChangedInterview { interview: InterviewWithPeople { interview, people }, event: Some(event) })
            }
            Stored::NeedsLocks => Err(AttemptError::NeedsLocks),
            Stored::Overlap(interview) => Err(AttemptError::Overlap(interview)),
            Stored::TooManyOpen => Err(limits.too_many_open_interviews().into()),
        }
    }
}

/// Nothing is stored of a refusal: who looks for the times at which a person is busy leaves a trace in the log only.
fn log_conflict(viewer: &Viewer, interview: &Interview) {
    let Interview { id, interviewee_id, interviewer_id, driver_id, .. } = interview;
    tracing::info!(user = %viewer.id, interview = %id, interviewee = %interviewee_id, driver = %driver_id,
        interviewer = %interviewer_id, "a change was refused because a person is busy at that time");
}

/// Looks up what a new interview refers to.
async fn references_of_booking(unit: &mut UnitOfWork<'_>, viewer: &Viewer, booking: &Booking) -> Result<References> {
    let interviewee = unit.interviewee(viewer.scope(), booking.interviewee_id).await?;
    let company = match &interviewee {
        Some(interviewee) => Some(interviewee.company_id),
        None => viewer.authority.company(),
    };
    let interviewer_exists = match company {
        Some(company) => unit.is_active_interviewer(company, booking.interviewer_id).await?,
        None => true, // without a company there is nothing to look up, and the missing interviewee is reported
    };
    Ok(References { interviewee, interviewer_exists })
}

/// Looks up what an update refers to and the stored interview does not. Other commands refer to nothing.
async fn references_of_command(
    unit: &mut UnitOfWork<'_>,
    viewer: &Viewer,
    interview: &Interview,
    command: &Command,
) -> Result<References> {
    let mut references = References::default();
    if let Command::Update(patch) = command {
        if let Some(id) = patch.other_interviewee(interview) {
            references.interviewee = unit.interviewee(viewer.scope(), id).await?;
        }
        if let Some(id) = patch.other_interviewer(interview) {
            references.interviewer_exists = unit.is_active_interviewer(interview.company_id, id).await?;
        }
    }
    Ok(references)
}
