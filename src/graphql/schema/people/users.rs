//! The types `Driver` and `Interviewer`.

use crate::domain::{Search, User, UserId};
use crate::graphql::context::ContextExt;
use crate::graphql::direct_json::{WriteJson, written_fields};
use crate::graphql::relay::connection::Listed;
use crate::graphql::relay::cursor::{encode, position_by_id};
use crate::graphql::root_counts::RootCount;
use async_graphql::{Context, ID, Object, Result};
use std::convert::Infallible;
use std::sync::Arc;

#[derive(Clone)]
pub struct Driver(pub Arc<User>);

/// A driver who has applied to one or more companies.
#[Object]
impl Driver {
    /// The user's id.
    fn id(&self) -> ID {
        self.0.id.0.into()
    }

    /// The name to display.
    fn title(&self) -> &str {
        &self.0.title
    }

    /// The URL of a picture. Null if there is none.
    fn image(&self) -> Option<&str> {
        self.0.image.as_deref()
    }

    /// The driver's telephone number. Null if none is known.
    fn phone_number(&self) -> Option<&str> {
        self.0.phone_number.as_deref()
    }
}

impl WriteJson for Driver {
    type Nested = Infallible;

    written_fields! { "id" => id, "title" => title, "image" => image, "phoneNumber" => phone_number, }
}

#[derive(Clone)]
pub struct Interviewer(pub Arc<User>);

/// A member of a company's staff who conducts interviews.
#[Object]
impl Interviewer {
    /// The user's id.
    fn id(&self) -> ID {
        self.0.id.0.into()
    }

    /// The name to display.
    fn title(&self) -> &str {
        &self.0.title
    }

    /// The URL of a picture. Null if there is none.
    fn image(&self) -> Option<&str> {
        self.0.image.as_deref()
    }

    /// The telephone number for drivers. Null if none is known.
    fn contact_phone_number(&self) -> Option<&str> {
        self.0.contact_phone_number.as_deref()
    }
}

impl WriteJson for Interviewer {
    type Nested = Infallible;

    written_fields! { "id" => id, "title" => title, "image" => image, "contactPhoneNumber" => contact_phone_number, }
}

position_by_id!(UserId, 'p');

impl Listed for Interviewer {
    /// The text that the names have to contain.
    type Query = Option<Search>;

    fn cursor(&self, _: &Self::Query) -> String {
        encode(self.0.id, ())
    }

    async fn count(search: &Self::Query, ctx: &Context<'_>) -> Result<u64> {
        let count = RootCount::Interviewers(search.clone());
        ctx.map_failure(ctx.root_counts().count(ctx.viewer()?, count).await)
    }
}
