//! The mutations that end the access of people.

use crate::domain::{Refusal, RefusalCode, UserId};
use crate::graphql::context::ContextExt;
use crate::graphql::schema::access::inputs::RevokeTokensInput;
use crate::graphql::schema::access::payload::{ErasePayload, RevokePayload};
use crate::graphql::schema::interview::user_errors::UserError;
use crate::services::{RevokedTokens, ServiceError};
use async_graphql::{Context, ID, Object, Result};

pub struct AccessMutations;

#[Object]
impl AccessMutations {
    /// Revokes one token, or all tokens of a user. This server refuses them from now on, others and open connections
    /// within `VIEWER_TTL`. Revoking twice is no error. For admins and services.
    async fn revoke_tokens(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The tokens.")] input: RevokeTokensInput,
    ) -> Result<RevokePayload> {
        match ctx.services().revoke_tokens(ctx.viewer()?, &RevokedTokens::from(input)).await {
            Ok(revocation) => Ok(revocation.into()),
            Err(error) => not_permitted(ctx, error).map(RevokePayload::refused),
        }
    }

    /// Erases a person for good: name, picture, numbers, address, zone, and the reasons in a driver's interviews. What
    /// is left is the id, the role and the title `Erased user 997`, so that history stays readable. The user can no
    /// longer sign in, and the platform's rows of them are refused with `ERASED`. Erasing twice is no error. For admins
    /// and services.
    async fn erase_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The user's id.")] id: ID,
        #[graphql(
            desc = "Whether to cancel the person's open interviews, for the side of the company. `OPEN_INTERVIEWS` if \
                    there are any and this is false or null.",
            default_with = "Some(false)"
        )]
        cancel_open: Option<bool>,
    ) -> Result<ErasePayload> {
        match Box::pin(ctx.services().erase_user(ctx.viewer()?, UserId::from_text(&id), cancel_open == Some(true)))
            .await
        {
            Ok(erasure) => Ok(erasure.into()),
            Err(error) => not_permitted(ctx, error).map(ErasePayload::refused),
        }
    }
}

/// The user error for a viewer who may not do this. Other errors fail the request.
fn not_permitted(ctx: &Context<'_>, error: ServiceError) -> Result<UserError> {
    match error {
        ServiceError::Refused(Refusal::Forbidden(reason)) => {
            ctx.record_user_error(RefusalCode::Forbidden);
            Ok(UserError::not_permitted(reason))
        }
        failure => Err(ctx.failure(failure)),
    }
}
