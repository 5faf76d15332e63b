//! Use cases that read interviews and the people who belong to them. The list of staff is refused to drivers.

use crate::domain::filter::InterviewFilter;
use crate::domain::page::{InterviewOrder, InterviewPosition, Page, Window};
use crate::domain::{
    Authority, Event, EventId, Interview, InterviewId, InterviewWithPeople, Interviewee, IntervieweeId, Participants,
    Refusal, Scope, Search, User, UserId, Viewer,
};
use crate::services::{ServiceError, Services};
use crate::storage::interviews::group_lookup::{self, Lookup};
use crate::storage::{history, interviewees, interviews, users};
use std::borrow::Cow;
use std::collections::HashMap;

type Result<T, E = ServiceError> = std::result::Result<T, E>;

impl Services {
    /// The interview with this id, if the viewer sees it.
    pub async fn interview(&self, viewer: &Viewer, id: InterviewId) -> Result<Option<Interview>> {
        Ok(interviews::find(&*self.reader(viewer).await?, viewer.scope(), id).await?)
    }

    /// The same with its people, in one statement.
    pub async fn interview_with_people(&self, viewer: &Viewer, id: InterviewId) -> Result<Option<InterviewWithPeople>> {
        Ok(group_lookup::find_to_read(&self.db, viewer.id, Lookup { scope: viewer.scope(), id }).await?)
    }

    /// A page of the interviews that the viewer sees and the filter matches.
    pub async fn interviews(
        &self,
        viewer: &Viewer,
        filter: &InterviewFilter,
        order: InterviewOrder,
        window: &Window<InterviewPosition>,
    ) -> Result<Page<Interview>> {
        Ok(interviews::page(&*self.reader(viewer).await?, viewer, filter, order, window).await?)
    }

    /// The number of interviews on all pages, up to [`ServiceLimits::max_count`](crate::services::ServiceLimits).
    pub async fn count_interviews(&self, viewer: &Viewer, filter: &InterviewFilter) -> Result<u64> {
        Ok(interviews::count(&*self.reader(viewer).await?, viewer, filter, self.limits.max_count).await?)
    }

    /// The interviewee with this id, if the viewer sees it.
    pub async fn interviewee(&self, viewer: &Viewer, id: IntervieweeId) -> Result<Option<Interviewee>> {
        Ok(interviewees::find(&*self.reader(viewer).await?, viewer.scope(), id).await?)
    }

    /// A page of the interviewees that the viewer sees; with `search`, those whose driver's name contains it.
    pub async fn interviewees(
        &self,
        viewer: &Viewer,
        search: Option<&Search>,
        window: &Window<IntervieweeId>,
    ) -> Result<Page<Interviewee>> {
        Ok(interviewees::page(&*self.reader(viewer).await?, viewer.scope(), search, window).await?)
    }

    /// The number of interviewees on all pages, up to [`ServiceLimits::max_count`](crate::services::ServiceLimits).
    pub async fn count_interviewees(&self, viewer: &Viewer, search: Option<&Search>) -> Result<u64> {
        Ok(interviewees::count(&*self.reader(viewer).await?, viewer.scope(), search, self.limits.max_count).await?)
    }

    /// A page of the active staff of the viewer's company; with `search`, those whose name contains it.
    pub async fn interviewers(
        &self,
        viewer: &Viewer,
        search: Option<&Search>,
        window: &Window<UserId>,
    ) -> Result<Page<User>> {
        Ok(users::interviewers(&*self.reader(viewer).await?, staff_scope(viewer)?, search, window).await?)
    }

    /// The number of interviewers on all pages, up to [`ServiceLimits::max_count`](crate::services::ServiceLimits).
    pub async fn count_interviewers(&self, viewer: &Viewer, search: Option<&Search>) -> Result<u64> {
        Ok(users::count_interviewers(&*self.reader(viewer).await?, staff_scope(viewer)?, search, self.limits.max_count)
            .await?)
    }

    /// The same page of the interviews of each of these interviewees.
    pub async fn interviews_of(
        &self,
        viewer: &Viewer,
        interviewees: &[IntervieweeId],
        window: &Window<InterviewPosition>,
    ) -> Result<HashMap<IntervieweeId, Page<Interview>>> {
        Ok(interviews::pages_by_interviewee(&*self.reader(viewer).await?, viewer.scope(), interviewees, window).await?)
    }

    /// The number of interviews of each of these interviewees, up to the same limit.
    pub async fn count_interviews_of(
        &self,
        viewer: &Viewer,
        interviewees: &[IntervieweeId],
    ) -> Result<HashMap<IntervieweeId, u64>> {
        Ok(interviews::counts_by_interviewee(
            &*self.reader(viewer).await?,
            viewer.scope(),
            interviewees,
            self.limits.max_count,
        )
        .await?)
    }

    /// The same page of the history of each of these interviews, as far as the viewer sees it, with or without
    /// reminders.
    pub async fn history_of(
        &self,
        viewer: &Viewer,
        interviews: &[InterviewId],
        includes_reminders: bool,
        window: &Window<EventId>,
    ) -> Result<HashMap<InterviewId, Page<Event>>> {
        let (reader, scope) = (self.reader(viewer).await?, viewer.scope());
        let mut pages = history::pages_by_interview(&*reader, scope, interviews, includes_reminders, window).await?;
        for page in pages.values_mut() {
            page.items = page.items.iter().filter_map(|event| event.seen_in(scope)).map(Cow::into_owned).collect();
        }
        Ok(pages)
    }

    /// The number of events of each of these interviews that the viewer sees, with or without reminders, up to the same
    /// limit.
    pub async fn count_history_of(
        &self,
        viewer: &Viewer,
        interviews: &[InterviewId],
        includes_reminders: bool,
    ) -> Result<HashMap<InterviewId, u64>> {
        Ok(history::counts_by_interview(
            &*self.reader(viewer).await?,
            viewer.scope(),
            interviews,
            includes_reminders,
            self.limits.max_count,
        )
        .await?)
    }

    /// The interviewees with these ids. They have to come from rows that the viewer sees.
    pub async fn interviewees_by_ids(&self, viewer: &Viewer, ids: &[IntervieweeId]) -> Result<Vec<Interviewee>> {
        Ok(interviewees::by_ids(&*self.reader(viewer).await?, ids).await?)
    }

    /// The users with these ids. They have to come from rows that the viewer sees.
    pub async fn users_by_ids(&self, viewer: &Viewer, ids: &[UserId]) -> Result<Vec<User>> {
        Ok(users::by_ids(&*self.reader(viewer).await?, ids).await?)
    }

    /// The people of an interview that the viewer sees.
    pub async fn people_of(&self, viewer: &Viewer, interview: &Interview) -> Result<Participants> {
        let mut applications = interviewees::by_ids(&*self.reader(viewer).await?, &[interview.interviewee_id]).await?;
        let users =
            users::by_ids(&*self.reader(viewer).await?, &[interview.driver_id, interview.interviewer_id]).await?;
        let user = |id: UserId| {
            let found = users.iter().find(|user| user.id == id).cloned();
            found.ok_or(ServiceError::Dangling { table: "users", id: id.0 })
        };
        let missing = ServiceError::Dangling { table: "interviewees", id: interview.interviewee_id.0 };
        Ok(Participants {
            interviewee: applications.pop().ok_or(missing)?,
            driver: user(interview.driver_id)?,
            interviewer: user(interview.interviewer_id)?,
        })
    }
}

/// Drivers choose no interviewer in a form.
fn staff_scope(viewer: &Viewer) -> Result<Scope, Refusal> {
    match viewer.authority {
        Authority::Driver => Err(Refusal::Forbidden("Only staff can list interviewers.")),
        Authority::Staff(_) | Authority::Admin | Authority::Service => Ok(viewer.scope()),
    }
}
