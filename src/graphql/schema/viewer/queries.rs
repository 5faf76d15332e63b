//! The root field `viewer`.

use crate::graphql::context::ContextExt;
use crate::graphql::schema::viewer::object::Viewer;
use async_graphql::{Context, Object, Result};

pub struct ViewerQueries;

#[Object]
impl ViewerQueries {
    /// The authenticated user.
    async fn viewer(&self, ctx: &Context<'_>) -> Result<Viewer> {
        Ok(Viewer(ctx.viewer()?.clone()))
    }
}
