//! Which people of an interview a request selects, and which of them are loaded.

use crate::domain::{Interview, Interviewee, Participants, User};
use crate::graphql::loaders::Loader;
use crate::services::ServiceError;
use async_graphql::Lookahead;
use std::sync::Arc;

/// The people that a selection on `Interview` needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PeopleSelection {
    pub interviewee: bool,
    pub driver: bool,
    pub interviewer: bool,
}

impl PeopleSelection {
    /// For a field that returns interviews.
    pub fn of_interviews(field: &Lookahead<'_>) -> Self {
        let interviewee = field.field("interviewee");
        let interviewer = field.field("interviewer").exists();
        if interviewee.exists() {
            Self { interviewer, ..Self::of_interviewees(&interviewee) }
        } else {
            Self { interviewer, ..Self::default() }
        }
    }

    /// For a field that returns interviewees.
    pub fn of_interviewees(field: &Lookahead<'_>) -> Self {
        Self { interviewee: true, driver: field.field("driver").exists(), interviewer: false }
    }

    pub fn any(self) -> bool {
        self.interviewee || self.driver || self.interviewer
    }
}

/// The people of an interview, as far as they were loaded with it. Resolvers load the others.
#[derive(Clone, Debug, Default)]
pub struct LoadedPeople {
    pub interviewee: Option<Arc<Interviewee>>,
    pub driver: Option<Arc<User>>,
    pub interviewer: Option<Arc<User>>,
}

impl LoadedPeople {
    /// Whether all selected people are there.
    pub fn include(&self, selection: PeopleSelection) -> bool {
        (!selection.interviewee || self.interviewee.is_some())
            && (!selection.driver || self.driver.is_some())
            && (!selection.interviewer || self.interviewer.is_some())
    }

    /// Loads the selected people of several interviews in one batch, in the order of the interviews.
    pub async fn load(
        loader: &Loader,
        selection: PeopleSelection,
        interviews: impl Iterator<Item = &Interview> + Clone,
    ) -> Result<Vec<Self>, ServiceError> {
        let interviewees =
            interviews.clone().filter(|_| selection.interviewee).map(|interview| interview.interviewee_id);
        // The row has the driver's id as well, so that drivers are loaded with the interviewers, and not after the
        // interviewees.
        let users = interviews.clone().flat_map(|interview| {
            let driver = selection.driver.then_some(interview.driver_id);
            driver.into_iter().chain(selection.interviewer.then_some(interview.interviewer_id))
        });
        let (interviewees, users) = futures_util::try_join!(loader.load_many(interviewees), loader.load_many(users))?;
        let people = interviews.map(|interview| Self {
            interviewee: interviewees.get(&interview.interviewee_id).cloned(),
            driver: users.get(&interview.driver_id).cloned(),
            interviewer: users.get(&interview.interviewer_id).cloned(),
        });
        Ok(people.collect())
    }
}

impl From<Participants> for LoadedPeople {
    fn from(Participants { interviewee, driver, interviewer }: Participants) -> Self {
        Self {
            interviewee: Some(Arc::new(interviewee)),
            driver: Some(Arc::new(driver)),
            interviewer: Some(Arc::new(interviewer)),
        }
    }
}
