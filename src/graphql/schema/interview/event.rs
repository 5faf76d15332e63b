//! An interview's history.

use crate::domain;
use crate::domain::Field;
use crate::graphql::context::ContextExt;
use crate::graphql::loaders::CountOf;
use crate::graphql::relay::connection::Listed;
use crate::graphql::schema::enums::{InterviewEventType, Role, Side};
use crate::graphql::schema::interview::object::Interview;
use crate::graphql::schema::interview::user_errors::field_name;
use crate::graphql::schema::scalars::DateTime;
use async_graphql::{Context, ID, Object, Result};
use std::sync::Arc;

/// Something that happened to an interview: what changed, who did it, when.
pub struct InterviewEvent {
    pub event: domain::Event,
    pub interview: Arc<domain::Interview>,
}

/// Something that happened to an interview: what changed, who did it, when.
#[Object]
impl InterviewEvent {
    /// Its place in the log of all events; later events of one interview have higher ids.
    async fn id(&self) -> ID {
        self.event.id.0.into()
    }

    /// What happened.
    #[graphql(name = "type")]
    async fn event_type(&self) -> InterviewEventType {
        self.event.event_type.into()
    }

    /// When it happened.
    async fn at(&self) -> DateTime {
        self.event.at.into()
    }

    /// Who did it; null where the user is gone.
    async fn actor(&self, ctx: &Context<'_>) -> Option<Result<Actor>> {
        let id = self.event.actor_id?;
        let side = self.event.actor_side;
        Some(ctx.loader().user(ctx, id).await.map(|user| Actor { user, side }))
    }

    /// The interview, as it is now.
    async fn interview(&self) -> Interview {
        self.interview.clone().into()
    }

    /// The fields that changed.
    async fn changes(&self) -> Vec<FieldChange<'_>> {
        self.event.changes.iter().map(FieldChange).collect()
    }
}

/// Who did something to an interview.
pub struct Actor {
    user: Arc<domain::User>,
    side: domain::Side,
}

/// Who did something to an interview.
#[Object]
impl Actor {
    /// The user's id.
    async fn id(&self) -> ID {
        self.user.id.0.into()
    }

    /// The name to display.
    async fn title(&self) -> &str {
        &self.user.title
    }

    /// What kind of user they are.
    async fn role(&self) -> Role {
        self.user.authority.role().into()
    }

    /// The side for which they acted.
    async fn side(&self) -> Option<Side> {
        Some(self.side.into())
    }
}

/// A field that changed.
pub struct FieldChange<'a>(&'a domain::FieldChange);

/// A field that changed.
#[Object]
impl FieldChange<'_> {
    /// Its name in this schema.
    async fn field(&self) -> &'static str {
        field_name(self.0.field)
    }

    /// Its value before, as this schema prints it; null for none.
    async fn from(&self) -> Option<String> {
        self.printed(self.0.from.as_deref())
    }

    /// Its value afterwards, as this schema prints it; null for none.
    async fn to(&self) -> Option<String> {
        self.printed(self.0.to.as_deref())
    }
}

impl FieldChange<'_> {
    fn printed(&self, value: Option<&str>) -> Option<String> {
        match self.0.field {
            Field::Kind | Field::Status | Field::AmendedBy | Field::Absent => value.map(str::to_uppercase),
            _ => value.map(str::to_owned),
        }
    }
}

/// What a list of events was asked for.
pub enum EventQuery {
    /// The history of one interview.
    OfInterview(domain::InterviewId),
    /// What comes after a position of the log.
    Since(domain::LogPosition),
}

impl Listed for InterviewEvent {
    type ListPosition = domain::EventId;
    type Query = EventQuery;
    const NAME: &'static str = "InterviewEvent";

    fn position(&self, _: &EventQuery) -> domain::EventId {
        self.event.id
    }

    fn order(_: &EventQuery) {}

    async fn count(query: &EventQuery, ctx: &Context<'_>) -> Result<u64> {
        match query {
            EventQuery::OfInterview(id) => Ok(ctx.loader().load(ctx, CountOf::Events(*id)).await?.unwrap_or_default()),
            EventQuery::Since(position) => {
                let count = ctx.services().count_changes_since(ctx.viewer()?, *position).await;
                count.map_err(|error| ctx.failure(error))
            }
        }
    }
}
