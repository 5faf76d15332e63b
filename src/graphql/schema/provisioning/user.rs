//! The type `User`.

use crate::domain::Account;
use crate::domain::provisioning::{AccountFilter, AccountPosition};
use crate::graphql::context::ContextExt;
use crate::graphql::direct_json::{WriteJson, written_fields};
use crate::graphql::relay::connection::Listed;
use crate::graphql::relay::cursor::{encode, position_by_id};
use crate::graphql::root_counts::RootCount;
use crate::graphql::schema::enums::Role;
use crate::graphql::schema::provisioning::company::Company;
use crate::graphql::schema::scalars::{DateTime, TimeZone};
use async_graphql::{Context, ID, Object, Result};
use std::convert::Infallible;
use std::sync::Arc;

#[derive(Clone)]
pub struct User(pub Arc<Account>);

/// A user as those see them who administer users.
#[Object]
impl User {
    /// The user's id: the claim `sub` of their tokens.
    fn id(&self) -> ID {
        self.0.user.id.0.into()
    }

    /// The user's role.
    fn role(&self) -> Role {
        self.0.user.authority.role().into()
    }

    /// The company that a member of staff works for. Null for all others.
    async fn company(&self, ctx: &Context<'_>) -> Option<Result<Company>> {
        let company = ctx.map_failure(ctx.loader().company(self.0.user.authority.company()?).await);
        Some(company.map(Company))
    }

    /// Whether the user is staff who may administer their company.
    fn manager(&self) -> bool {
        self.0.manages_company()
    }

    /// The name to display.
    fn title(&self) -> &str {
        &self.0.user.title
    }

    /// The URL of a picture. Null if there is none.
    fn image(&self) -> Option<&str> {
        self.0.user.image.as_deref()
    }

    /// A driver's own telephone number. Null if none is known.
    fn phone_number(&self) -> Option<&str> {
        self.0.user.phone_number.as_deref()
    }

    /// The telephone number under which drivers reach a member of staff. Null if none is known.
    fn contact_phone_number(&self) -> Option<&str> {
        self.0.user.contact_phone_number.as_deref()
    }

    /// The user's address for electronic mail. Null if none is known.
    fn email(&self) -> Option<&str> {
        self.0.email.as_deref()
    }

    /// The time zone that the user has chosen. Null if they have chosen none: staff are then in that of their company.
    fn time_zone(&self) -> Option<TimeZone> {
        self.0.time_zone.map(TimeZone)
    }

    /// Since when the user can no longer sign in. Null if they can.
    fn deactivated_at(&self) -> Option<DateTime> {
        self.0.deactivated_at.map(DateTime)
    }

    /// When the user was erased. Null if they were not.
    fn erased_at(&self) -> Option<DateTime> {
        self.0.erased_at.map(DateTime)
    }
}

impl WriteJson for User {
    type Nested = Infallible;

    written_fields! {
        "id" => id, "role" => role, "manager" => manager, "title" => title, "image" => image,
        "phoneNumber" => phone_number, "contactPhoneNumber" => contact_phone_number, "email" => email,
        "timeZone" => time_zone, "deactivatedAt" => deactivated_at, "erasedAt" => erased_at,
    }
}

position_by_id!(AccountPosition, 'u');

impl Listed for User {
    type Query = AccountFilter;

    fn cursor(&self, _: &Self::Query) -> String {
        encode(AccountPosition(self.0.user.id.0), ())
    }

    async fn count(filter: &Self::Query, ctx: &Context<'_>) -> Result<u64> {
        let count = RootCount::Users(filter.clone());
        ctx.map_failure(ctx.root_counts().count(ctx.viewer()?, count).await)
    }
}
