//! The result of `updateCompanySettings`.

use crate::domain::{CompanyId, SettingsUpdate};
use crate::graphql::schema::interview::user_errors::UserError;
use crate::graphql::schema::settings::object::CompanySettings;
use async_graphql::SimpleObject;

/// The result of `updateCompanySettings`.
#[derive(SimpleObject)]
pub struct CompanySettingsPayload {
    /// The settings after the change. Null if there are user errors; nothing was changed then.
    settings: Option<CompanySettings>,
    /// The errors that the user can fix. All invalid values are reported at once. Empty on success.
    user_errors: Vec<UserError>,
}

impl CompanySettingsPayload {
    /// What became of a change of the settings of this company.
    pub fn new(company: CompanyId, update: SettingsUpdate) -> Self {
        match update {
            SettingsUpdate::Done(settings) => {
                Self { settings: Some(CompanySettings::new(company, settings)), user_errors: Vec::new() }
            }
            SettingsUpdate::UnknownCompany => Self::refused(vec![UserError::unknown_company(&["companyId"])]),
            SettingsUpdate::Stale(version) => Self::refused(vec![UserError::stale_settings(version)]),
            SettingsUpdate::Invalid(errors) => Self::refused(errors.into_iter().map(UserError::setting).collect()),
        }
    }

    pub fn refused(user_errors: Vec<UserError>) -> Self {
        Self { settings: None, user_errors }
    }
}
