//! Use cases that only read.

use crate::domain::filter::InterviewFilter;
use crate::domain::page::{InterviewOrder, InterviewPosition, Page, Window};
use crate::domain::{
    Authority, Company, Event, EventId, Interview, InterviewId, InterviewWithPeople, Interviewee, IntervieweeId,
    Participants, Refusal, Scope, User, UserId, Viewer,
};
use crate::services::{ServiceError, Services};
use crate::storage::interviews::with_people;
use crate::storage::{companies, event_log, interviewees, interviews, users};
use std::collections::HashMap;

type Result<T, E = ServiceError> = std::result::Result<T, E>;

impl Services {
    /// The company for which the viewer works; none for drivers and admins.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn company_of(&self, viewer: &Viewer) -> Result<Option<Company>> {
        match viewer.authority {
            Authority::Staff(company) => Ok(companies::find(self.db.reader(), company).await?),
            Authority::Driver | Authority::Admin => Ok(None),
        }
    }

    /// One interview, if it exists for the viewer.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn interview(&self, viewer: &Viewer, id: InterviewId) -> Result<Option<Interview>> {
        Ok(interviews::find(self.db.reader(), viewer.scope(), id).await?)
    }

    /// The same, with its people. One statement, unless there is nothing to find.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn interview_with_people(&self, viewer: &Viewer, id: InterviewId) -> Result<Option<InterviewWithPeople>> {
        Ok(with_people::find(self.db.reader(), viewer.scope(), id).await?)
    }

    /// A page of the interviews that exist for the viewer.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn interviews(
        &self,
        viewer: &Viewer,
        filter: &InterviewFilter,
        order: InterviewOrder,
        window: &Window<InterviewPosition>,
    ) -> Result<Page<Interview>> {
        Ok(interviews::page(self.db.reader(), viewer, filter, order, window).await?)
    }

    /// How many interviews there are on all pages.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_interviews(&self, viewer: &Viewer, filter: &InterviewFilter) -> Result<u64> {
        Ok(interviews::count(self.db.reader(), viewer, filter).await?)
    }

    /// One application, if it exists for the viewer.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn interviewee(&self, viewer: &Viewer, id: IntervieweeId) -> Result<Option<Interviewee>> {
        Ok(interviewees::find(self.db.reader(), viewer.scope(), id).await?)
    }

    /// A page of the applications to the viewer's company whose driver's name holds `search`.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] for drivers, or when the database fails.
    pub async fn interviewees(
        &self,
        viewer: &Viewer,
        search: Option<&str>,
        window: &Window<IntervieweeId>,
    ) -> Result<Page<Interviewee>> {
        Ok(interviewees::page(self.db.reader(), staff_scope(viewer)?, search, window).await?)
    }

    /// How many applications there are on all pages.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] for drivers, or when the database fails.
    pub async fn count_interviewees(&self, viewer: &Viewer, search: Option<&str>) -> Result<u64> {
        Ok(interviewees::count(self.db.reader(), staff_scope(viewer)?, search).await?)
    }

    /// A page of the people whom the viewer's company can send to an interview.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] for drivers, or when the database fails.
    pub async fn interviewers(
        &self,
        viewer: &Viewer,
        search: Option<&str>,
        window: &Window<UserId>,
    ) -> Result<Page<User>> {
        Ok(users::interviewers(self.db.reader(), staff_scope(viewer)?, search, window).await?)
    }

    /// How many such people there are on all pages.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] for drivers, or when the database fails.
    pub async fn count_interviewers(&self, viewer: &Viewer, search: Option<&str>) -> Result<u64> {
        Ok(users::count_interviewers(self.db.reader(), staff_scope(viewer)?, search).await?)
    }

    /// A page of the interviews of each of these applications.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn interviews_of(
        &self,
        viewer: &Viewer,
        interviewees: &[IntervieweeId],
        window: &Window<InterviewPosition>,
    ) -> Result<HashMap<IntervieweeId, Page<Interview>>> {
        Ok(interviews::pages_by_interviewee(self.db.reader(), viewer.scope(), interviewees, window).await?)
    }

    /// How many interviews each of these applications has on all pages.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_interviews_of(
        &self,
        viewer: &Viewer,
        interviewees: &[IntervieweeId],
    ) -> Result<HashMap<IntervieweeId, u64>> {
        Ok(interviews::counts_by_interviewee(self.db.reader(), viewer.scope(), interviewees).await?)
    }

    /// A page of the history of each of these interviews, which the viewer sees.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn history_of(
        &self,
        interviews: &[InterviewId],
        window: &Window<EventId>,
    ) -> Result<HashMap<InterviewId, Page<Event>>> {
        Ok(event_log::pages_by_interview(self.db.reader(), interviews, window).await?)
    }

    /// How long each of these histories is.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_history_of(&self, interviews: &[InterviewId]) -> Result<HashMap<InterviewId, u64>> {
        Ok(event_log::counts_by_interview(self.db.reader(), interviews).await?)
    }

    /// Applications to which visible rows refer.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn interviewees_by_ids(&self, ids: &[IntervieweeId]) -> Result<Vec<Interviewee>> {
        Ok(interviewees::by_ids(self.db.reader(), ids).await?)
    }

    /// Users to whom visible rows refer.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn users_by_ids(&self, ids: &[UserId]) -> Result<Vec<User>> {
        Ok(users::by_ids(self.db.reader(), ids).await?)
    }

    /// The people of an interview that the viewer sees.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn people_of(&self, interview: &Interview) -> Result<Participants> {
        let mut applications = interviewees::by_ids(self.db.reader(), &[interview.interviewee_id]).await?;
        let users = users::by_ids(self.db.reader(), &[interview.driver_id, interview.interviewer_id]).await?;
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

/// Lists of people are for those who pick them in a form.
fn staff_scope(viewer: &Viewer) -> Result<Scope, Refusal> {
    match viewer.authority {
        Authority::Driver => Err(Refusal::Forbidden("only staff can list people")),
        Authority::Staff(_) | Authority::Admin => Ok(viewer.scope()),
    }
}
