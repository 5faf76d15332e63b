//! Erases a person on behalf of an admin or of the platform.

use crate::domain::erasure::{Erasure, MAX_SHOWN};
use crate::domain::provisioning;
use crate::domain::{UserId, Viewer};
use crate::services::retry::repeat;
use crate::services::{ServiceError, Services};
use crate::storage::calendars::feeds;
use crate::storage::unit_of_work::{Change, Stored, store_within};
use crate::storage::{LockWait, StorageError, erasure, idempotency, webhooks};

impl Services {
    /// Erases a person: nothing stays but the id, the role, and what interviews say about both sides. Everything is
    /// written, or nothing. Interviews that are open are cancelled if the caller asks for it. Refused to all but admins
    /// and services.
    ///
    /// It takes three statements for each open interview.
    pub async fn erase_user(&self, viewer: &Viewer, id: UserId, cancel_open: bool) -> Result<Erasure, ServiceError> {
        provisioning::permit(viewer)?;
        let erasure = repeat(|_| false, || self.try_to_erase(viewer, id, cancel_open)).await?;
        self.viewers.forget([id]);
        self.announce_events();
        Ok(erasure)
    }

    async fn try_to_erase(&self, viewer: &Viewer, id: UserId, cancel_open: bool) -> Result<Erasure, StorageError> {
        let _permit = self.db.permit_change(viewer.id, LockWait::Full).await?;
        let transaction = self.db.begin_change(LockWait::Full).await?;
        let mut open = erasure::lock_open_interviews(&transaction, id).await?;
        let Some(account) = erasure::lock_account(&transaction, id).await? else { return Ok(Erasure::UnknownUser) };
        if account.erased_at.is_some() {
            return Ok(Erasure::Erased(account));
        }
        if !open.is_empty() && !cancel_open {
            open.truncate(MAX_SHOWN);
            return Ok(Erasure::OpenInterviews(open));
        }
        let now = self.clock.now();
        for interview in open {
            let transition = interview.cancel_for_erasure(now);
            match store_within(&transaction, Change::new(viewer, Some(&interview), transition, 0)).await? {
                Stored::Done(..) => {}
                // A cancellation takes nobody's time, and the row is locked.
                Stored::NeedsLocks | Stored::Overlap(_) | Stored::TooManyOpen => {
                    return Err(StorageError::contended());
                }
            }
        }
        erasure::erase_reasons(&transaction, id).await?;
        webhooks::erasure::erase(&transaction, id).await?;
        feeds::delete_all(&transaction, id).await?;
        idempotency::forget_user(&transaction, id).await?;
        let erased = account.erased(now);
        erasure::store_account(&transaction, erased.clone()).await?;
        transaction.commit().await?;
        Ok(Erasure::Erased(erased))
    }
}
