//! Lists of webhooks, of their deliveries, and of the attempts to make these.

use crate::domain::page::{Page, Window};
use crate::domain::webhook::{Attempt, Delivery, DeliveryState, Webhook};
use crate::domain::{CompanyId, DeliveryId, Event, EventId, Interview, Viewer, WebhookId};
use crate::services::{ServiceError, Services};
use crate::storage::webhooks::{attempts, deliveries, list};
use crate::storage::{history, interviews};
use std::borrow::Cow;
use std::collections::HashMap;

type Result<T, E = ServiceError> = std::result::Result<T, E>;

impl Services {
    /// The webhook with this id, if the viewer manages it.
    pub async fn webhook(&self, viewer: &Viewer, id: WebhookId) -> Result<Option<Webhook>> {
        let found = list::find(&*self.reader(viewer).await?, id).await?;
        Ok(found.filter(|webhook| viewer.manages_webhooks_of(webhook.company_id)))
    }

    /// A page of the webhooks of a company, or of those without one. Refused to those who manage none of them. A
    /// company that the viewer does not manage has no webhooks.
    pub async fn webhooks(
        &self,
        viewer: &Viewer,
        company: Option<CompanyId>,
        window: &Window<WebhookId>,
    ) -> Result<Page<Webhook>> {
        if !may_list(viewer, company)? {
            return Ok(Page::default());
        }
        Ok(list::page(&*self.reader(viewer).await?, company, window).await?)
    }

    /// The number of webhooks on all pages, up to [`ServiceLimits::max_count`](crate::services::ServiceLimits).
    pub async fn count_webhooks(&self, viewer: &Viewer, company: Option<CompanyId>) -> Result<u64> {
        if !may_list(viewer, company)? {
            return Ok(0);
        }
        Ok(list::count(&*self.reader(viewer).await?, company, self.limits.max_count).await?)
    }

    /// The same page of the deliveries of each of these webhooks, newest first. Without states, those in all states.
    /// The webhooks have to come from rows that the viewer manages, as in the functions below.
    pub async fn deliveries_of(
        &self,
        viewer: &Viewer,
        webhooks: &[WebhookId],
        states: &[DeliveryState],
        window: &Window<DeliveryId>,
    ) -> Result<HashMap<WebhookId, Page<Delivery>>> {
        Ok(deliveries::pages_by_webhook(&*self.reader(viewer).await?, webhooks, states, window).await?)
    }

    /// The number of deliveries of each of these webhooks, up to the same limit.
    pub async fn count_deliveries_of(
        &self,
        viewer: &Viewer,
        webhooks: &[WebhookId],
        states: &[DeliveryState],
    ) -> Result<HashMap<WebhookId, u64>> {
        let (reader, ceiling) = (self.reader(viewer).await?, self.limits.max_count);
        Ok(deliveries::counts_by_webhook(&*reader, webhooks, states, ceiling).await?)
    }

    /// The last [`Delivery::MAX_SHOWN_ATTEMPTS`] attempts of each of these deliveries, oldest first.
    pub async fn attempts_of(
        &self,
        viewer: &Viewer,
        deliveries: &[DeliveryId],
    ) -> Result<HashMap<DeliveryId, Vec<Attempt>>> {
        let limit = Delivery::MAX_SHOWN_ATTEMPTS;
        Ok(attempts::by_delivery(&*self.reader(viewer).await?, deliveries, limit).await?)
    }

    /// Those of these events that the viewer sees, with their interviews as they are now, in no particular order.
    pub async fn events_by_ids(&self, viewer: &Viewer, ids: &[EventId]) -> Result<Vec<(Event, Option<Interview>)>> {
        let (reader, scope) = (self.reader(viewer).await?, viewer.scope());
        let events = history::by_ids(&*reader, scope, ids).await?;
        let interview_ids: Vec<_> = events.iter().map(|event| event.interview_id).collect();
        let interviews = interviews::by_ids(&*reader, scope, &interview_ids).await?;
        let of = |event: &Event| interviews.iter().find(|interview| interview.id == event.interview_id).cloned();
        let seen = events.iter().filter_map(|event| event.seen_in(scope)).map(Cow::into_owned);
        Ok(seen.map(|event| (of(&event), event)).map(|(interview, event)| (event, interview)).collect())
    }
}

fn may_list(viewer: &Viewer, company: Option<CompanyId>) -> Result<bool> {
    match company {
        Some(_) => viewer.permit_webhooks()?,
        None => viewer.permit_webhooks_of_all_companies()?,
    }
    Ok(viewer.manages_webhooks_of(company))
}
