//! Use cases that change interviews. Each change is stored together with its event, and tried again when the database
//! gives up an attempt for a transient reason.

use crate::domain::{
    Booking, Command, EventId, ExpectedVersion, IdempotencyKey, Interview, InterviewId, InterviewPatch,
    InterviewWithPeople, KeyedRequest, Participants, References, Refusal, Viewer,
};
use crate::services::interviews::attempts::AttemptError;
use crate::services::{ServiceError, Services};
use crate::storage::LockWait;
use crate::storage::unit_of_work::{Change, Include, Locking, Stored, UnitOfWork};
use serde::Serialize;

type Result<T, E = ServiceError> = std::result::Result<T, E>;

/// A change that was made, now or by an earlier request with the same key, or that changed nothing.
#[derive(Clone, Debug)]
pub struct ChangedInterview {
    /// The interview afterwards; as it is now, if an earlier request has changed it.
    pub interview: InterviewWithPeople,
    /// The event of the change; none if nothing was written.
    pub event: Option<EventId>,
    /// Whether an earlier request with the same key has made the change.
    pub replayed: bool,
}

/// What is requested. The names and fields identify the request together with its key, in all releases.
#[derive(Clone, Copy, Serialize)]
pub(super) enum ChangeRequest<'a> {
    Create(&'a Booking),
    Change {
        id: InterviewId,
        command: &'a Command,
        expected: &'a ExpectedVersion,
        #[serde(skip)]
        include: Include,
    },
}

impl ChangeRequest<'_> {
    pub(super) fn can_allow_overlap(&self) -> bool {
        match self {
            Self::Create(_) => true,
            Self::Change { command, .. } => command.can_allow_overlap(),
        }
    }

    fn include(&self) -> Include {
        match self {
            Self::Create(_) => Include::Nothing,
            Self::Change { include, .. } => *include,
        }
    }
}

/// What became of a request.
pub(super) enum Made {
    Now(Box<ChangedInterview>),
    /// An earlier request with the same key has changed this interview.
    Before(InterviewId),
}

/// What the domain makes of a request.
pub(super) enum Decision {
    Change(Box<Change>, Option<Box<Participants>>),
    Nothing(Box<InterviewWithPeople>),
}

impl<E: Into<ServiceError>> From<E> for AttemptError {
    fn from(error: E) -> Self {
        Self::Final(error.into())
    }
}

impl Made {
    pub(super) fn now(interview: InterviewWithPeople, event: Option<EventId>) -> Self {
        Self::Now(Box::new(ChangedInterview { interview, event, replayed: false }))
    }
}

impl Services {
    /// Books an interview. When it is refused or fails, nothing was written.
    pub async fn create(
        &self,
        viewer: &Viewer,
        booking: &Booking,
        key: Option<&IdempotencyKey>,
    ) -> Result<ChangedInterview> {
        self.perform(viewer, ChangeRequest::Create(booking), key).await
    }

    /// The same as [`Services::create`], for transports in which every field can be missing.
    pub async fn create_from(
        &self,
        viewer: &Viewer,
        patch: InterviewPatch,
        key: Option<&IdempotencyKey>,
    ) -> Result<ChangedInterview> {
        Booking::permit(viewer)?;
        self.create(viewer, &patch.into_booking()?, key).await
    }

    /// Changes an interview that the viewer sees. When it is refused or fails, nothing was written.
    pub async fn change(
        &self,
        viewer: &Viewer,
        id: InterviewId,
        command: &Command,
        expected: &ExpectedVersion,
        include: Include,
        key: Option<&IdempotencyKey>,
    ) -> Result<ChangedInterview> {
        self.perform(viewer, ChangeRequest::Change { id, command, expected, include }, key).await
    }

    /// A creation always writes more than one row, so it begins with locks. Any other change is tried without them
    /// once.
    pub(super) async fn perform(
        &self,
        viewer: &Viewer,
        request: ChangeRequest<'_>,
        key: Option<&IdempotencyKey>,
    ) -> Result<ChangedInterview> {
        let keyed = self.keyed(viewer, key, request);
        let locking = match request {
            ChangeRequest::Create(_) => Locking::Pessimistic(LockWait::Brief),
            ChangeRequest::Change { .. } => Locking::Optimistic,
        };
        let attempt = |locking| self.attempt(viewer, request, keyed.as_ref(), locking);
        match self.attempt_until_final(viewer, locking, attempt).await? {
            Made::Now(changed) => Ok(*changed),
            Made::Before(id) => self.replay(viewer, id, request.include()).await,
        }
    }

    /// Loads, lets the domain decide, and stores.
    async fn attempt(
        &self,
        viewer: &Viewer,
        request: ChangeRequest<'_>,
        keyed: Option<&KeyedRequest>,
        locking: Locking,
    ) -> Result<Made, AttemptError> {
        let interview = match request {
            ChangeRequest::Create(_) => None,
            ChangeRequest::Change { id, .. } => Some(id),
        };
        let mut unit = UnitOfWork::begin(&self.db, viewer.id, locking, interview).await?;
        if let Some(keyed) = keyed
            && let Some(subject) = keyed.replayed(unit.remembered(keyed).await?)?
        {
            return Ok(Made::Before(InterviewId(subject)));
        }
        let decision = self.decide(&mut unit, viewer, request).await;
        // Without locks, an equal request can have made the change since the key was looked up.
        let is_certain = keyed.is_none() || unit.has_locks();
        let (change, people) = match decision {
            Ok(Decision::Change(change, people)) => (*change, people),
            Ok(Decision::Nothing(_)) | Err(ServiceError::Refused(_)) if !is_certain => {
                return Err(AttemptError::NeedsLocks);
            }
            Ok(Decision::Nothing(interview)) => {
                return Ok(Made::now(*interview, None));
            }
            Err(error) => return Err(error.into()),
        };
        match unit.store(change.of_request(keyed.cloned())).await? {
            Stored::Done(interview, event) => {
                let people = people.map(|people| *people).filter(|people| people.are_of(&interview));
                let interview = InterviewWithPeople { interview, people };
                Ok(Made::now(interview, Some(event)))
            }
            Stored::Overlap(_) if !is_certain => Err(AttemptError::NeedsLocks),
            Stored::NeedsLocks => Err(AttemptError::NeedsLocks),
            Stored::Overlap(interview) => Err(AttemptError::Overlap(interview, request.can_allow_overlap())),
            Stored::TooManyOpen => Err(self.limits.bookings.too_many_open_interviews().into()),
        }
    }

    /// Loads what the request is about, and lets the domain decide.
    pub(super) async fn decide(
        &self,
        unit: &mut UnitOfWork<'_>,
        viewer: &Viewer,
        request: ChangeRequest<'_>,
    ) -> Result<Decision> {
        let limits = &self.limits.bookings;
        match request {
            ChangeRequest::Create(booking) => {
                let references = references_of_booking(unit, viewer, booking).await?;
                let transition = booking.clone().create(viewer, references, self.clock.now())?;
                limits.check_times(&transition.interview, None)?;
                let change = Change::new(viewer, None, transition, limits.open_interviews);
                Ok(Decision::Change(Box::new(change), None))
            }
            ChangeRequest::Change { id, command, expected, include } => {
                let loaded = unit.load(viewer.scope(), id, include).await?;
                let InterviewWithPeople { interview, people } = loaded.ok_or(Refusal::NotFound)?;
                interview.expect_version(expected)?;
                let references = references_of_command(unit, viewer, &interview, command).await?;
                // The clock is read after the row was locked, so that the events of an interview are in the order of
                // their times.
                let Some(transition) = interview.perform(viewer, command.clone(), references, self.clock.now())? else {
                    return Ok(Decision::Nothing(Box::new(InterviewWithPeople { interview, people })));
                };
                limits.check_times(&transition.interview, Some(&interview))?;
                let change = Change::new(viewer, Some(&interview), transition, limits.open_interviews);
                Ok(Decision::Change(Box::new(change), people.map(Box::new)))
            }
        }
    }

    /// The interview that an earlier request has changed, as it is now. Refused if the viewer does not see it any more.
    pub(super) async fn replay(&self, viewer: &Viewer, id: InterviewId, include: Include) -> Result<ChangedInterview> {
        let interview = match include {
            Include::People => self.interview_with_people(viewer, id).await?,
            Include::Nothing => self.interview(viewer, id).await?.map(InterviewWithPeople::from),
        };
        let interview = interview.ok_or(Refusal::NotFound)?;
        Ok(ChangedInterview { interview, event: None, replayed: true })
    }
}

/// Looks up what a new interview refers to.
async fn references_of_booking(unit: &mut UnitOfWork<'_>, viewer: &Viewer, booking: &Booking) -> Result<References> {
    let interviewee = unit.interviewee(viewer.scope(), booking.interviewee_id).await?;
    let company = match &interviewee {
        Some(interviewee) => Some(interviewee.company_id),
        None => viewer.authority.company(),
    };
    let interviewer_exists = match company {
        Some(company) => unit.is_active_interviewer(company, booking.interviewer_id).await?,
        None => true, // without a company there is nothing to look up, and the missing interviewee is reported
    };
    Ok(References { interviewee, interviewer_exists })
}

/// Looks up what an update refers to and the stored interview does not. Other commands refer to nothing.
async fn references_of_command(
    unit: &mut UnitOfWork<'_>,
    viewer: &Viewer,
    interview: &Interview,
    command: &Command,
) -> Result<References> {
    let mut references = References::default();
    if let Command::Update(patch) = command {
        if let Some(id) = patch.other_interviewee(interview) {
            references.interviewee = unit.interviewee(viewer.scope(), id).await?;
        }
        if let Some(id) = patch.other_interviewer(interview) {
            references.interviewer_exists = unit.is_active_interviewer(interview.company_id, id).await?;
        }
    }
    Ok(references)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Otherwise a request that is repeated while servers are updated counts as another one.
    #[test]
    fn request_has_the_same_form_in_all_releases() {
        let (id, expected, include) = (InterviewId(27), ExpectedVersion::from(Some(3)), Include::Nothing);
        let command = Command::Update(InterviewPatch {
            location: crate::domain::Patch::Null,
            allow_overlap: crate::domain::Patch::Value(true),
            ..InterviewPatch::default()
        });
        let request = ChangeRequest::Change { id, command: &command, expected: &expected, include };
        let form = json!({"Change": {
            "id": 27,
            "command": {"Update": {"kind": null, "start_at": null, "end_at": null, "interviewee_id": null,
                "interviewer_id": null, "location": [], "allow_overlap": true}},
            "expected": {"required": {"OneOf": [3]}, "excluded": {"OneOf": []}},
        }});
        assert_eq!(serde_json::to_value(request).unwrap(), form);
    }
}
