//! Applications.

use crate::domain;
use crate::domain::page::InterviewOrder;
use crate::graphql::context::ContextExt;
use crate::graphql::direct_json::{Fragments, LoadedPeople, Plan, WriteJson, plain_fields};
use crate::graphql::loaders::InterviewsOf;
use crate::graphql::relay::connection::{Connection, Listed};
use crate::graphql::relay::cursor::PageArguments;
use crate::graphql::schema::enums::IntervieweeKind;
use crate::graphql::schema::interview::object::Interview;
use crate::graphql::schema::interview::object::InterviewQuery;
use crate::graphql::schema::people::object::Driver;
use crate::graphql::schema::scalars::DateTime;
use async_graphql::parser::types::SelectionSet;
use async_graphql::{Context, ID, Object, Result};
use std::sync::Arc;

/// One driver's application to one company. A driver who applied to three companies is three interviewees.
pub struct Interviewee {
    row: Arc<domain::Interviewee>,
    /// The driver, where it was loaded along with the row.
    driver: Option<Arc<domain::User>>,
}

impl Interviewee {
    pub fn new(row: Arc<domain::Interviewee>) -> Self {
        Self { row, driver: None }
    }

    pub fn with_driver(row: Arc<domain::Interviewee>, driver: Arc<domain::User>) -> Self {
        Self { row, driver: Some(driver) }
    }
}

/// One driver's application to one company. A driver who applied to three companies is three interviewees.
#[Object]
impl Interviewee {
    /// Its id.
    async fn id(&self) -> ID {
        self.row.id.0.into()
    }

    /// How far the application has come.
    async fn kind(&self) -> IntervieweeKind {
        self.row.kind.into()
    }

    /// The id of the driver who applied.
    async fn driver_id(&self) -> ID {
        self.row.driver_id.0.into()
    }

    /// The driver who applied.
    async fn driver(&self, ctx: &Context<'_>) -> Result<Driver> {
        match &self.driver {
            Some(driver) => Ok(Driver(driver.clone())),
            None => Ok(Driver(ctx.loader().user(ctx, self.row.driver_id).await?)),
        }
    }

    /// When it last changed.
    async fn updated_at(&self) -> DateTime {
        self.row.updated_at.into()
    }

    /// The interviews of this application that the viewer sees, by the time at which they begin.
    async fn interviews(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many at most, from 0 to 100. 20 when it is left out.")] first: Option<i32>,
        #[graphql(desc = "Begins after the item with this cursor.")] after: Option<String>,
    ) -> Result<Connection<Interview>> {
        let arguments = PageArguments { first, after, ..PageArguments::default() };
        let order = InterviewOrder::default();
        let key = InterviewsOf { interviewee: self.row.id, window: arguments.window(order.key)? };
        let page = ctx.loader().load(ctx, key).await?.unwrap_or_else(|| key.window.page(Vec::new()));
        Ok(Connection::new(page, InterviewQuery::OfInterviewee(self.row.id), Interview::from))
    }
}

impl WriteJson for Interviewee {
    const NAME: &'static str = "Interviewee";
    /// The driver.
    type Nested = Plan<Driver>;

    plain_fields! { "id" => id, "kind" => kind, "driverId" => driver_id, "updatedAt" => updated_at, }

    fn nested(field: &str, selection: &SelectionSet, fragments: &Fragments<'_>) -> Option<Plan<Driver>> {
        (field == "driver").then(|| Plan::of(selection, fragments)).flatten()
    }

    fn write_nested(&self, plan: &Plan<Driver>, people: &LoadedPeople<'_>, out: &mut Vec<u8>) -> Option<()> {
        plan.write(&Driver(people.users.get(&self.row.driver_id)?.clone()), people, out)
    }
}

impl Listed for Interviewee {
    type ListPosition = domain::IntervieweeId;
    type Query = Option<String>;
    const NAME: &'static str = "Interviewee";

    fn position(&self, _: &Self::Query) -> domain::IntervieweeId {
        self.row.id
    }

    fn order(_: &Self::Query) {}

    async fn count(search: &Self::Query, ctx: &Context<'_>) -> Result<u64> {
        let count = ctx.services().count_interviewees(ctx.viewer()?, search.as_deref()).await;
        count.map_err(|error| ctx.failure(error))
    }
}
