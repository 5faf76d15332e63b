//! The type `Viewer`.

use crate::domain;
use crate::graphql::context::ContextExt;
use crate::graphql::schema::enums::Role;
use crate::graphql::schema::provisioning::company::Company;
use crate::graphql::schema::scalars::TimeZone;
use async_graphql::{Context, ID, Object, Result};
use std::sync::Arc;

pub struct Viewer(pub Arc<domain::Viewer>);

/// The authenticated user.
#[Object]
impl Viewer {
    /// The user's id: the claim `sub` of the token.
    async fn id(&self) -> ID {
        self.0.id.0.into()
    }

    /// The user's role.
    async fn role(&self) -> Role {
        self.0.authority.role().into()
    }

    /// The name to display.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// Whether the viewer is staff who may administer their company.
    async fn manager(&self) -> bool {
        self.0.manager
    }

    /// The company that a member of staff works for. Null for drivers, admins and services.
    async fn company(&self, ctx: &Context<'_>) -> Option<Result<Company>> {
        let company = ctx.map_failure(ctx.loader().company(self.0.authority.company()?).await);
        Some(company.map(Company))
    }

    /// The time zone in which the viewer reads times: their own, or else that of their company, or else UTC.
    async fn time_zone(&self, ctx: &Context<'_>) -> Result<TimeZone> {
        let zone = match (self.0.time_zone, self.0.authority.company()) {
            (Some(own), _) => own,
            (None, Some(company)) => ctx.map_failure(ctx.loader().company(company).await)?.time_zone,
            (None, None) => domain::TimeZone::UTC,
        };
        Ok(TimeZone(zone))
    }
}
