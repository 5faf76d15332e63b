//! How interviews are written as JSON text, with the people whom they reference.

use crate::graphql::context::ContextExt;
use crate::graphql::direct_json::{NestedField, Plan, WriteJson, written_fields};
use crate::graphql::schema::interview::object::Interview;
use crate::graphql::schema::people::interviewee::Interviewee;
use crate::graphql::schema::people::selection::{LoadedPeople, PeopleSelection};
use crate::graphql::schema::people::users::Interviewer;
use async_graphql::parser::types::SelectionSet;
use async_graphql::{Context, Positioned};
use std::borrow::Cow;

impl WriteJson for Interview {
    const FREE_TEXTS: &'static [&'static str] = &["location", "reason"];

    fn text_length(&self) -> usize {
        [self.row.location.as_deref(), self.row.reason()].into_iter().flatten().map(str::len).sum()
    }

    type Nested = PlannedPerson;

    written_fields! {
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

    async fn load_nested<'a>(ctx: &Context<'_>, objects: &'a [Self]) -> Cow<'a, [Self]> {
        let selection = PeopleSelection::of_interviews(&ctx.look_ahead());
        if objects.iter().all(|object| object.people.include(selection)) {
            return Cow::Borrowed(objects);
        }
        let interviews = objects.iter().map(|object| &*object.row);
        // When loading fails the fields are executed, and report the error.
        let Ok(people) = LoadedPeople::load(ctx.loader(), selection, interviews).await else {
            return Cow::Borrowed(objects);
        };
        let with_people = |(object, people): (&Self, LoadedPeople)| Self { row: object.row.clone(), people };
        objects.iter().zip(people).map(with_people).collect()
    }
}

/// A field that is a person of the interview.
pub enum PlannedPerson {
    Interviewee(Plan<Interviewee>),
    Interviewer(Plan<Interviewer>),
}

impl NestedField<Interview> for PlannedPerson {
    fn plan(name: &str, selection_set: &Positioned<SelectionSet>, ctx: &Context<'_>) -> Option<Self> {
        match name {
            "interviewee" => Plan::without_execution(selection_set, ctx).map(Self::Interviewee),
            "interviewer" => Plan::without_execution(selection_set, ctx).map(Self::Interviewer),
            _ => None,
        }
    }

    fn write(&self, interview: &Interview, ctx: &Context<'_>, out: &mut Vec<u8>) -> Option<()> {
        let LoadedPeople { interviewee, driver, interviewer } = &interview.people;
        match self {
            Self::Interviewee(plan) => {
                plan.write_loaded(&Interviewee::new(interviewee.clone()?, driver.clone()), ctx, out)
            }
            Self::Interviewer(plan) => plan.write_loaded(&Interviewer(interviewer.clone()?), ctx, out),
        }
    }
}
