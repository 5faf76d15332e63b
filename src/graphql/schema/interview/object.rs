//! The type `Interview`.

use crate::domain;
use crate::domain::calendar::{self, CalendarEntry, CalendarSide};
use crate::graphql::context::ContextExt;
use crate::graphql::loaders::HistoryOf;
use crate::graphql::relay::connection::Connection;
use crate::graphql::relay::page_arguments::PageArguments;
use crate::graphql::schema::calendar::links::CalendarLinks;
use crate::graphql::schema::enums::{InterviewAction, InterviewKind, InterviewStatus, Side};
use crate::graphql::schema::interview::event::{EventQuery, InterviewEvent};
use crate::graphql::schema::people::interviewee::Interviewee;
use crate::graphql::schema::people::selection::{LoadedPeople, PeopleSelection};
use crate::graphql::schema::people::users::Interviewer;
use crate::graphql::schema::scalars::DateTime;
use crate::services::InterviewWithPeople;
use async_graphql::{Context, ID, Object, Result};
use std::sync::Arc;

#[derive(Clone)]
pub struct Interview {
    pub(super) row: Arc<domain::Interview>,
    pub(super) people: LoadedPeople,
}

impl From<Arc<domain::Interview>> for Interview {
    fn from(row: Arc<domain::Interview>) -> Self {
        Self { row, people: LoadedPeople::default() }
    }
}

impl From<domain::Interview> for Interview {
    fn from(interview: domain::Interview) -> Self {
        Arc::new(interview).into()
    }
}

impl From<InterviewWithPeople> for Interview {
    fn from(InterviewWithPeople { interview, people }: InterviewWithPeople) -> Self {
        Self { row: Arc::new(interview), people: people.map(LoadedPeople::from).unwrap_or_default() }
    }
}

/// An interview of a driver, who has applied to a company, by a member of its staff.
#[Object]
impl Interview {
    /// The id, a decimal number. The REST API uses the same ids.
    pub(super) fn id(&self) -> ID {
        self.row.id.0.into()
    }

    /// How the two sides meet.
    pub(super) fn kind(&self) -> InterviewKind {
        self.row.kind.into()
    }

    /// The state of the interview.
    pub(super) fn status(&self) -> InterviewStatus {
        self.row.status().into()
    }

    /// The start of the interview.
    pub(super) fn start_at(&self) -> DateTime {
        self.row.slot.start().into()
    }

    /// The end of the interview, exclusive: the next interview can start at this time.
    pub(super) fn end_at(&self) -> DateTime {
        self.row.slot.end().into()
    }

    /// The start of the proposed time. Null unless the status is `AMENDED`.
    pub(super) fn amend_start_at(&self) -> Option<DateTime> {
        self.row.proposal().map(|proposal| proposal.slot.start().into())
    }

    /// The end of the proposed time, exclusive. Null unless the status is `AMENDED`.
    pub(super) fn amend_end_at(&self) -> Option<DateTime> {
        self.row.proposal().map(|proposal| proposal.slot.end().into())
    }

    /// The side that proposed another time. Null unless the status is `AMENDED`.
    pub(super) fn amended_by(&self) -> Option<Side> {
        self.row.proposal().map(|proposal| proposal.by.into())
    }

    /// A link or a place, as free text. Null if none was given.
    pub(super) fn location(&self) -> Option<&str> {
        self.row.location.as_deref()
    }

    /// The id of the driver's application.
    pub(super) fn interviewee_id(&self) -> ID {
        self.row.interviewee_id.0.into()
    }

    /// The driver's application.
    async fn interviewee(&self, ctx: &Context<'_>) -> Result<Interviewee> {
        if let Some(interviewee) = &self.people.interviewee {
            return Ok(Interviewee::new(interviewee.clone(), self.people.driver.clone()));
        }
        let loader = ctx.loader();
        let driver = async {
            if !PeopleSelection::of_interviewees(&ctx.look_ahead()).driver {
                return Ok(None);
            }
            // The row has the driver's id as well, so that the driver is loaded with the interviewers, and not one
            // round later.
            loader.user(self.row.driver_id).await.map(Some)
        };
        let (interviewee, driver) =
            ctx.map_failure(futures_util::try_join!(loader.interviewee(self.row.interviewee_id), driver))?;
        Ok(Interviewee::new(interviewee, driver))
    }

    /// The id of the interviewer.
    pub(super) fn interviewer_id(&self) -> ID {
        self.row.interviewer_id.0.into()
    }

    /// The member of staff who conducts the interview.
    async fn interviewer(&self, ctx: &Context<'_>) -> Result<Interviewer> {
        match &self.people.interviewer {
            Some(interviewer) => Ok(Interviewer(interviewer.clone())),
            None => ctx.map_failure(ctx.loader().user(self.row.interviewer_id).await).map(Interviewer),
        }
    }

    /// The side whose answer is awaited: `INTERVIEWEE` while the status is `PENDING`, the side that did not propose the
    /// time while it is `AMENDED`. Null in every other status.
    pub(super) fn awaiting(&self) -> Option<Side> {
        self.row.awaiting().map(Side::from)
    }

    /// The actions that permission and status allow the viewer at this moment. Their input can still be invalid.
    async fn available_actions(&self, ctx: &Context<'_>) -> Result<Vec<InterviewAction>> {
        let actions = ctx.services().available_actions(ctx.viewer()?, &self.row);
        Ok(actions.into_iter().map(InterviewAction::from).collect())
    }

    /// Whether staff have allowed the interview to overlap with others at this time. Such an interview does not reserve
    /// the time. The permission ends when the time, the interviewer or the driver changes.
    pub(super) fn allow_overlap(&self) -> bool {
        self.row.allow_overlap
    }

    /// The reason of a rejection or cancellation. Null in every other status, or if none was given.
    pub(super) fn reason(&self) -> Option<&str> {
        self.row.reason()
    }

    /// The side that did not appear. Null unless the status is `NO_SHOW`.
    pub(super) fn absent(&self) -> Option<Side> {
        self.row.absent().map(Side::from)
    }

    /// A counter that each change increments by one. Send it as `expectedVersion` to detect concurrent changes.
    pub(super) fn version(&self) -> i32 {
        self.row.version
    }

    /// Links with which the viewer adds the interview to a calendar.
    async fn calendar_links(&self, ctx: &Context<'_>) -> Result<CalendarLinks> {
        let (loader, row) = (ctx.loader(), &self.row);
        let people = futures_util::try_join!(
            loader.user(row.driver_id),
            loader.user(row.interviewer_id),
            loader.company(row.company_id)
        );
        let (driver, interviewer, company) = ctx.map_failure(people)?;
        let entry = CalendarEntry::new(row, &driver, &interviewer, &company.name);
        let side = CalendarSide::from(ctx.viewer()?.authority);
        Ok(calendar::CalendarLinks::new(&entry, side, ctx.services().public_url()).into())
    }

    /// The events of this interview, oldest first: its changes, and on request its reminders. Drivers see the events at
    /// whose time they were its driver.
    async fn history(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The number of items, from 0 to 100. The default is 20.")] first: Option<i32>,
        #[graphql(desc = "Returns items after this cursor.")] after: Option<String>,
        #[graphql(
            desc = "Whether reminders are among the events: `REMINDER_DUE` and `ANSWER_OVERDUE`.",
            default_with = "Some(false)"
        )]
        include_reminders: Option<bool>,
    ) -> Result<Connection<InterviewEvent>> {
        let window = PageArguments::forward(first, after).window(())?;
        let (id, includes_reminders) = (self.row.id, include_reminders == Some(true));
        let key = HistoryOf { interview: id, includes_reminders, window };
        let page = ctx.map_failure(ctx.loader().load(key).await)?.unwrap_or_else(|| key.window.page(Vec::new()));
        let event = |event| InterviewEvent { epoch: None, event, interview: Some(self.row.clone()), matches: true };
        Ok(Connection::new(page, EventQuery::OfInterview { id, includes_reminders }, event))
    }

    /// The time of creation.
    pub(super) fn created_at(&self) -> DateTime {
        self.row.created_at.into()
    }

    /// The time of the last change.
    pub(super) fn updated_at(&self) -> DateTime {
        self.row.updated_at.into()
    }
}
