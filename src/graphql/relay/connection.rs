//! Relay's connections (<https://relay.dev/graphql/connections.htm>), once for every list.

use crate::domain::page::Page;
use crate::graphql::direct_json::{Many, One};
use crate::graphql::relay::cursor::{ListPosition, encode};
use async_graphql::connection::PageInfo;
use async_graphql::{Context, Object, OutputType, Result, TypeName};
use std::borrow::Cow;
use std::future::Future;

/// Something that is listed.
pub trait Listed: OutputType + Sized {
    /// Its place in the list.
    type ListPosition: ListPosition;
    /// What the list was asked for: enough to count it.
    type Query: Send + Sync;
    /// The name of its GraphQL type.
    const NAME: &'static str;

    /// Where it stands.
    fn position(&self, query: &Self::Query) -> Self::ListPosition;

    /// What the list is ordered by.
    fn order(query: &Self::Query) -> <Self::ListPosition as ListPosition>::Order;

    /// How many there are on all pages.
    fn count(query: &Self::Query, ctx: &Context<'_>) -> impl Future<Output = Result<u64>> + Send;

    /// Some of them as JSON, in a list or a single one; none where that is left to the executor (see [`crate::graphql::direct_json`]).
    fn write(_: &Context<'_>, _: &[Self], _list: bool) -> impl Future<Output = Option<Vec<u8>>> + Send {
        async { None }
    }
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
    /// The page as it is answered.
    pub fn new<D>(page: Page<D>, query: T::Query, node: impl Fn(D) -> T) -> Self {
        let Page { items, has_previous, has_next } = page;
        Self { page: Page { items: items.into_iter().map(node).collect(), has_previous, has_next }, query }
    }

    fn cursor(&self, node: &T) -> String {
        encode(node.position(&self.query), T::order(&self.query))
    }
}

/// A page of a list, as Relay's connections are.
#[Object(name_type)]
impl<T: Listed> Connection<T> {
    /// The items of this page with their cursors.
    async fn edges(&self) -> Vec<Edge<'_, T>> {
        self.page.items.iter().map(|node| Edge { node, query: &self.query }).collect()
    }

    /// The items of this page, for whoever needs no cursor of each.
    async fn nodes(&self) -> Many<'_, T> {
        Many(&self.page.items)
    }

    /// Whether there are more pages, and the cursors that lead to them.
    async fn page_info(&self) -> PageInfo {
        PageInfo {
            has_previous_page: self.page.has_previous,
            has_next_page: self.page.has_next,
            start_cursor: self.page.items.first().map(|node| self.cursor(node)),
            end_cursor: self.page.items.last().map(|node| self.cursor(node)),
        }
    }

    /// How many items there are on all pages together. Counted only when it is selected: the one field whose cost grows with the list.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<i32> {
        Ok(i32::try_from(T::count(&self.query, ctx).await?).unwrap_or(i32::MAX))
    }
}

/// An item of a list with its cursor.
#[Object(name_type)]
impl<T: Listed> Edge<'_, T> {
    /// Leads to the page that begins after this item, or ends before it.
    async fn cursor(&self) -> String {
        encode(self.node.position(self.query), T::order(self.query))
    }

    /// The item.
    async fn node(&self) -> One<&T> {
        One(self.node)
    }
}

impl<T: Listed> TypeName for Connection<T> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Connection", T::NAME).into()
    }
}

impl<T: Listed> TypeName for Edge<'_, T> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Edge", T::NAME).into()
    }
}
