//! Lists of users and companies for those who administer them.

use crate::domain::page::{Page, Window};
use crate::domain::provisioning::{AccountFilter, AccountPosition};
use crate::domain::{Account, Authority, Company, CompanyId, Refusal, Scope, Search, Viewer};
use crate::services::{ServiceError, Services};
use crate::storage::{accounts, companies};

type Result<T, E = ServiceError> = std::result::Result<T, E>;

impl Services {
    /// A page of the users that the filter matches: of all for admins and services, of their company for managers.
    pub async fn accounts(
        &self,
        viewer: &Viewer,
        filter: &AccountFilter,
        window: &Window<AccountPosition>,
    ) -> Result<Page<Account>> {
        Ok(accounts::page(&*self.reader(viewer).await?, account_scope(viewer)?, filter, window).await?)
    }

    /// The number of users on all pages, up to [`ServiceLimits::max_count`](crate::services::ServiceLimits).
    pub async fn count_accounts(&self, viewer: &Viewer, filter: &AccountFilter) -> Result<u64> {
        let (reader, scope) = (self.reader(viewer).await?, account_scope(viewer)?);
        Ok(accounts::count(&*reader, scope, filter, self.limits.max_count).await?)
    }

    /// A page of the companies, for admins and services; with `search`, those whose name contains it.
    pub async fn companies(
        &self,
        viewer: &Viewer,
        search: Option<&Search>,
        window: &Window<CompanyId>,
    ) -> Result<Page<Company>> {
        permit_companies(viewer)?;
        Ok(companies::page(&*self.reader(viewer).await?, search, window).await?)
    }

    /// The number of companies on all pages, up to the same limit.
    pub async fn count_companies(&self, viewer: &Viewer, search: Option<&Search>) -> Result<u64> {
        permit_companies(viewer)?;
        Ok(companies::count(&*self.reader(viewer).await?, search, self.limits.max_count).await?)
    }

    /// The companies with these ids. They have to come from rows that the viewer sees.
    pub async fn companies_by_ids(&self, viewer: &Viewer, ids: &[CompanyId]) -> Result<Vec<Company>> {
        Ok(companies::by_ids(&*self.reader(viewer).await?, ids).await?)
    }
}

fn account_scope(viewer: &Viewer) -> Result<Scope, Refusal> {
    match viewer.authority {
        Authority::Admin | Authority::Service => Ok(viewer.scope()),
        Authority::Staff(_) if viewer.manager => Ok(viewer.scope()),
        Authority::Staff(_) | Authority::Driver => {
            Err(Refusal::Forbidden("Only managers, admins and services can list users."))
        }
    }
}

fn permit_companies(viewer: &Viewer) -> Result<(), Refusal> {
    match viewer.authority {
        Authority::Admin | Authority::Service => Ok(()),
        Authority::Staff(_) | Authority::Driver => {
            Err(Refusal::Forbidden("Only admins and services can list companies."))
        }
    }
}
