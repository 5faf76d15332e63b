//! The root fields `webhooks` and `webhook`.

use crate::domain::{CompanyId, WebhookId};
use crate::graphql::context::ContextExt;
use crate::graphql::relay::connection::Connection;
use crate::graphql::relay::page_arguments::PageArguments;
use crate::graphql::schema::webhooks::object::Webhook;
use async_graphql::{Context, ID, Object, Result};
use std::sync::Arc;

pub struct WebhookQueries;

#[Object]
impl WebhookQueries {
    /// The webhooks of a company, by id, for its managers, admins and services. Without a company, the webhooks that
    /// receive events of all companies, for admins and services. `FORBIDDEN` for others; a company that the viewer does
    /// not see has no webhooks.
    async fn webhooks(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The company's id.")] company_id: Option<ID>,
        #[graphql(desc = "The number of items, from 0 to 100. The default is 20.")] first: Option<i32>,
        #[graphql(desc = "Returns items after this cursor.")] after: Option<String>,
    ) -> Result<Connection<Webhook>> {
        let (viewer, window) = (ctx.viewer()?, PageArguments::forward(first, after).window(())?);
        let company = company_id.map(|id| CompanyId::from_text(&id));
        let page = ctx.map_failure(ctx.services().webhooks(viewer, company, &window).await)?;
        Ok(Connection::new(page, company, |webhook| Webhook(Arc::new(webhook))))
    }

    /// A webhook by its id. Null if there is none that the viewer manages.
    async fn webhook(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The webhook's id.")] id: ID,
    ) -> Option<Result<Webhook>> {
        let found = async {
            let found = ctx.services().webhook(ctx.viewer()?, WebhookId::from_text(&id)).await;
            ctx.map_failure(found)
        };
        found.await.transpose().map(|found| found.map(|webhook| Webhook(Arc::new(webhook))))
    }
}
