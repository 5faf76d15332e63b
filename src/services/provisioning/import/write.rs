//! Writes a batch: companies, users and applications in one transaction, then interviews in another.

use super::batch::{Batch, Rounds};
use super::interviews;
use super::refusal::{Refusal, RefusedLine, RowKind};
use crate::domain::provisioning::{PlatformRow, SyncOutcome};
use crate::services::provisioning::sync_within;
use crate::services::retry::repeat;
use crate::storage::provisioning::PlatformTable;
use crate::storage::{Db, StorageError, Transaction};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

/// What became of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows that are stored.
    pub written: u64,
    /// Rows that were stored already.
    pub unchanged: u64,
    /// Rows that are not newer than the stored ones.
    pub outdated: u64,
    /// Rows with errors.
    pub refused: u64,
}

/// What became of the lines of a batch.
#[derive(Clone, Debug, Default)]
pub struct BatchReport {
    /// By kind. Lines whose kind is not known are not counted.
    pub counts: BTreeMap<RowKind, Counts>,
    /// In the order of the lines. A line with several errors is there several times.
    pub refusals: Vec<RefusedLine>,
    /// The number of the last line.
    pub last_line: u64,
    /// The bytes of the input up to its end.
    pub bytes: u64,
}

/// Where a batch is written.
pub enum Target<'a> {
    /// Each batch is committed.
    Database(&'a Db),
    /// All batches belong to this transaction, which is rolled back at the end.
    DryRun(&'a Transaction),
}

impl Target<'_> {
    /// Writes the batch. A transaction that the database gives up for a transient reason is repeated, unless it has
    /// other batches too.
    pub async fn write(
        &self,
        batch: Batch,
        allow_overlap: bool,
        now: DateTime<Utc>,
    ) -> Result<BatchReport, StorageError> {
        let mut report = BatchReport {
            refusals: batch.unusable.clone(),
            last_line: batch.last_line,
            bytes: batch.bytes,
            ..BatchReport::default()
        };
        report.count_unusable(&batch);
        match self {
            Self::DryRun(transaction) => {
                report.add(write_people(transaction, &batch, now).await?);
                report.add(interviews::write(transaction, &batch.interviews, allow_overlap, now, false).await?);
            }
            Self::Database(db) => {
                report.add(
                    repeat(StorageError::is_lock_timeout, || async {
                        let transaction = db.begin_maintenance().await?;
                        let outcomes = write_people(&transaction, &batch, now).await?;
                        transaction.commit().await?;
                        Ok(outcomes)
                    })
                    .await?,
                );
                if !batch.interviews.is_empty() {
                    report.add(
                        repeat(StorageError::is_lock_timeout, || async {
                            let transaction = db.begin().await?;
                            let written =
                                interviews::write(&transaction, &batch.interviews, allow_overlap, now, true).await?;
                            transaction.commit().await?;
                            Ok(written)
                        })
                        .await?,
                    );
                }
            }
        }
        report.refusals.sort_by_key(|refused| refused.line);
        Ok(report)
    }
}

/// What became of rows: the kind, the line, and the outcome.
pub type Outcomes = Vec<(RowKind, u64, SyncOutcome)>;

async fn write_people(transaction: &Transaction, batch: &Batch, now: DateTime<Utc>) -> Result<Outcomes, StorageError> {
    let mut outcomes = write_rows(transaction, RowKind::Companies, &batch.companies, now).await?;
    outcomes.extend(write_rows(transaction, RowKind::Users, &batch.users, now).await?);
    outcomes.extend(write_rows(transaction, RowKind::Interviewees, &batch.interviewees, now).await?);
    Ok(outcomes)
}

async fn write_rows<R>(
    transaction: &Transaction,
    kind: RowKind,
    rounds: &Rounds<R>,
    now: DateTime<Utc>,
) -> Result<Outcomes, StorageError>
where
    R: PlatformRow<Stored: PlatformTable> + Clone,
{
    let mut outcomes = Vec::new();
    for round in rounds {
        let (lines, rows): (Vec<u64>, Vec<R>) = round.iter().cloned().unzip();
        let written = sync_within(transaction, &rows, now).await?;
        outcomes.extend(lines.into_iter().zip(written).map(|(line, outcome)| (kind, line, outcome)));
    }
    Ok(outcomes)
}

impl BatchReport {
    /// A line with several errors counts once.
    fn count_unusable(&mut self, batch: &Batch) {
        let mut lines: Vec<(RowKind, u64)> =
            batch.unusable.iter().filter_map(|refused| Some((refused.kind?, refused.line))).collect();
        lines.dedup();
        for (kind, _) in lines {
            self.counts.entry(kind).or_default().refused += 1;
        }
    }

    fn add(&mut self, outcomes: Outcomes) {
        for (kind, line, outcome) in outcomes {
            let counts = self.counts.entry(kind).or_default();
            match outcome {
                SyncOutcome::Written => counts.written += 1,
                SyncOutcome::Unchanged => counts.unchanged += 1,
                SyncOutcome::Outdated => counts.outdated += 1,
                SyncOutcome::Refused(errors) => {
                    counts.refused += 1;
                    let refused = |error| RefusedLine { line, kind: Some(kind), refusal: Refusal::from(error) };
                    self.refusals.extend(errors.into_iter().map(refused));
                }
            }
        }
    }
}
