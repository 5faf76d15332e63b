//! The type `InterviewPayload`: the result of a mutation, and its warnings.

use crate::domain::{self, TimeSlot};
use crate::graphql::context::ContextExt;
use crate::graphql::direct_json::DirectObject;
use crate::graphql::schema::enums::{Side, WarningCode};
use crate::graphql::schema::interview::object::Interview;
use crate::graphql::schema::interview::user_errors::UserError;
use async_graphql::{ComplexObject, Context, ID, Object, SimpleObject};

/// The result of a mutation.
#[derive(SimpleObject, Default)]
#[graphql(complex)]
pub struct InterviewPayload {
    /// The interview after the change. Null if there are user errors; nothing was changed then.
    pub interview: Option<DirectObject<Box<Interview>>>,
    /// The `id` of the event of this change, by which a client that subscribes recognises the event of its own change.
    /// Null if nothing was written: there are user errors, the update changes nothing, or the change is `replayed`. It
    /// is no position in the log: changes of others that come before it can be missing in what the client has read (see
    /// `changesCursor`).
    pub event_id: Option<ID>,
    /// The errors that the user can fix. All invalid fields are reported at once. Empty on success.
    pub user_errors: Vec<UserError>,
    /// Whether an earlier request with the same `idempotencyKey` made the change. Nothing was written now, `interview`
    /// is as it is now, and `eventId` is null.
    pub replayed: bool,
    /// The time that the request asked for, if it was made.
    #[graphql(skip)]
    pub requested_slot: Option<TimeSlot>,
}

#[ComplexObject]
impl InterviewPayload {
    /// What the user may not have meant: the change is made all the same. Empty if there are user errors.
    async fn warnings(&self, ctx: &Context<'_>) -> Vec<Warning> {
        let warnings = self.requested_slot.map(|slot| ctx.services().warnings(slot));
        warnings.unwrap_or_default().into_iter().map(Warning).collect()
    }
}

pub struct Warning(domain::Warning);

/// Something about a change that the user may not have meant.
#[Object]
impl Warning {
    /// The kind of warning, for programs.
    async fn code(&self) -> WarningCode {
        self.0.code.into()
    }

    /// The side that the warning concerns. Null if it concerns both sides alike.
    async fn side(&self) -> Option<Side> {
        self.0.side.map(Side::from)
    }

    /// The warning in English, for people.
    async fn message(&self) -> &'static str {
        self.0.message()
    }
}
