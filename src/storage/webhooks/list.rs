//! Queries on webhooks. What is deleted exists for none of them.

use crate::domain::page::{Page, Window};
use crate::domain::webhook::{Webhook, WebhookStatus};
use crate::domain::{CompanyId, WebhookId};
use crate::storage::Result;
use crate::storage::database::count::count_up_to;
use crate::storage::database::keyset::paginate;
use crate::storage::entities::webhook;
use sea_orm::sea_query::LockType;
use sea_orm::{ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, Select};
use webhook::{COLUMN, Column};

/// The webhook with this id. Permissions are not checked here.
pub(crate) async fn find(connection: &impl ConnectionTrait, id: WebhookId) -> Result<Option<Webhook>> {
    let row = existing().filter(COLUMN.id.eq(id.0)).one(connection).await?;
    row.map(Webhook::try_from).transpose()
}

/// The same, and no other transaction changes it until this one ends. Its deliveries can be queued meanwhile.
pub(crate) async fn lock(transaction: &impl ConnectionTrait, id: WebhookId) -> Result<Option<Webhook>> {
    let row = existing().filter(COLUMN.id.eq(id.0)).lock(LockType::NoKeyUpdate).one(transaction).await?;
    row.map(Webhook::try_from).transpose()
}

/// A page of the webhooks of a company, or of those without one, by id.
pub(crate) async fn page(
    connection: &impl ConnectionTrait,
    company: Option<CompanyId>,
    window: &Window<WebhookId>,
) -> Result<Page<Webhook>> {
    let query = paginate(of(company), &[Column::Id], false, window, |id| vec![id.0.into()]);
    let rows = query.all(connection).await?.into_iter().map(Webhook::try_from);
    Ok(window.page(rows.collect::<Result<_>>()?))
}

/// The number of webhooks of a company, or of those without one, up to a ceiling.
pub(crate) async fn count(connection: &impl ConnectionTrait, company: Option<CompanyId>, ceiling: u64) -> Result<u64> {
    count_up_to(connection, of(company), ceiling).await
}

/// Whether any webhook is enabled.
pub(crate) async fn is_any_enabled(connection: &impl ConnectionTrait) -> Result<bool> {
    let enabled = existing().filter(COLUMN.status.eq(WebhookStatus::Enabled.into_str()));
    Ok(count_up_to(connection, enabled, 1).await? > 0)
}

fn existing() -> Select<webhook::Entity> {
    webhook::Entity::find().filter(COLUMN.deleted_at.is_null())
}

fn of(company: Option<CompanyId>) -> Select<webhook::Entity> {
    existing().filter(match company {
        Some(company) => COLUMN.company_id.eq(company.0),
        None => COLUMN.company_id.is_null(),
    })
}
