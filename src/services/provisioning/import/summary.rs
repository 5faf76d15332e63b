//! What became of all lines.

use super::refusal::RowKind;
use super::write::{BatchReport, Counts};
use std::collections::BTreeMap;
use strum::VariantArray;

/// The sums of all batches.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    counts: BTreeMap<RowKind, Counts>,
    refused_lines: u64,
    /// The number of the last line.
    pub last_line: u64,
}

impl Summary {
    /// Adds a batch.
    pub fn add(&mut self, batch: &BatchReport) {
        for (kind, counts) in &batch.counts {
            let sum = self.counts.entry(*kind).or_default();
            sum.written += counts.written;
            sum.unchanged += counts.unchanged;
            sum.outdated += counts.outdated;
            sum.refused += counts.refused;
        }
        let mut lines: Vec<u64> = batch.refusals.iter().map(|refused| refused.line).collect();
        lines.dedup();
        self.refused_lines += lines.len() as u64;
        self.last_line = batch.last_line;
    }

    /// Whether a line was refused.
    #[must_use]
    pub fn has_refusals(&self) -> bool {
        self.refused_lines > 0
    }

    /// The number of refused lines.
    #[must_use]
    pub fn refused_lines(&self) -> u64 {
        self.refused_lines
    }

    /// The counts of the kinds that occurred, in the order in which they are written.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, Counts)> {
        RowKind::VARIANTS.iter().filter_map(|kind| Some((kind.into_str(), *self.counts.get(kind)?)))
    }
}
