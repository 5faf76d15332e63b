//! Changes of interviews at the storage, without the domain's decision.

use super::people::{MONA, NORTHERN_HAULAGE};
use chrono::TimeDelta;
use interviews::domain::{
    Authority, EventType, Interview, InterviewId, IntervieweeEffect, Scope, Side, Transition, Viewer,
};
use interviews::storage::Db;
use interviews::storage::unit_of_work::{Change, Include, Locking, UnitOfWork};

/// Loads an interview, and makes a change of what `edit` makes of it; the interview as it will be stored.
pub async fn begin_change(
    db: &Db,
    locking: Locking,
    id: InterviewId,
    edit: impl FnOnce(&mut Interview),
) -> (UnitOfWork<'_>, Change, Interview) {
    let mut unit = UnitOfWork::begin(db, MONA, locking, Some(id)).await.unwrap();
    assert_eq!(matches!(unit, UnitOfWork::Optimistic { .. }), locking == Locking::Optimistic);
    let before = unit.load(Scope::Everything, id, Include::People).await.unwrap().unwrap().interview;
    let mut after = before.clone();
    edit(&mut after);
    after.version += 1;
    after.updated_at += TimeDelta::hours(1);
    let transition = Transition {
        interview: after.clone(),
        event: EventType::Updated,
        side: Side::Interviewer,
        changes: Vec::new(),
        effect: IntervieweeEffect::None,
    };
    let viewer = Viewer {
        id: MONA,
        title: "Mona Berg".to_owned(),
        authority: Authority::Staff(NORTHERN_HAULAGE),
        manager: false,
        time_zone: None,
    };
    (unit, Change::new(&viewer, Some(&before), transition, 1), after)
}
