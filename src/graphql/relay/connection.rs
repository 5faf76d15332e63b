//! The connection and edge types, generic over the type of the items.

use crate::domain::page::Page;
use crate::graphql::direct_json::{DirectList, DirectObject, WriteJson};
use async_graphql::connection::PageInfo;
use async_graphql::{Context, Object, Result, TypeName};
use std::borrow::Cow;
use std::future::Future;

/// A type that connections list.
pub trait Listed: WriteJson {
    /// What the list was selected by: enough to count it.
    type Query: Send + Sync;

    /// The position of the item in the list, as text that is opaque to clients.
    fn cursor(&self, query: &Self::Query) -> String;

    /// Where the next page begins, if it is not after the last item of this one.
    fn end_cursor(_query: &Self::Query) -> Option<String> {
        None
    }

    /// The number of items on all pages.
    fn count(query: &Self::Query, ctx: &Context<'_>) -> impl Future<Output = Result<u64>> + Send;
}

/// A page of a list.
pub struct Connection<T: Listed> {
    page: Page<T>,
    query: T::Query,
}

/// An item with its cursor.
pub struct Edge<'a, T: Listed> {
    node: &'a T,
    query: &'a T::Query,
}

impl<T: Listed> Connection<T> {
    pub fn new<D>(page: Page<D>, query: T::Query, node: impl Fn(D) -> T) -> Self {
        let Page { items, has_previous, has_next } = page;
        Self { page: Page { items: items.into_iter().map(node).collect(), has_previous, has_next }, query }
    }
}

/// A page of a list, as the Relay cursor connections specification defines it.
#[Object(name_type)]
impl<T: Listed> Connection<T> {
    /// The items of this page with their cursors.
    async fn edges(&self) -> Vec<Edge<'_, T>> {
        self.page.items.iter().map(|node| Edge { node, query: &self.query }).collect()
    }

    /// The items of this page without cursors.
    async fn nodes(&self) -> DirectList<'_, T> {
        DirectList(&self.page.items)
    }

    /// Whether there are more pages, and the cursors of the first and last item of this page.
    async fn page_info(&self) -> PageInfo {
        PageInfo {
            has_previous_page: self.page.has_previous,
            has_next_page: self.page.has_next,
            start_cursor: self.page.items.first().map(|node| node.cursor(&self.query)),
            end_cursor: T::end_cursor(&self.query)
                .or_else(|| self.page.items.last().map(|node| node.cursor(&self.query))),
        }
    }

    /// The number of items on all pages, up to the limit of the server, which is 10000 by default: this number means
    /// that there are at least so many. It is counted only when it is selected. Each selection of it costs 1000 points.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<i32> {
        Ok(i32::try_from(T::count(&self.query, ctx).await?).unwrap_or(i32::MAX))
    }
}

/// An item of a list with its cursor.
#[Object(name_type)]
impl<T: Listed> Edge<'_, T> {
    /// The cursor of this item, for `after` and `before` in the same list and order. Elsewhere it is `BAD_USER_INPUT`.
    async fn cursor(&self) -> String {
        self.node.cursor(self.query)
    }

    /// The item.
    async fn node(&self) -> DirectObject<&T> {
        DirectObject(self.node)
    }
}

impl<T: Listed> TypeName for Connection<T> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Connection", T::type_name()).into()
    }
}

impl<T: Listed> TypeName for Edge<'_, T> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Edge", T::type_name()).into()
    }
}
