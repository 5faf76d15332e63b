//! Interviews.

use crate::domain;
use crate::domain::filter::InterviewFilter;
use crate::domain::page::{InterviewOrder, InterviewPosition, SortKey};
use crate::graphql::context::ContextExt;
use crate::graphql::direct_json::{Fragments, LoadedPeople, Plan, WriteJson, plain_fields};
use crate::graphql::loaders::{CountOf, HistoryOf};
use crate::graphql::relay::connection::{Connection, Listed};
use crate::graphql::relay::cursor::PageArguments;
use crate::graphql::schema::enums::{InterviewAction, InterviewKind, InterviewStatus, Side};
use crate::graphql::schema::interview::event::{EventQuery, InterviewEvent};
use crate::graphql::schema::people::interviewee::Interviewee;
use crate::graphql::schema::people::object::Interviewer;
use crate::graphql::schema::scalars::DateTime;
use crate::services::InterviewWithPeople;
use async_graphql::parser::types::SelectionSet;
use async_graphql::{Context, ID, Lookahead, Object, Result};
use std::sync::Arc;

/// An interview of a company's interviewer with a driver who applied there.
pub struct Interview {
    row: Arc<domain::Interview>,
    /// Its people, where they were loaded along with the row.
    people: Option<SharedParticipants>,
}

/// The people of one interview, to be shared.
struct SharedParticipants {
    interviewee: Arc<domain::Interviewee>,
    driver: Arc<domain::User>,
    interviewer: Arc<domain::User>,
}

impl From<Arc<domain::Interview>> for Interview {
    fn from(row: Arc<domain::Interview>) -> Self {
        Self { row, people: None }
    }
}

impl From<domain::Interview> for Interview {
    fn from(interview: domain::Interview) -> Self {
        Arc::new(interview).into()
    }
}

impl From<InterviewWithPeople> for Interview {
    fn from(InterviewWithPeople { interview, people }: InterviewWithPeople) -> Self {
        let people = people.map(|domain::Participants { interviewee, driver, interviewer }| SharedParticipants {
            interviewee: Arc::new(interviewee),
            driver: Arc::new(driver),
            interviewer: Arc::new(interviewer),
        });
        Self { row: Arc::new(interview), people }
    }
}

/// Whether what is selected of an interview has to do with its people.
pub fn selects_people(interview: &Lookahead<'_>) -> bool {
    ["interviewee", "interviewer"].iter().any(|person| interview.field(person).exists())
}

/// An interview of a company's interviewer with a driver who applied there.
#[Object]
impl Interview {
    /// Its id, a decimal number as in the REST API.
    async fn id(&self) -> ID {
        self.row.id.0.into()
    }

    /// How the two sides meet.
    async fn kind(&self) -> InterviewKind {
        self.row.kind.into()
    }

    /// Where it is in its life.
    async fn status(&self) -> InterviewStatus {
        self.row.status().into()
    }

    /// When it begins.
    async fn start_at(&self) -> DateTime {
        self.row.slot.start().into()
    }

    /// When it ends: the first moment after it.
    async fn end_at(&self) -> DateTime {
        self.row.slot.end().into()
    }

    /// When the proposed time begins; null unless the status is AMENDED.
    async fn amend_start_at(&self) -> Option<DateTime> {
        self.row.proposal().map(|proposal| proposal.slot.start().into())
    }

    /// When the proposed time ends; null unless the status is AMENDED.
    async fn amend_end_at(&self) -> Option<DateTime> {
        self.row.proposal().map(|proposal| proposal.slot.end().into())
    }

    /// The side that proposed another time; null unless the status is AMENDED.
    async fn amended_by(&self) -> Option<Side> {
        self.row.proposal().map(|proposal| proposal.by.into())
    }

    /// Free text: a link or a place.
    async fn location(&self) -> Option<&str> {
        self.row.location.as_deref()
    }

    /// The id of the driver's application.
    async fn interviewee_id(&self) -> ID {
        self.row.interviewee_id.0.into()
    }

    /// The driver's application.
    async fn interviewee(&self, ctx: &Context<'_>) -> Result<Interviewee> {
        if let Some(people) = &self.people {
            return Ok(Interviewee::with_driver(people.interviewee.clone(), people.driver.clone()));
        }
        let loader = ctx.loader();
        if ctx.look_ahead().field("driver").exists() {
            // The row knows the driver already: so they travel with the interviewers, and not one round later.
            let (interviewee, driver) =
                (loader.interviewee(ctx, self.row.interviewee_id), loader.user(ctx, self.row.driver_id));
            let (interviewee, driver) = futures_util::try_join!(interviewee, driver)?;
            return Ok(Interviewee::with_driver(interviewee, driver));
        }
        Ok(Interviewee::new(loader.interviewee(ctx, self.row.interviewee_id).await?))
    }

    /// The id of the member of staff.
    async fn interviewer_id(&self) -> ID {
        self.row.interviewer_id.0.into()
    }

    /// The member of staff who talks to the driver.
    async fn interviewer(&self, ctx: &Context<'_>) -> Result<Interviewer> {
        match &self.people {
            Some(people) => Ok(Interviewer(people.interviewer.clone())),
            None => Ok(Interviewer(ctx.loader().user(ctx, self.row.interviewer_id).await?)),
        }
    }

    /// The side that has to answer next: INTERVIEWEE while it is pending, the side that did not propose while it is amended, else null.
    async fn awaiting(&self) -> Option<Side> {
        self.row.awaiting().map(Side::from)
    }

    /// What the viewer can do to it now. What is listed is not refused for permission or state.
    async fn available_actions(&self, ctx: &Context<'_>) -> Result<Vec<InterviewAction>> {
        let actions = ctx.services().available_actions(ctx.viewer()?, &self.row);
        Ok(actions.into_iter().map(InterviewAction::from).collect())
    }

    /// Whether staff booked it over a clash on purpose. Such an interview reserves no time.
    async fn allow_overlap(&self) -> bool {
        self.row.allow_overlap
    }

    /// Of a rejection or cancellation, when one was given.
    async fn reason(&self) -> Option<&str> {
        self.row.reason()
    }

    /// The side that did not appear; null unless the status is `NO_SHOW`.
    async fn absent(&self) -> Option<Side> {
        self.row.absent().map(Side::from)
    }

    /// Goes up by one with every change. Send it as `expectedVersion` to be refused when somebody else was faster.
    async fn version(&self) -> i32 {
        self.row.version
    }

    /// What happened to it, oldest first.
    async fn history(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many at most, from 0 to 100. 20 when it is left out.")] first: Option<i32>,
        #[graphql(desc = "Begins after the item with this cursor.")] after: Option<String>,
    ) -> Result<Connection<InterviewEvent>> {
        let arguments = PageArguments { first, after, ..PageArguments::default() };
        let key = HistoryOf { interview: self.row.id, window: arguments.window(())? };
        let page = ctx.loader().load(ctx, key).await?.unwrap_or_else(|| key.window.page(Vec::new()));
        let event = |event| InterviewEvent { event, interview: self.row.clone() };
        Ok(Connection::new(page, EventQuery::OfInterview(self.row.id), event))
    }

    /// When it was created.
    async fn created_at(&self) -> DateTime {
        self.row.created_at.into()
    }

    /// When it last changed.
    async fn updated_at(&self) -> DateTime {
        self.row.updated_at.into()
    }
}

/// A person of an interview, with what is selected of them.
pub enum Person {
    /// See [`Interview::interviewee`].
    Interviewee(Plan<Interviewee>),
    /// See [`Interview::interviewer`].
    Interviewer(Plan<Interviewer>),
}

impl WriteJson for Interview {
    const NAME: &'static str = "Interview";
    type Nested = Person;

    plain_fields! {
        "id" => id,
        "kind" => kind,
        "status" => status,
        "startAt" => start_at,
        "endAt" => end_at,
        "amendStartAt" => amend_start_at,
        "amendEndAt" => amend_end_at,
        "amendedBy" => amended_by,
        "location" => location,
        "intervieweeId" => interviewee_id,
        "interviewerId" => interviewer_id,
        "awaiting" => awaiting,
        "allowOverlap" => allow_overlap,
        "reason" => reason,
        "absent" => absent,
        "version" => version,
        "createdAt" => created_at,
        "updatedAt" => updated_at,
    }

    fn nested(field: &str, selection: &SelectionSet, fragments: &Fragments<'_>) -> Option<Person> {
        match field {
            "interviewee" => Plan::of(selection, fragments).map(Person::Interviewee),
            "interviewer" => Plan::of(selection, fragments).map(Person::Interviewer),
            _ => None,
        }
    }

    fn write_nested(&self, person: &Person, people: &LoadedPeople<'_>, out: &mut Vec<u8>) -> Option<()> {
        match person {
            Person::Interviewee(plan) => {
                let row = people.interviewees.get(&self.row.interviewee_id)?;
                plan.write(&Interviewee::new(row.clone()), people, out)
            }
            Person::Interviewer(plan) => {
                let user = people.users.get(&self.row.interviewer_id)?;
                plan.write(&Interviewer(user.clone()), people, out)
            }
        }
    }
}

/// The people of interviews, as far as a plan has to do with them: those who are there already, or else all are loaded at once.
async fn people_of<'a>(ctx: &'a Context<'a>, plan: &Plan<Interview>, items: &[Interview]) -> Option<LoadedPeople<'a>> {
    if let [Interview { people: Some(SharedParticipants { interviewee, driver, interviewer }), .. }] = items {
        let users = [driver, interviewer].map(|user| (user.id, user.clone()));
        return Some(LoadedPeople::known(ctx, [(interviewee.id, interviewee.clone())].into(), users.into()));
    }
    let (mut interviewees, mut users) = (Vec::new(), Vec::new());
    for person in plan.nested() {
        match person {
            Person::Interviewee(plan) => {
                interviewees.extend(items.iter().map(|it| it.row.interviewee_id));
                // The row knows the driver already: see `Interview::interviewee`.
                if plan.nested().next().is_some() {
                    users.extend(items.iter().map(|it| it.row.driver_id));
                }
            }
            Person::Interviewer(_) => users.extend(items.iter().map(|it| it.row.interviewer_id)),
        }
    }
    LoadedPeople::load(ctx, interviewees, users).await
}

/// About how long an interview with its people is as JSON.
const LENGTH: usize = 768;

/// What a list of interviews was asked for.
pub enum InterviewQuery {
    /// The list of all.
    Listed(InterviewFilter, InterviewOrder),
    /// Those of one application, by their start.
    OfInterviewee(domain::IntervieweeId),
}

impl Listed for Interview {
    type ListPosition = InterviewPosition;
    type Query = InterviewQuery;
    const NAME: &'static str = "Interview";

    fn position(&self, query: &InterviewQuery) -> InterviewPosition {
        let time = match Self::order(query) {
            SortKey::StartAt => Some(self.row.slot.start()),
            SortKey::UpdatedAt => Some(self.row.updated_at),
            SortKey::Id => None,
        };
        InterviewPosition { time, id: self.row.id }
    }

    fn order(query: &InterviewQuery) -> SortKey {
        match query {
            InterviewQuery::Listed(_, order) => order.key,
            InterviewQuery::OfInterviewee(_) => SortKey::StartAt,
        }
    }

    async fn write(ctx: &Context<'_>, items: &[Self], list: bool) -> Option<Vec<u8>> {
        let plan = Plan::of(&ctx.item.node.selection_set.node, ctx)?;
        let people = people_of(ctx, &plan, items).await?;
        let mut out = Vec::with_capacity(LENGTH * items.len());
        if list {
            out.push(b'[');
        }
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            plan.write(item, &people, &mut out)?;
        }
        if list {
            out.push(b']');
        }
        Some(out)
    }

    async fn count(query: &InterviewQuery, ctx: &Context<'_>) -> Result<u64> {
        match query {
            InterviewQuery::Listed(filter, _) => {
                let count = ctx.services().count_interviews(ctx.viewer()?, filter).await;
                count.map_err(|error| ctx.failure(error))
            }
            InterviewQuery::OfInterviewee(id) => {
                Ok(ctx.loader().load(ctx, CountOf::Interviews(*id)).await?.unwrap_or_default())
            }
        }
    }
}
