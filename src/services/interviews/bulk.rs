//! Several operations on interviews in one request, each by itself or all together.

use crate::domain::{
    Booking, Command, Conflict, ExpectedVersion, IdempotencyKey, Interview, InterviewId, InterviewWithPeople,
    KeyedRequest, Refusal, TimeSlot, Viewer,
};
use crate::services::interviews::attempts::AttemptError;
use crate::services::interviews::commands::{ChangeRequest, Decision, Made};
use crate::services::{ChangedInterview, ServiceError, Services};
use crate::storage::LockWait;
use crate::storage::unit_of_work::{Include, Locking, Stored, UnitOfWork};
use std::sync::atomic::{AtomicUsize, Ordering};

type Result<T, E = ServiceError> = std::result::Result<T, E>;

/// One operation.
#[derive(Clone, Debug)]
pub enum Operation {
    /// Books an interview.
    Create(Booking),
    /// Changes one.
    Change {
        /// The interview.
        id: InterviewId,
        /// What is done to it.
        command: Command,
        /// The versions for which that is meant.
        expected: ExpectedVersion,
    },
}

/// What became of operations that were to be made all together.
#[derive(Debug)]
pub enum AllOrNone {
    /// All are made.
    All(Vec<ChangedInterview>),
    /// None is made, because the one with this number was refused.
    None(usize, Refusal),
}

impl Operation {
    fn request(&self, include: Include) -> ChangeRequest<'_> {
        match self {
            Self::Create(booking) => ChangeRequest::Create(booking),
            Self::Change { id, command, expected } => ChangeRequest::Change { id: *id, command, expected, include },
        }
    }

    /// The time that it asks for, if it asks for one, of the interview afterwards.
    #[must_use]
    pub fn requested_slot(&self, interview: &Interview) -> Option<TimeSlot> {
        match self {
            Self::Create(_) => Some(interview.slot),
            Self::Change { command, .. } => command.requested_slot(interview),
        }
    }

    fn interview(&self) -> Option<InterviewId> {
        match self {
            Self::Create(_) => None,
            Self::Change { id, .. } => Some(*id),
        }
    }
}

impl Services {
    /// Makes each operation by itself, in their order. `keys` are theirs: what an earlier request has made is not made
    /// again. A failure of the server ends it, and then some operations are made.
    pub async fn make_each(
        &self,
        viewer: &Viewer,
        operations: &[Operation],
        keys: &[Option<IdempotencyKey>],
        include: Include,
    ) -> Result<Vec<Result<ChangedInterview, Refusal>>> {
        let mut results = Vec::with_capacity(operations.len());
        for (operation, key) in operations.iter().zip(keys) {
            match self.perform(viewer, operation.request(include), key.as_ref()).await {
                Ok(changed) => results.push(Ok(changed)),
                Err(ServiceError::Refused(refusal)) => results.push(Err(refusal)),
                Err(failure) => return Err(failure),
            }
        }
        Ok(results)
    }

    /// Makes all operations in their order, or none.
    pub async fn make_all_or_none(
        &self,
        viewer: &Viewer,
        operations: &[Operation],
        keys: &[Option<IdempotencyKey>],
    ) -> Result<AllOrNone> {
        let requests: Vec<_> = operations.iter().map(|operation| operation.request(Include::Nothing)).collect();
        let keyed = requests.iter().zip(keys).map(|(request, key)| self.keyed(viewer, key.as_ref(), request));
        let keyed: Vec<_> = keyed.collect();
        let mut interviews: Vec<_> = operations.iter().filter_map(Operation::interview).collect();
        interviews.sort_unstable();
        interviews.dedup();
        let position = AtomicUsize::new(0);
        let attempt = |locking| self.attempt_all(viewer, &requests, &keyed, &interviews, &position, locking);
        let locking = Locking::Pessimistic(LockWait::Brief);
        let applied = match self.attempt_until_final(viewer, locking, attempt).await {
            Ok(applied) => applied,
            Err(ServiceError::Refused(refusal)) => {
                return Ok(AllOrNone::None(position.load(Ordering::Relaxed), refusal));
            }
            Err(failure) => return Err(failure),
        };
        let mut results = Vec::with_capacity(applied.len());
        for applied in applied {
            results.push(match applied {
                Made::Now(changed) => *changed,
                Made::Before(id) => self.replay(viewer, id, Include::Nothing).await?,
            });
        }
        Ok(AllOrNone::All(results))
    }

    /// `position` becomes the number of the operation that the attempt is at. `interviews` are locked first, in the
    /// order in which other requests lock them.
    async fn attempt_all(
        &self,
        viewer: &Viewer,
        requests: &[ChangeRequest<'_>],
        keyed: &[Option<KeyedRequest>],
        interviews: &[InterviewId],
        position: &AtomicUsize,
        locking: Locking,
    ) -> Result<Vec<Made>, AttemptError> {
        let mut unit = UnitOfWork::begin(&self.db, viewer.id, locking, None).await?;
        let mut earlier = Vec::with_capacity(requests.len());
        for (number, keyed) in keyed.iter().enumerate() {
            position.store(number, Ordering::Relaxed);
            earlier.push(match keyed {
                Some(keyed) => keyed.replayed(unit.remembered(keyed).await?)?.map(InterviewId),
                None => None,
            });
        }
        for id in interviews {
            unit.load(viewer.scope(), *id, Include::Nothing).await?;
        }
        let mut applied = Vec::with_capacity(requests.len());
        let mut made: Vec<Interview> = Vec::new();
        for (number, (request, keyed)) in requests.iter().zip(keyed).enumerate() {
            position.store(number, Ordering::Relaxed);
            if let Some(id) = earlier[number] {
                applied.push(Made::Before(id));
                continue;
            }
            let (interview, event) = match self.decide(&mut unit, viewer, *request).await? {
                Decision::Nothing(interview) => (*interview, None),
                Decision::Change(change, _) => match unit.add(change.of_request(keyed.clone())).await? {
                    Stored::Done(interview, event) => {
                        made.retain(|other| other.id != interview.id);
                        made.push(interview.clone());
                        (InterviewWithPeople::from(interview), Some(event))
                    }
                    Stored::Overlap(interview) => {
                        let conflicts = Conflict::with_unseen(&interview, &made, request.can_allow_overlap());
                        if conflicts.is_empty() {
                            return Err(AttemptError::Overlap(interview, request.can_allow_overlap()));
                        }
                        return Err(Refusal::Conflicts(conflicts).into());
                    }
                    Stored::NeedsLocks => return Err(AttemptError::NeedsLocks),
                    Stored::TooManyOpen => return Err(self.limits.bookings.too_many_open_interviews().into()),
                },
            };
            applied.push(Made::now(interview, event));
        }
        unit.commit().await?;
        Ok(applied)
    }
}
