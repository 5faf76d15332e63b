//! Reads lines in batches. A batch is limited in lines and in bytes.

use super::lines::{Line, Lines};
use super::record::Record;
use super::refusal::{LineProblem, Refusal, RefusedLine, RowKind};
use crate::domain::provisioning::{CompanyRow, InterviewRow, IntervieweeRow, MAX_ROWS, UserRow};
use crate::services::Clock;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::HashMap;
use std::io::{self, BufRead};

/// Rows of one kind with their lines. Rows with one id are in different rounds, in the order of their lines.
pub type Rounds<R> = Vec<Vec<(u64, R)>>;

/// The rows of some lines.
#[derive(Debug, Default)]
pub struct Batch {
    pub companies: Rounds<CompanyRow>,
    pub users: Rounds<UserRow>,
    pub interviewees: Rounds<IntervieweeRow>,
    pub interviews: Rounds<InterviewRow>,
    /// Lines that are no rows: their kind, if it is known, and what is wrong.
    pub unusable: Vec<RefusedLine>,
    /// The number of the last line.
    pub last_line: u64,
    /// The bytes of the input up to its end, without line breaks and blank lines.
    pub bytes: u64,
}

/// The size of the lines of a batch after which it ends, in bytes.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// The batches of an input.
pub struct Batches<R> {
    lines: Lines<R>,
    clock: Clock,
    /// The latest time of change that was given to a line without one.
    last_stamp: DateTime<Utc>,
    bytes: u64,
}

impl<R: BufRead> Batches<R> {
    pub fn new(input: R, clock: Clock) -> Self {
        Self { lines: Lines::new(input), clock, last_stamp: DateTime::UNIX_EPOCH, bytes: 0 }
    }

    /// The next batch; none at the end.
    ///
    /// A line that does not say when its row changed is newer than the lines before it: of several with one id the last
    /// one counts.
    pub fn read(&mut self) -> io::Result<Option<Batch>> {
        let now = self.clock.now().max(self.last_stamp + STEP);
        let begin = self.bytes;
        let mut batch = Batch::default();
        let mut seen: HashMap<(RowKind, String), usize> = HashMap::new();
        for _ in 0..MAX_ROWS {
            let Some(Line { number, bytes }) = self.lines.read()? else { break };
            batch.last_line = number;
            let Some(line) = bytes else {
                batch.refuse(number, None, vec![Refusal::of_line(LineProblem::LineTooLong, "")]);
                continue;
            };
            self.bytes += line.len() as u64;
            match Record::parse(&line, now) {
                Err((kind, refusals)) => batch.refuse(number, kind, refusals),
                Ok(mut parsed) => {
                    let key = (parsed.record.kind(), parsed.record.id().to_owned());
                    let round = seen.entry(key).and_modify(|count| *count += 1).or_insert(0);
                    if !parsed.is_stamped {
                        let at = now + STEP * i32::try_from(*round).unwrap_or(i32::MAX);
                        self.last_stamp = self.last_stamp.max(at);
                        parsed.record.stamp(at);
                    }
                    batch.add(number, *round, parsed.record);
                }
            }
            if self.bytes - begin >= MAX_BYTES {
                break;
            }
        }
        batch.bytes = self.bytes;
        Ok((batch.last_line > 0).then_some(batch))
    }
}

/// The precision of stored times.
const STEP: TimeDelta = TimeDelta::milliseconds(1);

impl Batch {
    fn refuse(&mut self, line: u64, kind: Option<RowKind>, refusals: Vec<Refusal>) {
        self.unusable.extend(refusals.into_iter().map(|refusal| RefusedLine { line, kind, refusal }));
    }

    fn add(&mut self, line: u64, round: usize, record: Record) {
        fn put<R>(rounds: &mut Rounds<R>, line: u64, round: usize, row: R) {
            if rounds.len() <= round {
                rounds.resize_with(round + 1, Vec::new);
            }
            rounds[round].push((line, row));
        }
        match record {
            Record::Company(row) => put(&mut self.companies, line, round, row),
            Record::User(row) => put(&mut self.users, line, round, row),
            Record::Interviewee(row) => put(&mut self.interviewees, line, round, row),
            Record::Interview(row) => put(&mut self.interviews, line, round, *row),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::FrozenClock;

    fn batches(input: &str) -> Vec<Batch> {
        let clock = Clock::Frozen(FrozenClock::at(DateTime::UNIX_EPOCH + TimeDelta::days(1)));
        let mut batches = Batches::new(input.as_bytes(), clock);
        std::iter::from_fn(|| batches.read().unwrap()).collect()
    }

    #[test]
    fn batch_is_limited_in_lines_and_in_bytes() {
        let line = |id: usize, name: &str| format!("{{\"type\":\"company\",\"id\":{id},\"name\":\"{name}\"}}\n");
        let short: String = (1..=1001).map(|id| line(id, "a")).collect();
        let sizes = |input: &str| batches(input).iter().map(|batch| batch.companies[0].len()).collect::<Vec<_>>();
        assert_eq!(sizes(&short), [500, 500, 1]);
        let long: String = (1..=9).map(|id| line(id, &"x".repeat(1024 * 1024))).collect();
        assert_eq!(sizes(&long), [4, 4, 1]);
    }

    #[test]
    fn line_without_a_time_of_change_is_newer_than_the_lines_before_it() {
        let line = "{\"type\":\"company\",\"id\":1,\"name\":\"a\"}\n";
        let stamps: Vec<_> = batches(&line.repeat(1100))
            .into_iter()
            .flat_map(|batch| batch.companies.into_iter().flatten())
            .map(|(_, row)| row.source_updated_at)
            .collect();
        assert_eq!(stamps.len(), 1100);
        assert!(stamps.is_sorted_by(|before, after| before < after));
    }
}
