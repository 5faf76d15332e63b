//! Filters exist twice: in SQL for lists, and in the domain for events. Both admit the same interviews.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::people::{ADA, JUDE, MONA, NORTHERN_HAULAGE, PLATFORM};
use chrono::{DateTime, TimeDelta, Utc};
use interviews::domain::filter::{InterviewFilter, TimeRange};
use interviews::domain::page::{InterviewOrder, Window};
use interviews::domain::{Authority, Interview, InterviewKind, InterviewStatus, Side, UserId, Viewer};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use rstest::rstest;
use strum::VariantArray;

/// Filters with the values of an interview that exists, so that they select some.
fn filters(all: Vec<Interview>) -> impl Strategy<Value = InterviewFilter> {
    let sample = any::<Index>().prop_map(move |index| index.get(&all).clone());
    let subset = |all: &'static [InterviewStatus]| subsequence(all, 0..=all.len());
    let kinds = subsequence(InterviewKind::VARIANTS, 0..=InterviewKind::VARIANTS.len());
    let side = select(vec![Side::Interviewer, Side::Interviewee]);
    let rare = proptest::bool::weighted(0.15);
    (
        sample,
        of(subset(InterviewStatus::VARIANTS)),
        of(kinds),
        [rare, rare, rare, proptest::bool::weighted(0.3), proptest::bool::weighted(0.3), proptest::bool::weighted(0.3)],
        -3i64..3,
        0i64..72,
        of(side),
        of(any::<bool>()),
    )
        .prop_map(
            |(
                it,
                status,
                kind,
                [interviewee, interviewer, driver, starts, updated, overlaps],
                shift,
                hours,
                awaiting,
                awaiting_me,
            )| {
                let from = it.slot.start() + TimeDelta::hours(shift);
                let range = |wanted: bool, from: DateTime<Utc>| {
                    let to = (hours % 3 != 0).then(|| from + TimeDelta::hours(hours));
                    if wanted {
                        TimeRange { gte: (hours % 5 != 0).then_some(from), lt: to }
                    } else {
                        TimeRange::default()
                    }
                };
                InterviewFilter {
                    status,
                    kind,
                    interviewee_id: interviewee.then_some(it.interviewee_id),
                    interviewer_id: interviewer.then_some(it.interviewer_id),
                    driver_id: driver.then_some(it.driver_id),
                    start_at: range(starts, from),
                    updated_at: range(updated, it.updated_at + TimeDelta::hours(shift)),
                    overlaps: overlaps.then(|| (from, from + TimeDelta::hours(hours + 1))),
                    awaiting,
                    awaiting_me,
                }
            },
        )
}

#[rstest]
#[tokio::test]
async fn sql_and_domain_admit_the_same_interviews(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let services = app.app.services();
    let viewer = |id: UserId, authority: Authority| Viewer {
        id,
        title: String::new(),
        authority,
        manager: false,
        time_zone: None,
    };
    let viewers = [
        viewer(MONA, Authority::Staff(NORTHERN_HAULAGE)),
        viewer(JUDE, Authority::Driver),
        viewer(ADA, Authority::Admin),
        viewer(PLATFORM, Authority::Service),
    ];
    let window = Window { after: None, before: None, limit: 1000, from_end: false };
    let list = async |viewer: &Viewer, filter: &InterviewFilter| {
        services.interviews(viewer, filter, InterviewOrder::default(), &window).await.unwrap().items
    };
    let everything = list(&viewers[2], &InterviewFilter::default()).await;
    assert!(everything.len() > 250);
    let strategy = filters(everything.clone());
    let mut runner = TestRunner::new(Config::default());
    let mut found = 0;
    for _ in 0..300 {
        let filter = strategy.new_tree(&mut runner).unwrap().current();
        for viewer in &viewers {
            let seen = everything.iter().filter(|interview| viewer.scope().covers(interview));
            let admitted: Vec<_> = seen.filter(|interview| filter.matches(interview, viewer)).cloned().collect();
            assert_eq!(list(viewer, &filter).await, admitted, "{filter:?}");
            found += admitted.len();
        }
    }
    assert!(found > 1000, "the filters select too few interviews: {found}");
}
