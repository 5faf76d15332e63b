//! Indexes for lists, loaders and the event log.

use sea_orm_migration::prelude::*;

const INDEXES: [(&str, &[&str]); 10] = [
    ("users", &["company_id", "id"]),
    ("interviewees", &["company_id", "id"]),
    ("interviewees", &["driver_id"]),
    ("interviews", &["company_id", "start_at", "id"]),
    ("interviews", &["driver_id", "start_at", "id"]),
    ("interviews", &["interviewer_id", "start_at", "id"]),
    ("interviews", &["interviewee_id"]),
    ("interviews", &["company_id", "updated_at", "id"]),
    ("interview_events", &["interview_id", "id"]),
    // The order in which the event log is followed.
    ("interview_events", &["transaction_id", "id"]),
];

pub(super) fn all() -> impl Iterator<Item = IndexCreateStatement> {
    INDEXES.into_iter().map(|(table, columns)| {
        let mut index = Index::create();
        index.name(format!("{table}_{}_idx", columns.join("_"))).table(table);
        for column in columns {
            index.col(*column);
        }
        index
    })
}
