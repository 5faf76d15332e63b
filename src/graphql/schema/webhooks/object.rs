//! The type `Webhook`.

use crate::domain::{self, CompanyId, DeliveryId, WebhookId};
use crate::graphql::context::ContextExt;
use crate::graphql::direct_json::{WriteJson, written_fields};
use crate::graphql::loaders::DeliveriesOf;
use crate::graphql::relay::connection::{Connection, Listed};
use crate::graphql::relay::cursor::{encode, position_by_id};
use crate::graphql::relay::page_arguments::PageArguments;
use crate::graphql::root_counts::RootCount;
use crate::graphql::schema::provisioning::company::Company;
use crate::graphql::schema::scalars::DateTime;
use crate::graphql::schema::webhooks::delivery::WebhookDelivery;
use crate::graphql::schema::webhooks::enums::{DeliveryState, WebhookDisabledReason, WebhookStatus, WebhookType};
use async_graphql::{Context, ID, Object, Result};
use std::convert::Infallible;
use std::sync::Arc;

#[derive(Clone)]
pub struct Webhook(pub Arc<domain::webhook::Webhook>);

/// A URL to which the server sends a message about each event, signed as in Standard Webhooks. Its secret is shown when
/// it is created or replaced, and never again.
#[Object]
impl Webhook {
    /// The id.
    fn id(&self) -> ID {
        self.0.id.0.into()
    }

    /// Where messages are sent.
    fn url(&self) -> &str {
        &self.0.url
    }

    /// The company of whose interviews it receives events. Null if it receives those of all companies.
    async fn company(&self, ctx: &Context<'_>) -> Option<Result<Company>> {
        let company = ctx.map_failure(ctx.loader().company(self.0.company_id?).await);
        Some(company.map(Company))
    }

    /// The types of messages that it receives. Null for all, also those that a later release adds.
    async fn types(&self) -> Option<Vec<WebhookType>> {
        self.0.types.as_ref().map(|types| types.iter().copied().map(WebhookType::from).collect())
    }

    /// What it is for.
    fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// Whether it receives messages.
    fn status(&self) -> WebhookStatus {
        self.0.status.into()
    }

    /// Why the server has switched it off. Null unless its status is `DISABLED`.
    fn disabled_reason(&self) -> Option<WebhookDisabledReason> {
        self.0.disabled_reason.map(WebhookDisabledReason::from)
    }

    /// When the first attempt failed since one last succeeded. Null if the last attempt succeeded, or if there was none
    /// yet, and after its URL has changed or it was switched on again.
    fn failing_since(&self) -> Option<DateTime> {
        self.0.failing_since.map(DateTime)
    }

    /// A counter that each change increments by one. Send it as `expectedVersion` to detect concurrent changes.
    fn version(&self) -> i32 {
        self.0.version
    }

    /// When it was created.
    fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// What was and is being sent to it, newest first. What has ended is removed after `WEBHOOK_RETENTION`, which is 30
    /// days by default.
    async fn deliveries(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The number of items, from 0 to 100. The default is 20.")] first: Option<i32>,
        #[graphql(desc = "Returns items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Returns deliveries in one of these states. Absent, null or empty: in any.")] state: Option<
            Vec<DeliveryState>,
        >,
    ) -> Result<Connection<WebhookDelivery>> {
        let window = PageArguments::forward(first, after).window(())?;
        let states: Vec<_> = state.unwrap_or_default().into_iter().map(Into::into).collect();
        let key = DeliveriesOf { webhook: self.0.id, states, window };
        let page = ctx.map_failure(ctx.loader().load(key.clone()).await)?.unwrap_or_default();
        Ok(Connection::new(page, key, |delivery| WebhookDelivery(Arc::new(delivery))))
    }
}

impl WriteJson for Webhook {
    const FREE_TEXTS: &'static [&'static str] = &["url", "description"];

    fn text_length(&self) -> usize {
        self.0.url.len() + self.0.description.as_ref().map_or(0, String::len)
    }

    type Nested = Infallible;

    written_fields! {
        "id" => id, "url" => url, "description" => description, "status" => status,
        "disabledReason" => disabled_reason, "failingSince" => failing_since, "version" => version,
        "createdAt" => created_at,
    }
}

position_by_id!(WebhookId, 'w');
position_by_id!(DeliveryId, 'd');

impl Listed for Webhook {
    /// The company; none for the webhooks without one.
    type Query = Option<CompanyId>;

    fn cursor(&self, _: &Self::Query) -> String {
        encode(self.0.id, ())
    }

    async fn count(company: &Self::Query, ctx: &Context<'_>) -> Result<u64> {
        ctx.map_failure(ctx.root_counts().count(ctx.viewer()?, RootCount::Webhooks(*company)).await)
    }
}
