//! The mutations by which the platform feeds the server.

use crate::domain::provisioning::{CompanyRow, IntervieweeRow, MAX_ROWS, SyncOutcome, UserRow};
use crate::domain::{Refusal, RefusalCode};
use crate::graphql::context::ContextExt;
use crate::graphql::engine::error::{Code, error_with_code};
use crate::graphql::schema::provisioning::inputs::{CompanyInput, IntervieweeInput, UserInput};
use crate::graphql::schema::provisioning::payload::SyncPayload;
use crate::services::ServiceError;
use async_graphql::{Context, ID, Object, Result};

pub struct ProvisioningMutations;

#[Object]
impl ProvisioningMutations {
    /// Writes companies as the platform has them, each by itself: a row with errors does not keep the others from being
    /// written. Rows may come late, twice and in any order. For admins and services; at most 500 rows.
    async fn sync_companies(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The companies, at most 500.")] companies: Vec<CompanyInput>,
    ) -> Result<SyncPayload> {
        let rows: Vec<CompanyRow> = limited("companies", companies)?;
        let ids = rows.iter().map(|row| ID::from(&row.id)).collect();
        payload(ctx, "companies", ids, ctx.services().sync_companies(ctx.viewer()?, &rows).await)
    }

    /// Writes users as the platform has them, like `syncCompanies`. Companies come before their staff. A changed role
    /// or company takes effect at once on this server, and within `VIEWER_TTL` on others and on open connections. For
    /// admins and services; at most 500 rows.
    async fn sync_users(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The users, at most 500.")] users: Vec<UserInput>,
    ) -> Result<SyncPayload> {
        let rows: Vec<UserRow> = limited("users", users)?;
        let ids = rows.iter().map(|row| ID::from(&row.id)).collect();
        payload(ctx, "users", ids, ctx.services().sync_users(ctx.viewer()?, &rows).await)
    }

    /// Writes applications as the platform has them, like `syncCompanies`. Companies and drivers come before their
    /// applications. For admins and services; at most 500 rows.
    async fn sync_interviewees(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The applications, at most 500.")] interviewees: Vec<IntervieweeInput>,
    ) -> Result<SyncPayload> {
        let rows: Vec<IntervieweeRow> = limited("interviewees", interviewees)?;
        let ids = rows.iter().map(|row| ID::from(&row.id)).collect();
        payload(ctx, "interviewees", ids, ctx.services().sync_interviewees(ctx.viewer()?, &rows).await)
    }
}

/// # Errors
/// `BAD_USER_INPUT` for too many rows.
fn limited<I, R: From<I>>(argument: &str, rows: Vec<I>) -> Result<Vec<R>> {
    if rows.len() > MAX_ROWS {
        let message = format!("The argument `{argument}` can have at most {MAX_ROWS} rows.");
        return Err(error_with_code(Code::BadUserInput, message));
    }
    Ok(rows.into_iter().map(R::from).collect())
}

fn payload(
    ctx: &Context<'_>,
    argument: &str,
    ids: Vec<ID>,
    result: Result<Vec<SyncOutcome>, ServiceError>,
) -> Result<SyncPayload> {
    match result {
        Ok(outcomes) => Ok(SyncPayload::new(argument, ids, outcomes)),
        Err(ServiceError::Refused(Refusal::Forbidden(reason))) => {
            ctx.record_user_error(RefusalCode::Forbidden);
            Ok(SyncPayload::not_permitted(reason))
        }
        Err(failure) => Err(ctx.failure(failure)),
    }
}
