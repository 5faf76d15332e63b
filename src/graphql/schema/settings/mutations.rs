//! The mutation `updateCompanySettings`.

use crate::domain::{CompanyId, ExpectedVersion, Refusal, RefusalCode, SettingsPatch};
use crate::graphql::context::ContextExt;
use crate::graphql::schema::interview::user_errors::UserError;
use crate::graphql::schema::settings::inputs::CompanySettingsInput;
use crate::graphql::schema::settings::payload::CompanySettingsPayload;
use crate::services::ServiceError;
use async_graphql::{Context, ID, Object, Result};

pub struct SettingsMutations;

#[Object]
impl SettingsMutations {
    /// Changes settings of a company. All errors of the input are reported at once. For managers of the company, admins
    /// and services.
    async fn update_company_settings(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The company's id.")] company_id: ID,
        #[graphql(desc = "The settings to change.")] input: CompanySettingsInput,
        #[graphql(desc = "The `version` of the settings for which the change is meant. `STALE_VERSION` if they have \
                          another one. The default is any.")]
        expected_version: Option<i32>,
    ) -> Result<CompanySettingsPayload> {
        let (company, expected) = (CompanyId::from_text(&company_id), ExpectedVersion::from(expected_version));
        let patch = SettingsPatch::from(input);
        let update = ctx.services().update_company_settings(ctx.viewer()?, company, &patch, &expected).await;
        match update {
            Ok(update) => {
                if let Some(code) = update.refusal_code() {
                    ctx.record_user_error(code);
                }
                Ok(CompanySettingsPayload::new(company, update))
            }
            Err(ServiceError::Refused(Refusal::Forbidden(reason))) => {
                ctx.record_user_error(RefusalCode::Forbidden);
                Ok(CompanySettingsPayload::refused(vec![UserError::not_permitted(reason)]))
            }
            Err(failure) => Err(ctx.failure(failure)),
        }
    }
}
