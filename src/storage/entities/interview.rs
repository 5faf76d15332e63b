//! The table `interviews`.

use crate::domain::{
    CompanyId, Interview, InterviewId, InterviewKind, InterviewStatus, IntervieweeId, Proposal, Side, State,
    StatusBeforeProposal, TimeSlot, UserId,
};
use crate::storage::StorageError;
use crate::storage::entities::json;
use crate::storage::entities::row::row;
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::entity::prelude::*;
use serde::Deserialize;
use std::str::FromStr;

row! {
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Deserialize)]
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
        #[serde(deserialize_with = "json::time")]
        pub start_at: DateTimeUtc,
        #[serde(deserialize_with = "json::time")]
        pub end_at: DateTimeUtc,
        pub amend_start_at: Option<DateTimeUtc>,
        pub amend_end_at: Option<DateTimeUtc>,
        pub amended_by: Option<String>,
        pub amended_from: Option<String>,
        pub location: Option<String>,
        pub reason: Option<String>,
        pub absent: Option<String>,
        #[serde(deserialize_with = "json::truth")]
        pub allow_overlap: bool,
        pub version: i32,
        #[serde(deserialize_with = "json::time")]
        pub created_at: DateTimeUtc,
        #[serde(deserialize_with = "json::time")]
        pub updated_at: DateTimeUtc,
    }
}

impl ActiveModelBehavior for ActiveModel {}

/// Whether a change of an interview writes this column. The others are written once, when the interview is created.
pub fn is_changeable(column: Column) -> bool {
    !matches!(column, Column::Id | Column::CompanyId | Column::CreatedAt)
}

impl TryFrom<Model> for Interview {
    type Error = StorageError;

    fn try_from(row: Model) -> Result<Self, StorageError> {
        let corrupt = |column| StorageError::Corrupt { table: "interviews", column, id: row.id };
        let side = |name: Option<&String>| name.and_then(|name| Side::from_str(name).ok());
        let state = match InterviewStatus::from_str(&row.status).map_err(|_| corrupt("status"))? {
            InterviewStatus::Pending => State::Pending,
            InterviewStatus::Amended => {
                let slot = row.amend_start_at.zip(row.amend_end_at).map(|(start, end)| TimeSlot::try_new(start, end));
                State::Amended(Proposal {
                    slot: slot.and_then(Result::ok).ok_or_else(|| corrupt("amend_end_at"))?,
                    by: side(row.amended_by.as_ref()).ok_or_else(|| corrupt("amended_by"))?,
                    before: StatusBeforeProposal::from_str(row.amended_from.as_deref().unwrap_or_default())
                        .map_err(|_| corrupt("amended_from"))?,
                })
            }
            InterviewStatus::Scheduled => State::Scheduled,
            InterviewStatus::Rejected => State::Rejected { reason: row.reason },
            InterviewStatus::Cancelled => State::Cancelled { reason: row.reason },
            InterviewStatus::Completed => State::Completed,
            InterviewStatus::NoShow => {
                State::NoShow { absent: side(row.absent.as_ref()).ok_or_else(|| corrupt("absent"))? }
            }
        };
        Ok(Self {
            id: InterviewId(row.id),
            company_id: CompanyId(row.company_id),
            driver_id: UserId(row.driver_id),
            interviewee_id: IntervieweeId(row.interviewee_id),
            interviewer_id: UserId(row.interviewer_id),
            kind: InterviewKind::from_str(&row.kind).map_err(|_| corrupt("kind"))?,
            state,
            slot: TimeSlot::try_new(row.start_at, row.end_at).map_err(|_| corrupt("end_at"))?,
            location: row.location,
            allow_overlap: row.allow_overlap,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// Sets all columns but the id, which the database assigns.
impl From<&Interview> for ActiveModel {
    fn from(interview: &Interview) -> Self {
        let name = |side: Side| side.into_str().to_owned();
        let proposal = interview.proposal();
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
        }
    }
}
