//! Creating, changing and deleting webhooks.

use super::status::{store_change, store_new};
use crate::domain::webhook::{NewWebhook, Webhook, WebhookPatch, WebhookRefusal, WebhookResult, WebhookSecret};
use crate::domain::{ExpectedVersion, IdempotencyKey, KeyedRequest, Viewer, WebhookId};
use crate::services::retry::repeat;
use crate::services::{ServiceError, Services};
use crate::storage::webhooks::{self, list, store};
use crate::storage::{LockWait, StorageError, Transaction, companies, idempotency};
use chrono::TimeDelta;
use serde::Serialize;

type Result<T, E = ServiceError> = std::result::Result<T, E>;

/// A webhook that was changed, or one that is as it should be already.
#[derive(Clone, Debug)]
pub struct ChangedWebhook {
    /// The webhook afterwards; as it is now, if an earlier request has changed it.
    pub webhook: Webhook,
    /// Whether an earlier request with the same key has made the change.
    pub replayed: bool,
}

/// What is requested with a key. The names and fields identify the request together with its key, in all releases.
#[derive(Serialize)]
enum WebhookRequest<'a> {
    CreateWebhook(&'a NewWebhook),
    RotateWebhookSecret { id: WebhookId, overlap_minutes: i64 },
}

impl Services {
    /// Creates a webhook, which is enabled. Refused to all who do not manage the company, or all companies.
    pub async fn create_webhook(
        &self,
        viewer: &Viewer,
        new: &NewWebhook,
        key: Option<&IdempotencyKey>,
    ) -> Result<WebhookResult<ChangedWebhook>> {
        match new.company_id {
            Some(_) => viewer.permit_webhooks()?,
            None => viewer.permit_webhooks_of_all_companies()?,
        }
        let keyed = self.keyed(viewer, key, WebhookRequest::CreateWebhook(new));
        Ok(repeat(|_| false, || self.try_to_create_webhook(viewer, new, keyed.as_ref())).await?)
    }

    async fn try_to_create_webhook(
        &self,
        viewer: &Viewer,
        new: &NewWebhook,
        keyed: Option<&KeyedRequest>,
    ) -> Result<WebhookResult<ChangedWebhook>, StorageError> {
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
        if let Some(replayed) = replayed(&transaction, viewer, keyed).await? {
            return Ok(replayed);
        }
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
        remember(&transaction, keyed, &webhook).await?;
        transaction.commit().await?;
        Ok(Ok(ChangedWebhook { webhook, replayed: false }))
    }

    /// Changes a webhook. One that is enabled again receives the events that it has missed.
    pub async fn update_webhook(
        &self,
        viewer: &Viewer,
        id: WebhookId,
        patch: &WebhookPatch,
        expected: &ExpectedVersion,
    ) -> Result<WebhookResult<ChangedWebhook>> {
        self.change_webhook(viewer, id, None, |webhook| {
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
        key: Option<&IdempotencyKey>,
    ) -> Result<WebhookResult<ChangedWebhook>> {
        let request = WebhookRequest::RotateWebhookSecret { id, overlap_minutes: overlap.num_minutes() };
        let keyed = self.keyed(viewer, key, request);
        self.change_webhook(viewer, id, keyed, |webhook| {
            Ok(Some(webhook.rotate_secret(new_secret(), overlap, self.clock.now())))
        })
        .await
    }

    /// `change` returns the webhook afterwards; none if nothing changes.
    async fn change_webhook(
        &self,
        viewer: &Viewer,
        id: WebhookId,
        keyed: Option<KeyedRequest>,
        change: impl Fn(&Webhook) -> WebhookResult<Option<Webhook>>,
    ) -> Result<WebhookResult<ChangedWebhook>> {
        viewer.permit_webhooks()?;
        let attempt = async || {
            let _permit = self.db.permit_change(viewer.id, LockWait::Full).await?;
            let transaction = self.db.begin_change(LockWait::Full).await?;
            if let Some(replayed) = replayed(&transaction, viewer, keyed.as_ref()).await? {
                return Ok(replayed);
            }
            let Some(before) = lock_managed(&transaction, viewer, id).await? else {
                return Ok(Err(WebhookRefusal::UnknownWebhook));
            };
            let after = match change(&before) {
                Ok(Some(after)) => after,
                Ok(None) => return Ok(Ok(ChangedWebhook { webhook: before, replayed: false })),
                Err(refusal) => return Ok(Err(refusal)),
            };
            let webhook = store_change(&transaction, &before, after, self.clock.now()).await?;
            remember(&transaction, keyed.as_ref(), &webhook).await?;
            transaction.commit().await?;
            // One that is enabled again may have deliveries that are due.
            self.webhooks.announce_deliveries();
            Ok(Ok(ChangedWebhook { webhook, replayed: false }))
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

/// What an earlier request with the same key has changed, if there was one. Other requests with the key wait until the
/// end of the transaction.
async fn replayed(
    transaction: &Transaction,
    viewer: &Viewer,
    keyed: Option<&KeyedRequest>,
) -> Result<Option<WebhookResult<ChangedWebhook>>, StorageError> {
    let Some(keyed) = keyed else { return Ok(None) };
    let subject = match keyed.replayed(idempotency::lock(transaction, keyed).await?) {
        Ok(Some(subject)) => WebhookId(subject),
        Ok(None) => return Ok(None),
        Err(_) => return Ok(Some(Err(WebhookRefusal::KeyReused))),
    };
    let webhook = list::find(transaction, subject).await?;
    let webhook = webhook.filter(|webhook| viewer.manages_webhooks_of(webhook.company_id));
    let changed = webhook.map(|webhook| ChangedWebhook { webhook, replayed: true });
    Ok(Some(changed.ok_or(WebhookRefusal::UnknownWebhook)))
}

async fn remember(
    transaction: &Transaction,
    keyed: Option<&KeyedRequest>,
    webhook: &Webhook,
) -> Result<(), StorageError> {
    match keyed {
        Some(keyed) => idempotency::remember(transaction, keyed, webhook.id.0).await,
        None => Ok(()),
    }
}

fn new_secret() -> WebhookSecret {
    WebhookSecret::from_bytes(rand::random())
}
