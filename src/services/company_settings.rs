//! The settings of companies.

use crate::domain::{CompanyId, CompanySettings, ExpectedVersion, SettingsPatch, SettingsUpdate, Viewer};
use crate::services::retry::repeat;
use crate::services::{ServiceError, Services};
use crate::storage::{LockWait, StorageError, companies, company_settings};
use std::collections::HashMap;

impl Services {
    /// The settings of those of these companies whose settings the viewer sees.
    pub async fn company_settings(
        &self,
        viewer: &Viewer,
        companies: &[CompanyId],
    ) -> Result<HashMap<CompanyId, CompanySettings>, ServiceError> {
        let visible: Vec<CompanyId> = companies.iter().copied().filter(|id| viewer.sees_settings_of(*id)).collect();
        if visible.is_empty() {
            return Ok(HashMap::new());
        }
        let mut stored = company_settings::of(&*self.reader(viewer).await?, &visible).await?;
        Ok(visible.into_iter().map(|id| (id, stored.remove(&id).unwrap_or_default())).collect())
    }

    /// Changes the settings of a company that the viewer sees. Refused to drivers, and to staff who are no managers.
    pub async fn update_company_settings(
        &self,
        viewer: &Viewer,
        company: CompanyId,
        patch: &SettingsPatch,
        expected: &ExpectedVersion,
    ) -> Result<SettingsUpdate, ServiceError> {
        viewer.permit_settings()?;
        if !viewer.sees_settings_of(company) {
            return Ok(SettingsUpdate::UnknownCompany);
        }
        Ok(repeat(|_| false, || self.try_to_update_settings(viewer, company, patch, expected)).await?)
    }

    async fn try_to_update_settings(
        &self,
        viewer: &Viewer,
        company: CompanyId,
        patch: &SettingsPatch,
        expected: &ExpectedVersion,
    ) -> Result<SettingsUpdate, StorageError> {
        let _permit = self.db.permit_change(viewer.id, LockWait::Full).await?;
        let transaction = self.db.begin_change(LockWait::Full).await?;
        if companies::by_ids(&transaction, &[company]).await?.is_empty() {
            return Ok(SettingsUpdate::UnknownCompany);
        }
        let stored = company_settings::of(&transaction, &[company]).await?.remove(&company).unwrap_or_default();
        if !expected.matches(stored.version) {
            return Ok(SettingsUpdate::Stale(stored.version));
        }
        match stored.update(patch.clone()) {
            Err(errors) => Ok(SettingsUpdate::Invalid(errors)),
            Ok(None) => Ok(SettingsUpdate::Done(stored)),
            Ok(Some(updated)) => {
                company_settings::store(&transaction, company, &updated, self.clock.now()).await?;
                transaction.commit().await?;
                Ok(SettingsUpdate::Done(updated))
            }
        }
    }
}
