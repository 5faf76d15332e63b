//! The types `Viewer` and `Company`.

use crate::domain;
use crate::graphql::context::ContextExt;
use crate::graphql::schema::enums::Role;
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
        let company = ctx.map_failure(ctx.services().company_of(&self.0).await);
        company.transpose().map(|company| company.map(Company))
    }
}

pub struct Company(domain::Company);

/// A company that interviews drivers. Each company is a tenant: its interviews are not visible to other companies.
#[Object]
impl Company {
    /// The id.
    async fn id(&self) -> ID {
        self.0.id.0.into()
    }

    /// The name.
    async fn name(&self) -> &str {
        &self.0.name
    }
}
