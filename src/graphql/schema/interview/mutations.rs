//! What can be changed.

use crate::domain;
use crate::domain::{Booking, Command, InterviewId};
use crate::graphql::context::ContextExt;
use crate::graphql::direct_json::One;
use crate::graphql::schema::enums::Side;
use crate::graphql::schema::interview::inputs::{AmendInterviewInput, CreateInterviewInput, UpdateInterviewInput};
use crate::graphql::schema::interview::object::{Interview, selects_people};
use crate::graphql::schema::interview::user_errors::{Arguments, InterviewPayload, UserError};
use crate::services::{Include, InterviewWithPeople, ServiceError};
use async_graphql::{Context, ID, Object, Result};

/// What can be changed. Each change is done in full or not at all; what the user can mend is told in `userErrors`.
pub struct Mutation;

/// What can be changed. Each change is done in full or not at all; what the user can mend is told in `userErrors`.
#[Object]
impl Mutation {
    /// Books an interview, as staff. The driver has to accept it; the interviewee becomes INTERVIEW.
    async fn create_interview(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to book.")] input: CreateInterviewInput,
    ) -> Result<InterviewPayload> {
        let created = ctx.services().create(ctx.viewer()?, &Booking::from(input)).await;
        payload(ctx, created, Arguments::New)
    }

    /// Edits an interview, as staff. Another time or another interviewee makes it pending again; anything else leaves its status. An
    /// update that changes nothing writes nothing.
    async fn update_interview(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The interview's id.")] id: ID,
        #[graphql(desc = "What to change.")] input: UpdateInterviewInput,
        #[graphql(desc = "Refuse unless the interview is at this version.")] expected_version: Option<i32>,
    ) -> Result<InterviewPayload> {
        change(ctx, &id, input.into(), expected_version, Arguments::Input).await
    }

    /// Proposes another time, for either side. It holds nothing until the other side accepts it; a proposal that is open is replaced.
    async fn amend_interview(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The interview's id.")] id: ID,
        #[graphql(desc = "What to propose.")] input: AmendInterviewInput,
        #[graphql(desc = "Refuse unless the interview is at this version.")] expected_version: Option<i32>,
    ) -> Result<InterviewPayload> {
        change(ctx, &id, input.into(), expected_version, Arguments::Input).await
    }

    /// Agrees to a pending interview, as its driver, or to the other side's proposal.
    async fn accept_interview(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The interview's id.")] id: ID,
        #[graphql(name = "as", desc = "The side for which to act: required of admins.")] acting: Option<Side>,
        #[graphql(desc = "Refuse unless the interview is at this version.")] expected_version: Option<i32>,
    ) -> Result<InterviewPayload> {
        let acting = acting.map(domain::Side::from);
        change(ctx, &id, Command::Accept { acting }, expected_version, Arguments::Plain).await
    }

    /// Turns the other side's proposal down: the interview is again what it was before.
    async fn decline_amendment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The interview's id.")] id: ID,
        #[graphql(name = "as", desc = "The side for which an admin acts.")] acting: Option<Side>,
        #[graphql(desc = "Refuse unless the interview is at this version.")] expected_version: Option<i32>,
    ) -> Result<InterviewPayload> {
        let acting = acting.map(domain::Side::from);
        change(ctx, &id, Command::DeclineAmendment { acting }, expected_version, Arguments::Plain).await
    }

    /// Takes one's own proposal back: the interview is again what it was before.
    async fn withdraw_amendment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The interview's id.")] id: ID,
        #[graphql(name = "as", desc = "The side for which an admin acts.")] acting: Option<Side>,
        #[graphql(desc = "Refuse unless the interview is at this version.")] expected_version: Option<i32>,
    ) -> Result<InterviewPayload> {
        let acting = acting.map(domain::Side::from);
        change(ctx, &id, Command::WithdrawAmendment { acting }, expected_version, Arguments::Plain).await
    }

    /// Declines an interview, as its driver. Final; the interviewee becomes REJECTED.
    async fn reject_interview(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The interview's id.")] id: ID,
        #[graphql(desc = "What to tell the company.")] reason: Option<String>,
        #[graphql(desc = "Refuse unless the interview is at this version.")] expected_version: Option<i32>,
    ) -> Result<InterviewPayload> {
        change(ctx, &id, Command::Reject { reason }, expected_version, Arguments::Plain).await
    }

    /// Calls an interview off, as staff. Final; the interviewee becomes VERIFIED again when no open interview is left.
    async fn cancel_interview(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The interview's id.")] id: ID,
        #[graphql(desc = "What to tell the driver.")] reason: Option<String>,
        #[graphql(desc = "Refuse unless the interview is at this version.")] expected_version: Option<i32>,
    ) -> Result<InterviewPayload> {
        change(ctx, &id, Command::Cancel { reason }, expected_version, Arguments::Plain).await
    }

    /// Records that a scheduled interview took place, as staff, once it has started. Final.
    async fn complete_interview(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The interview's id.")] id: ID,
        #[graphql(desc = "Refuse unless the interview is at this version.")] expected_version: Option<i32>,
    ) -> Result<InterviewPayload> {
        change(ctx, &id, Command::Complete, expected_version, Arguments::Plain).await
    }

    /// Records that a side did not appear at a scheduled interview, as staff, once it has started. Final.
    async fn mark_no_show(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The interview's id.")] id: ID,
        #[graphql(desc = "The side that did not appear.")] absent: Side,
        #[graphql(desc = "Refuse unless the interview is at this version.")] expected_version: Option<i32>,
    ) -> Result<InterviewPayload> {
        change(ctx, &id, Command::MarkNoShow { absent: absent.into() }, expected_version, Arguments::Plain).await
    }
}

async fn change(
    ctx: &Context<'_>,
    id: &ID,
    command: Command,
    expected_version: Option<i32>,
    arguments: Arguments,
) -> Result<InterviewPayload> {
    let id = InterviewId::from_text(id);
    let along = if selects_people(&ctx.look_ahead().field("interview")) { Include::People } else { Include::Nothing };
    let changed = ctx.services().change(ctx.viewer()?, id, &command, &expected_version.into(), along).await;
    payload(ctx, changed, arguments)
}

fn payload(
    ctx: &Context<'_>,
    outcome: Result<InterviewWithPeople, ServiceError>,
    arguments: Arguments,
) -> Result<InterviewPayload> {
    match outcome {
        Ok(changed) => {
            let interview = Some(One(Box::new(Interview::from(changed))));
            Ok(InterviewPayload { interview, user_errors: Vec::new() })
        }
        Err(ServiceError::Refused(refusal)) => {
            Ok(InterviewPayload { interview: None, user_errors: UserError::all(refusal, arguments) })
        }
        Err(failure) => Err(ctx.failure(failure)),
    }
}
