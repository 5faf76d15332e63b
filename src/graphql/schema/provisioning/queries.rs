//! The root fields `users` and `companies`.

use crate::domain::CompanyId;
use crate::domain::provisioning::AccountFilter;
use crate::graphql::context::ContextExt;
use crate::graphql::relay::connection::Connection;
use crate::graphql::relay::page_arguments::PageArguments;
use crate::graphql::schema::enums::Role;
use crate::graphql::schema::provisioning::company::Company;
use crate::graphql::schema::provisioning::user::User;
use crate::graphql::schema::search::parse_search;
use async_graphql::{Context, ID, Object, Result};
use std::sync::Arc;

pub struct ProvisioningQueries;

#[Object]
impl ProvisioningQueries {
    /// The users, ordered by id: all for admins and services, those of their company for managers. Deactivated and
    /// erased users are among them. For others null, with the error `FORBIDDEN`.
    async fn users(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The number of items, from 0 to 100. The default is 20.")] first: Option<i32>,
        #[graphql(desc = "Returns items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Returns users whose name contains this text, ignoring case. Accents count. \
                          At most 200 characters. A blank text is null.")]
        search: Option<String>,
        #[graphql(desc = "Returns users with this role.")] role: Option<Role>,
        #[graphql(desc = "Returns staff of this company.")] company_id: Option<ID>,
    ) -> Option<Result<Connection<User>>> {
        let list = async {
            let viewer = ctx.viewer()?;
            let window = PageArguments::forward(first, after).window(())?;
            let search = parse_search(search)?;
            let company_id = company_id.map(|id| CompanyId::from_text(&id));
            let filter = AccountFilter { search, role: role.map(Into::into), company_id };
            let page = ctx.map_failure(ctx.services().accounts(viewer, &filter, &window).await)?;
            Ok(Connection::new(page, filter, |account| User(Arc::new(account))))
        };
        Some(list.await)
    }

    /// The companies, ordered by id, for admins and services. For others null, with the error `FORBIDDEN`.
    async fn companies(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The number of items, from 0 to 100. The default is 20.")] first: Option<i32>,
        #[graphql(desc = "Returns items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Returns companies whose name contains this text, ignoring case. Accents count. \
                          At most 200 characters. A blank text is null.")]
        search: Option<String>,
    ) -> Option<Result<Connection<Company>>> {
        let list = async {
            let viewer = ctx.viewer()?;
            let window = PageArguments::forward(first, after).window(())?;
            let search = parse_search(search)?;
            let page = ctx.map_failure(ctx.services().companies(viewer, search.as_ref(), &window).await)?;
            Ok(Connection::new(page, search, |company| Company(Arc::new(company))))
        };
        Some(list.await)
    }
}
