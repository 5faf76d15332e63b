//! The type `Company`.

use crate::domain::{self, CompanyId, Search};
use crate::graphql::context::ContextExt;
use crate::graphql::direct_json::{WriteJson, written_fields};
use crate::graphql::loaders::SettingsOf;
use crate::graphql::relay::connection::Listed;
use crate::graphql::relay::cursor::{encode, position_by_id};
use crate::graphql::root_counts::RootCount;
use crate::graphql::schema::scalars::TimeZone;
use crate::graphql::schema::settings::object::CompanySettings;
use async_graphql::{Context, ID, Object, Result};
use std::convert::Infallible;
use std::sync::Arc;

#[derive(Clone)]
pub struct Company(pub Arc<domain::Company>);

/// A company that interviews drivers. Each company is a tenant: its interviews are not visible to other companies.
#[Object]
impl Company {
    /// The id.
    fn id(&self) -> ID {
        self.0.id.0.into()
    }

    /// The name.
    fn name(&self) -> &str {
        &self.0.name
    }

    /// The URL of a picture. Null if there is none.
    fn image(&self) -> Option<&str> {
        self.0.image.as_deref()
    }

    /// The time zone of its staff who have chosen no other.
    fn time_zone(&self) -> TimeZone {
        TimeZone(self.0.time_zone)
    }

    /// What the company has set for itself. Null for drivers.
    async fn settings(&self, ctx: &Context<'_>) -> Result<Option<CompanySettings>> {
        let settings = ctx.map_failure(ctx.loader().load(SettingsOf(self.0.id)).await)?;
        Ok(settings.map(|settings| CompanySettings::new(self.0.id, settings)))
    }
}

impl WriteJson for Company {
    type Nested = Infallible;

    written_fields! { "id" => id, "name" => name, "image" => image, "timeZone" => time_zone, }
}

position_by_id!(CompanyId, 'c');

impl Listed for Company {
    /// The text that the names have to contain.
    type Query = Option<Search>;

    fn cursor(&self, _: &Self::Query) -> String {
        encode(self.0.id, ())
    }

    async fn count(search: &Self::Query, ctx: &Context<'_>) -> Result<u64> {
        let count = RootCount::Companies(search.clone());
        ctx.map_failure(ctx.root_counts().count(ctx.viewer()?, count).await)
    }
}
