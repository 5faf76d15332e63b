//! The table `interviews` with all its columns, as it is written. Queries read fewer of them: see
//! [`interview`](super::interview).

use crate::domain::{Interview, InterviewStatus, Side, Timing};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "interviews")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub company_id: i64,
    pub driver_id: i64,
    pub interviewee_id: i64,
    pub interviewer_id: i64,
    pub kind: String,
    pub status: String,
    pub start_at: DateTimeUtc,
    pub end_at: DateTimeUtc,
    pub amend_start_at: Option<DateTimeUtc>,
    pub amend_end_at: Option<DateTimeUtc>,
    pub amended_by: Option<String>,
    pub amended_from: Option<String>,
    pub location: Option<String>,
    pub reason: Option<String>,
    pub absent: Option<String>,
    pub allow_overlap: bool,
    pub version: i32,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    /// When the time was set, or agreed to. A row from before the column has neither this nor the next two until they
    /// are filled, and `updated_at` counts meanwhile.
    pub slot_set_at: Option<DateTimeUtc>,
    /// Since when the interview waits for an answer; null if it waits for none.
    pub waiting_since: Option<DateTimeUtc>,
    /// How often entries in calendars had to be replaced.
    pub sequence: Option<i32>,
}

impl ActiveModelBehavior for ActiveModel {}

/// Whether a change of an interview writes this column. The others are written once, when the interview is created.
pub fn is_changeable(column: Column) -> bool {
    !matches!(column, Column::Id | Column::CompanyId | Column::CreatedAt)
}

/// What a change assigns to this column. `given` is the parameter with the value of [`changed`] for a column. What is
/// not given in it is continued from the row.
pub fn assigned(column: Column, given: impl Fn(Column) -> String) -> String {
    match column {
        Column::SlotSetAt => format!("coalesce({}, slot_set_at, updated_at)", given(column)),
        Column::WaitingSince => {
            let waiting = InterviewStatus::WAITING.map(|status| status.into_str()).join("', '");
            let (status, since) = (given(Column::Status), given(column));
            format!("CASE WHEN {status} IN ('{waiting}') THEN coalesce({since}, waiting_since, updated_at) END")
        }
        Column::Sequence => format!("coalesce(sequence, version - 1) + {}", given(column)),
        _ => given(column),
    }
}

/// The values of a change that means this. Null keeps a time, and the sequence is incremented by its value.
pub fn changed(interview: &Interview, timing: Timing) -> ActiveModel {
    let Timing { sets_slot, asks_anew, changes_entry } = timing;
    ActiveModel {
        slot_set_at: Set(sets_slot.then_some(interview.updated_at)),
        waiting_since: Set(asks_anew.then_some(interview.updated_at)),
        sequence: Set(Some(changes_entry.into())),
        ..ActiveModel::from(interview)
    }
}

/// The row of a new interview, without the id, which the database assigns.
impl From<&Interview> for ActiveModel {
    fn from(interview: &Interview) -> Self {
        let name = |side: Side| side.into_str().to_owned();
        let proposal = interview.proposal();
        let timing = Timing::of(interview, None);
        Self {
            id: NotSet,
            company_id: Set(interview.company_id.0),
            driver_id: Set(interview.driver_id.0),
            interviewee_id: Set(interview.interviewee_id.0),
            interviewer_id: Set(interview.interviewer_id.0),
            kind: Set(interview.kind.into_str().to_owned()),
            status: Set(interview.status().into_str().to_owned()),
            start_at: Set(interview.slot.start()),
            end_at: Set(interview.slot.end()),
            amend_start_at: Set(proposal.map(|proposal| proposal.slot.start())),
            amend_end_at: Set(proposal.map(|proposal| proposal.slot.end())),
            amended_by: Set(proposal.map(|proposal| name(proposal.by))),
            amended_from: Set(proposal.map(|proposal| proposal.before.into_str().to_owned())),
            location: Set(interview.location.clone()),
            reason: Set(interview.reason().map(str::to_owned)),
            absent: Set(interview.absent().map(name)),
            allow_overlap: Set(interview.allow_overlap),
            version: Set(interview.version),
            created_at: Set(interview.created_at),
            updated_at: Set(interview.updated_at),
            slot_set_at: Set(timing.sets_slot.then_some(interview.updated_at)),
            waiting_since: Set(timing.asks_anew.then_some(interview.updated_at)),
            // An interview of another system can have changed before.
            sequence: Set(Some(interview.version - 1)),
        }
    }
}
