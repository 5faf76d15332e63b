//! The type `Interviewee`: a driver's application to a company.

use crate::domain::IntervieweeId;
use crate::domain::page::InterviewOrder;
use crate::domain::{self, Search, User};
use crate::graphql::context::ContextExt;
use crate::graphql::direct_json::{NestedField, Plan, WriteJson, written_fields};
use crate::graphql::loaders::InterviewsOf;
use crate::graphql::relay::connection::{Connection, Listed};
use crate::graphql::relay::cursor::{encode, position_by_id};
use crate::graphql::relay::page_arguments::PageArguments;
use crate::graphql::root_counts::RootCount;
use crate::graphql::schema::enums::IntervieweeKind;
use crate::graphql::schema::interview::list::InterviewQuery;
use crate::graphql::schema::interview::object::Interview;
use crate::graphql::schema::people::users::Driver;
use crate::graphql::schema::scalars::DateTime;
use async_graphql::parser::types::SelectionSet;
use async_graphql::{Context, ID, Object, Positioned, Result};
use std::borrow::Cow;
use std::sync::Arc;

#[derive(Clone)]
pub struct Interviewee {
    row: Arc<domain::Interviewee>,
    /// The driver, if loaded with the row.
    driver: Option<Arc<User>>,
}

impl Interviewee {
    pub fn new(row: Arc<domain::Interviewee>, driver: Option<Arc<User>>) -> Self {
        Self { row, driver }
    }
}

/// A driver's application to a company. A driver who has applied to three companies is three interviewees.
#[Object]
impl Interviewee {
    /// The id.
    fn id(&self) -> ID {
        self.row.id.0.into()
    }

    /// The state of the application.
    fn kind(&self) -> IntervieweeKind {
        self.row.kind.into()
    }

    /// The id of the driver who applied.
    fn driver_id(&self) -> ID {
        self.row.driver_id.0.into()
    }

    /// The driver who applied.
    async fn driver(&self, ctx: &Context<'_>) -> Result<Driver> {
        match &self.driver {
            Some(driver) => Ok(Driver(driver.clone())),
            None => ctx.map_failure(ctx.loader().user(self.row.driver_id).await).map(Driver),
        }
    }

    /// The time of the last change.
    fn updated_at(&self) -> DateTime {
        self.row.updated_at.into()
    }

    /// The interviews of this application that the viewer may see, ordered by their start.
    async fn interviews(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The number of items, from 0 to 100. The default is 20.")] first: Option<i32>,
        #[graphql(desc = "Returns items after this cursor.")] after: Option<String>,
    ) -> Result<Connection<Interview>> {
        let window = PageArguments::forward(first, after).window(InterviewOrder::default().key)?;
        let key = InterviewsOf { interviewee: self.row.id, window };
        let page = ctx.map_failure(ctx.loader().load(key).await)?.unwrap_or_else(|| key.window.page(Vec::new()));
        Ok(Connection::new(page, InterviewQuery::OfInterviewee(self.row.id), Interview::from))
    }
}

impl WriteJson for Interviewee {
    type Nested = PlannedDriver;

    written_fields! { "id" => id, "kind" => kind, "driverId" => driver_id, "updatedAt" => updated_at, }

    async fn load_nested<'a>(ctx: &Context<'_>, objects: &'a [Self]) -> Cow<'a, [Self]> {
        let ids = objects.iter().filter(|object| object.driver.is_none()).map(|object| object.row.driver_id);
        // When loading fails the fields are executed, and report the error.
        let drivers = ctx.loader().load_many(ids).await.unwrap_or_default();
        let with_driver = |object: &Self| {
            let driver = object.driver.clone().or_else(|| drivers.get(&object.row.driver_id).cloned());
            Self { row: object.row.clone(), driver }
        };
        objects.iter().map(with_driver).collect()
    }
}

/// The field `driver`.
pub struct PlannedDriver(Plan<Driver>);

impl NestedField<Interviewee> for PlannedDriver {
    fn plan(name: &str, selection_set: &Positioned<SelectionSet>, ctx: &Context<'_>) -> Option<Self> {
        (name == "driver").then(|| Plan::without_execution(selection_set, ctx)).flatten().map(Self)
    }

    fn write(&self, interviewee: &Interviewee, ctx: &Context<'_>, out: &mut Vec<u8>) -> Option<()> {
        let driver = interviewee.driver.clone()?;
        self.0.write_loaded(&Driver(driver), ctx, out)
    }
}

position_by_id!(IntervieweeId, 'a');

impl Listed for Interviewee {
    /// The text that the drivers' names have to contain.
    type Query = Option<Search>;

    fn cursor(&self, _: &Self::Query) -> String {
        encode(self.row.id, ())
    }

    async fn count(search: &Self::Query, ctx: &Context<'_>) -> Result<u64> {
        let count = RootCount::Interviewees(search.clone());
        ctx.map_failure(ctx.root_counts().count(ctx.viewer()?, count).await)
    }
}
