//! Repeats the attempts of a change until one is final.

use crate::domain::{Interview, Refusal, Viewer};
use crate::services::retry::{ATTEMPTS, pause_before_retry};
use crate::services::{ServiceError, Services};
use crate::storage::unit_of_work::Locking;
#[cfg(doc)]
use crate::storage::unit_of_work::Stored;
use crate::storage::{LockWait, StorageError};

/// Why an attempt stored nothing.
pub(super) enum AttemptError {
    /// It was refused or failed.
    Final(ServiceError),
    /// See [`Stored::NeedsLocks`].
    NeedsLocks,
    /// See [`Stored::Overlap`], with whether the request could have allowed it.
    Overlap(Box<Interview>, bool),
}

impl Services {
    /// Begins with this locking, and goes on with locks.
    pub(super) async fn attempt_until_final<T, F: Future<Output = Result<T, AttemptError>>>(
        &self,
        viewer: &Viewer,
        mut locking: Locking,
        attempt: impl Fn(Locking) -> F,
    ) -> Result<T, ServiceError> {
        let mut attempts = 0;
        loop {
            let error = match attempt(locking).await {
                Ok(done) => {
                    self.announce_events();
                    return Ok(done);
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
                Err(AttemptError::Overlap(interview, overridable)) => {
                    let conflicts = self.conflicts(viewer, &interview, overridable).await?;
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
}

/// Nothing is stored of a refusal: who looks for the times at which a person is busy leaves a trace in the log only.
fn log_conflict(viewer: &Viewer, interview: &Interview) {
    let Interview { id, interviewee_id, interviewer_id, driver_id, .. } = interview;
    tracing::info!(user = %viewer.id, interview = %id, interviewee = %interviewee_id, driver = %driver_id,
        interviewer = %interviewer_id, "a change was refused because a person is busy at that time");
}
