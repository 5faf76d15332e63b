//! Creating, changing and deleting webhooks.

use super::status::{store_change, store_new};
use crate::domain::webhook::{NewWebhook, Webhook, WebhookPatch, WebhookRefusal, WebhookResult, WebhookSecret};
use crate::domain::{ExpectedVersion, Viewer, WebhookId};
use crate::services::retry::repeat;
use crate::services::{ServiceError, Services};
use crate::storage::webhooks::{self, list, store};
use crate::storage::{LockWait, StorageError, Transaction, companies};
use chrono::TimeDelta;

type Result<T, E = ServiceError> = std::result::Result<T, E>;

impl Services {
    /// Creates a webhook, which is enabled. Refused to all who do not manage the company, or all companies.
    pub async fn create_webhook(&self, viewer: &Viewer, new: &NewWebhook) -> Result<WebhookResult<Webhook>> {
        match new.company_id {
            Some(_) => viewer.permit_webhooks()?,
            None => viewer.permit_webhooks_of_all_companies()?,
        }
        Ok(repeat(|_| false, || self.try_to_create_webhook(viewer, new)).await?)
    }

    async fn try_to_create_webhook(
        &self,
        viewer: &Viewer,
        new: &NewWebhook,
    ) -> Result<WebhookResult<Webhook>, StorageError> {
        if !viewer.manages_webhooks_of(new.company_id) {
            return Ok(Err(WebhookRefusal::UnknownCompany));
        }
        let policy = self.webhooks.options.transport.policy;
        let webhook = match new.clone().create(new_secret(), policy, self.clock.now()) {
            Ok(webhook) => webhook,
            Err(errors) => return Ok(Err(WebhookRefusal::Invalid(errors))),
        };
        let _permit = self.db.permit_change(viewer.id, LockWait::Full).await?;
        let transaction = self.db.begin_change(LockWait::Full).await?;
        webhooks::lock(&transaction).await?;
        if let Some(company) = new.company_id
            && companies::by_ids(&transaction, &[company]).await?.is_empty()
        {
            return Ok(Err(WebhookRefusal::UnknownCompany));
        }
        let limit = Webhook::MAX_PER_COMPANY;
        if list::count(&transaction, new.company_id, limit).await? >= limit {
            return Ok(Err(WebhookRefusal::TooMany));
        }
        let webhook = store_new(&transaction, webhook).await?;
        transaction.commit().await?;
        Ok(Ok(webhook))
    }

    /// Changes a webhook. One that is enabled again receives the events that it has missed.
    pub async fn update_webhook(
        &self,
        viewer: &Viewer,
        id: WebhookId,
        patch: &WebhookPatch,
        expected: &ExpectedVersion,
    ) -> Result<WebhookResult<Webhook>> {
        self.change_webhook(viewer, id, |webhook| {
            if !expected.matches(webhook.version) {
                return Err(WebhookRefusal::Stale(webhook.version));
            }
            let policy = self.webhooks.options.transport.policy;
            webhook.update(patch.clone(), policy, self.clock.now()).map_err(WebhookRefusal::Invalid)
        })
        .await
    }

    /// Gives a webhook a new secret. Messages are signed with the present one as well for `overlap`.
    pub async fn rotate_webhook_secret(
        &self,
        viewer: &Viewer,
        id: WebhookId,
        overlap: TimeDelta,
    ) -> Result<WebhookResult<Webhook>> {
        self.change_webhook(viewer, id, |webhook| {
            Ok(Some(webhook.rotate_secret(new_secret(), overlap, self.clock.now())))
        })
        .await
    }

    /// `change` returns the webhook afterwards; none if nothing changes.
    async fn change_webhook(
        &self,
        viewer: &Viewer,
        id: WebhookId,
        change: impl Fn(&Webhook) -> WebhookResult<Option<Webhook>>,
    ) -> Result<WebhookResult<Webhook>> {
        viewer.permit_webhooks()?;
        let attempt = async || {
            let _permit = self.db.permit_change(viewer.id, LockWait::Full).await?;
            let transaction = self.db.begin_change(LockWait::Full).await?;
            let Some(before) = lock_managed(&transaction, viewer, id).await? else {
                return Ok(Err(WebhookRefusal::UnknownWebhook));
            };
            let after = match change(&before) {
                Ok(Some(after)) => after,
                Ok(None) => return Ok(Ok(before)),
                Err(refusal) => return Ok(Err(refusal)),
            };
            let stored = store_change(&transaction, &before, after, self.clock.now()).await?;
            transaction.commit().await?;
            // One that is enabled again may have deliveries that are due.
            self.webhooks.announce_deliveries();
            Ok(Ok(stored))
        };
        Ok(repeat(|_| false, attempt).await?)
    }

    /// Deletes a webhook with its deliveries.
    pub async fn delete_webhook(&self, viewer: &Viewer, id: WebhookId) -> Result<WebhookResult<()>> {
        viewer.permit_webhooks()?;
        Ok(repeat(|_| false, || self.try_to_delete_webhook(viewer, id)).await?)
    }

    async fn try_to_delete_webhook(&self, viewer: &Viewer, id: WebhookId) -> Result<WebhookResult<()>, StorageError> {
        let _permit = self.db.permit_change(viewer.id, LockWait::Full).await?;
        let transaction = self.db.begin_change(LockWait::Full).await?;
        let Some(webhook) = lock_managed(&transaction, viewer, id).await? else {
            return Ok(Err(WebhookRefusal::UnknownWebhook));
        };
        let now = self.clock.now();
        store_change(&transaction, &webhook, webhook.paused(now), now).await?;
        store::delete(&transaction, id, now).await?;
        transaction.commit().await?;
        Ok(Ok(()))
    }
}

/// The webhook with this id, if the viewer manages it, locked together with all changes of webhooks.
pub(super) async fn lock_managed(
    transaction: &Transaction,
    viewer: &Viewer,
    id: WebhookId,
) -> Result<Option<Webhook>, StorageError> {
    webhooks::lock(transaction).await?;
    let webhook = list::lock(transaction, id).await?;
    Ok(webhook.filter(|webhook| viewer.manages_webhooks_of(webhook.company_id)))
}

fn new_secret() -> WebhookSecret {
    WebhookSecret::from_bytes(rand::random())
}
