//! The mutations of interviews.

use crate::domain;
use crate::domain::{Booking, Command, InterviewId, Refusal, TimeSlot};
use crate::graphql::context::ContextExt;
use crate::graphql::direct_json::DirectObject;
use crate::graphql::engine::Surcharge;
use crate::graphql::schema::CONFLICT_COST;
use crate::graphql::schema::enums::Side;
use crate::graphql::schema::idempotency::key;
use crate::graphql::schema::interview::inputs::{AmendInterviewInput, CreateInterviewInput, UpdateInterviewInput};
use crate::graphql::schema::interview::object::Interview;
use crate::graphql::schema::interview::payload::InterviewPayload;
use crate::graphql::schema::interview::user_errors::{ArgumentPaths, UserError};
use crate::graphql::schema::people::selection::PeopleSelection;
use crate::services::{ChangedInterview, Include, ServiceError};
use async_graphql::{Context, ID, Object, Result};

pub struct InterviewMutations;

#[Object]
impl InterviewMutations {
    /// Creates an interview, which the driver then has to accept. Sets the kind of the interviewee to `INTERVIEW`. For
    /// staff and admins.
    async fn create_interview(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The fields of the interview.")] input: CreateInterviewInput,
        #[graphql(desc = "Makes the mutation safe to repeat: 1 to 255 printable ASCII characters, see `replayed`.")]
        idempotency_key: Option<String>,
    ) -> Result<InterviewPayload> {
        let (viewer, booking) = (ctx.viewer()?, Booking::from(input));
        let created = match key(idempotency_key) {
            // In a box, like all changes: a resolver has room on the stack for the futures of all mutations.
            Ok(key) => Box::pin(ctx.services().create(viewer, &booking, key.as_ref())).await,
            Err(refusal) => Err(refusal.into()),
        };
        payload(ctx, created, ArgumentPaths::InputWithoutId, |interview| Some(interview.slot))
    }

    /// Updates fields of an interview. A new time or interviewee resets the status to `PENDING`; other fields do not
    /// affect it. An update that changes nothing creates no event and no new version. For staff and admins, unless the
    /// status is final.
    async fn update_interview(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The interview's id.")] id: ID,
        #[graphql(desc = "The fields to change.")] input: UpdateInterviewInput,
        #[graphql(desc = "If given and not the current version: `STALE_VERSION`.")] expected_version: Option<i32>,
        #[graphql(desc = "Makes the mutation safe to repeat: 1 to 255 printable ASCII characters, see `replayed`.")]
        idempotency_key: Option<String>,
    ) -> Result<InterviewPayload> {
        change(ctx, &id, input.into(), expected_version, idempotency_key, ArgumentPaths::Input).await
    }

    /// Proposes another time, which reserves no time until the other side accepts it. Replaces an open proposal. For
    /// both sides, unless the status is final.
    async fn amend_interview(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The interview's id.")] id: ID,
        #[graphql(desc = "The proposed time.")] input: AmendInterviewInput,
        #[graphql(desc = "If given and not the current version: `STALE_VERSION`.")] expected_version: Option<i32>,
        #[graphql(desc = "Makes the mutation safe to repeat: 1 to 255 printable ASCII characters, see `replayed`.")]
        idempotency_key: Option<String>,
    ) -> Result<InterviewPayload> {
        change(ctx, &id, input.into(), expected_version, idempotency_key, ArgumentPaths::Input).await
    }

    /// Accepts a pending interview, as the driver, or the proposed time, as the side that did not propose it. The
    /// status becomes `SCHEDULED`.
    async fn accept_interview(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The interview's id.")] id: ID,
        #[graphql(
            name = "as",
            desc = "The side for which an admin acts. The default is the side that can do this now; \
                    `SIDE_REQUIRED` if both can."
        )]
        acting: Option<Side>,
        #[graphql(desc = "If given and not the current version: `STALE_VERSION`.")] expected_version: Option<i32>,
        #[graphql(desc = "Makes the mutation safe to repeat: 1 to 255 printable ASCII characters, see `replayed`.")]
        idempotency_key: Option<String>,
    ) -> Result<InterviewPayload> {
        let acting = acting.map(domain::Side::from);
        change(ctx, &id, Command::Accept { acting }, expected_version, idempotency_key, ArgumentPaths::BesideId).await
    }

    /// Declines the proposed time, as the side that did not propose it. The status becomes what it was before the
    /// proposal.
    async fn decline_amendment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The interview's id.")] id: ID,
        #[graphql(
            name = "as",
            desc = "The side for which an admin acts. The default is the side that can do this now; \
                    `SIDE_REQUIRED` if both can."
        )]
        acting: Option<Side>,
        #[graphql(desc = "If given and not the current version: `STALE_VERSION`.")] expected_version: Option<i32>,
        #[graphql(desc = "Makes the mutation safe to repeat: 1 to 255 printable ASCII characters, see `replayed`.")]
        idempotency_key: Option<String>,
    ) -> Result<InterviewPayload> {
        let acting = acting.map(domain::Side::from);
        change(
            ctx,
            &id,
            Command::DeclineAmendment { acting },
            expected_version,
            idempotency_key,
            ArgumentPaths::BesideId,
        )
        .await
    }

    /// Withdraws the proposed time, as the side that proposed it. The status becomes what it was before the proposal.
    async fn withdraw_amendment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The interview's id.")] id: ID,
        #[graphql(
            name = "as",
            desc = "The side for which an admin acts. The default is the side that can do this now; \
                    `SIDE_REQUIRED` if both can."
        )]
        acting: Option<Side>,
        #[graphql(desc = "If given and not the current version: `STALE_VERSION`.")] expected_version: Option<i32>,
        #[graphql(desc = "Makes the mutation safe to repeat: 1 to 255 printable ASCII characters, see `replayed`.")]
        idempotency_key: Option<String>,
    ) -> Result<InterviewPayload> {
        let acting = acting.map(domain::Side::from);
        change(
            ctx,
            &id,
            Command::WithdrawAmendment { acting },
            expected_version,
            idempotency_key,
            ArgumentPaths::BesideId,
        )
        .await
    }

    /// Rejects an interview, as the driver. The status `REJECTED` is final. Sets the kind of the interviewee to
    /// `REJECTED`.
    async fn reject_interview(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The interview's id.")] id: ID,
        #[graphql(desc = "The reason for the company, at most 2000 characters. An empty text is null.")] reason: Option<
            String,
        >,
        #[graphql(desc = "If given and not the current version: `STALE_VERSION`.")] expected_version: Option<i32>,
        #[graphql(desc = "Makes the mutation safe to repeat: 1 to 255 printable ASCII characters, see `replayed`.")]
        idempotency_key: Option<String>,
    ) -> Result<InterviewPayload> {
        change(ctx, &id, Command::Reject { reason }, expected_version, idempotency_key, ArgumentPaths::BesideId).await
    }

    /// Cancels an interview. The status `CANCELLED` is final. Sets the kind of the interviewee back to `VERIFIED` if
    /// the application has no other open interview. For staff and admins.
    async fn cancel_interview(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The interview's id.")] id: ID,
        #[graphql(desc = "The reason for the driver, at most 2000 characters. An empty text is null.")] reason: Option<
            String,
        >,
        #[graphql(desc = "If given and not the current version: `STALE_VERSION`.")] expected_version: Option<i32>,
        #[graphql(desc = "Makes the mutation safe to repeat: 1 to 255 printable ASCII characters, see `replayed`.")]
        idempotency_key: Option<String>,
    ) -> Result<InterviewPayload> {
        change(ctx, &id, Command::Cancel { reason }, expected_version, idempotency_key, ArgumentPaths::BesideId).await
    }

    /// Records that a scheduled interview took place, once it has started. The status `COMPLETED` is final. For staff
    /// and admins.
    async fn complete_interview(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The interview's id.")] id: ID,
        #[graphql(desc = "If given and not the current version: `STALE_VERSION`.")] expected_version: Option<i32>,
        #[graphql(desc = "Makes the mutation safe to repeat: 1 to 255 printable ASCII characters, see `replayed`.")]
        idempotency_key: Option<String>,
    ) -> Result<InterviewPayload> {
        change(ctx, &id, Command::Complete, expected_version, idempotency_key, ArgumentPaths::BesideId).await
    }

    /// Records that one side did not appear at a scheduled interview, once it has started. The status `NO_SHOW` is
    /// final. For staff and admins.
    async fn mark_no_show(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The interview's id.")] id: ID,
        #[graphql(desc = "The side that did not appear.")] absent: Side,
        #[graphql(desc = "If given and not the current version: `STALE_VERSION`.")] expected_version: Option<i32>,
        #[graphql(desc = "Makes the mutation safe to repeat: 1 to 255 printable ASCII characters, see `replayed`.")]
        idempotency_key: Option<String>,
    ) -> Result<InterviewPayload> {
        change(
            ctx,
            &id,
            Command::MarkNoShow { absent: absent.into() },
            expected_version,
            idempotency_key,
            ArgumentPaths::BesideId,
        )
        .await
    }
}

async fn change(
    ctx: &Context<'_>,
    id: &ID,
    command: Command,
    expected_version: Option<i32>,
    idempotency_key: Option<String>,
    paths: ArgumentPaths,
) -> Result<InterviewPayload> {
    let (viewer, id, expected) = (ctx.viewer()?, InterviewId::from_text(id), expected_version.into());
    let people = PeopleSelection::of_interviews(&ctx.look_ahead().field("interview"));
    let include = if people.any() { Include::People } else { Include::Nothing };
    let changed = match key(idempotency_key) {
        Ok(key) => Box::pin(ctx.services().change(viewer, id, &command, &expected, include, key.as_ref())).await,
        Err(refusal) => Err(refusal.into()),
    };
    payload(ctx, changed, paths, |interview| command.requested_slot(interview))
}

/// The payload of a mutation.
pub fn payload(
    ctx: &Context<'_>,
    result: Result<ChangedInterview, ServiceError>,
    paths: ArgumentPaths,
    requested_slot: impl FnOnce(&domain::Interview) -> Option<TimeSlot>,
) -> Result<InterviewPayload> {
    match result {
        Ok(ChangedInterview { interview, event, replayed }) => {
            let requested_slot = requested_slot(&interview.interview);
            let interview = Some(DirectObject(Box::new(Interview::from(interview))));
            let event_id = event.map(|event| event.0.into());
            Ok(InterviewPayload { interview, event_id, replayed, requested_slot, ..InterviewPayload::default() })
        }
        Err(ServiceError::Refused(refusal)) => {
            ctx.record_user_error(refusal.code());
            if let (Refusal::Conflicts(_), Some(surcharge)) = (&refusal, ctx.data_opt::<Surcharge>()) {
                surcharge.charge(CONFLICT_COST);
            }
            Ok(InterviewPayload { user_errors: UserError::all(refusal, paths), ..InterviewPayload::default() })
        }
        Err(failure) => Err(ctx.failure(failure)),
    }
}
