//! The table `interviews` as it is read. Changes write more columns: see [`stored_interview`](super::stored_interview).

use crate::domain::{
    CompanyId, Interview, InterviewId, InterviewKind, InterviewStatus, IntervieweeId, Proposal, Side, State,
    StatusBeforeProposal, TimeSlot, UserId,
};
use crate::storage::StorageError;
use crate::storage::entities::json;
use crate::storage::entities::row::row;
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
