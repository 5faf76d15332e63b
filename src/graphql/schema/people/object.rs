//! People and companies.

use crate::domain;
use crate::graphql::context::ContextExt;
use crate::graphql::direct_json::{Fragments, LoadedPeople, WriteJson, plain_fields};
use crate::graphql::relay::connection::Listed;
use crate::graphql::schema::enums::Role;
use async_graphql::parser::types::SelectionSet;
use async_graphql::{Context, ID, Object, Result};
use std::convert::Infallible;
use std::sync::Arc;

/// A driver who applied to companies.
pub struct Driver(pub Arc<domain::User>);

/// A driver who applied to companies.
#[Object]
impl Driver {
    /// The user's id.
    async fn id(&self) -> ID {
        self.0.id.0.into()
    }

    /// The name to display.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// Where their picture is.
    async fn image(&self) -> Option<&str> {
        self.0.image.as_deref()
    }

    /// Under which they can be reached.
    async fn phone_number(&self) -> Option<&str> {
        self.0.phone_number.as_deref()
    }
}

impl WriteJson for Driver {
    const NAME: &'static str = "Driver";
    type Nested = Infallible;

    plain_fields! { "id" => id, "title" => title, "image" => image, "phoneNumber" => phone_number, }

    fn nested(_: &str, _: &SelectionSet, _: &Fragments<'_>) -> Option<Infallible> {
        None
    }

    fn write_nested(&self, nested: &Infallible, _: &LoadedPeople<'_>, _: &mut Vec<u8>) -> Option<()> {
        match *nested {}
    }
}

/// A member of a company's staff whom it can send to an interview.
pub struct Interviewer(pub Arc<domain::User>);

/// A member of a company's staff whom it can send to an interview.
#[Object]
impl Interviewer {
    /// The user's id.
    async fn id(&self) -> ID {
        self.0.id.0.into()
    }

    /// The name to display.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// Where their picture is.
    async fn image(&self) -> Option<&str> {
        self.0.image.as_deref()
    }

    /// Under which drivers can reach them.
    async fn contact_phone_number(&self) -> Option<&str> {
        self.0.contact_phone_number.as_deref()
    }
}

impl WriteJson for Interviewer {
    const NAME: &'static str = "Interviewer";
    type Nested = Infallible;

    plain_fields! { "id" => id, "title" => title, "image" => image, "contactPhoneNumber" => contact_phone_number, }

    fn nested(_: &str, _: &SelectionSet, _: &Fragments<'_>) -> Option<Infallible> {
        None
    }

    fn write_nested(&self, nested: &Infallible, _: &LoadedPeople<'_>, _: &mut Vec<u8>) -> Option<()> {
        match *nested {}
    }
}

impl Listed for Interviewer {
    type ListPosition = domain::UserId;
    type Query = Option<String>;
    const NAME: &'static str = "Interviewer";

    fn position(&self, _: &Self::Query) -> domain::UserId {
        self.0.id
    }

    fn order(_: &Self::Query) {}

    async fn count(search: &Self::Query, ctx: &Context<'_>) -> Result<u64> {
        let count = ctx.services().count_interviewers(ctx.viewer()?, search.as_deref()).await;
        count.map_err(|error| ctx.failure(error))
    }
}

/// The user on whose behalf this request is answered.
pub struct Viewer(pub Arc<domain::Viewer>);

/// The user on whose behalf this request is answered.
#[Object]
impl Viewer {
    /// The user's id, the `sub` of the token.
    async fn id(&self) -> ID {
        self.0.id.0.into()
    }

    /// What kind of user they are.
    async fn role(&self) -> Role {
        self.0.authority.role().into()
    }

    /// The name to display.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// The company for which they work; none for drivers and admins.
    async fn company(&self, ctx: &Context<'_>) -> Option<Result<Company>> {
        let company = ctx.services().company_of(&self.0).await;
        company.map_err(|error| ctx.failure(error)).transpose().map(|company| company.map(Company))
    }
}

/// A company that interviews drivers: a tenant, whose interviews no other company sees.
pub struct Company(domain::Company);

/// A company that interviews drivers: a tenant, whose interviews no other company sees.
#[Object]
impl Company {
    /// Its id.
    async fn id(&self) -> ID {
        self.0.id.0.into()
    }

    /// What it is called.
    async fn name(&self) -> &str {
        &self.0.name
    }
}
