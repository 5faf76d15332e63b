//! One budget of bytes for what clients make the server keep in memory: bodies that arrive, parsed requests, and
//! responses until they are written.

mod arrivals;

pub use arrivals::{Arrival, GiveUp};

use crate::graphql::engine::log_limit::LogLimit;
use arrivals::Arrivals;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A budget of bytes that all requests and responses of a server share.
#[derive(Clone, Debug)]
pub struct MemoryBudget(Arc<Account>);

#[derive(Debug)]
struct Account {
    total: usize,
    used: AtomicUsize,
    arrivals: Arrivals,
    refusals: LogLimit,
}

/// Bytes of a budget that are in use until this is dropped.
#[derive(Debug, Default)]
pub struct Charge {
    account: Option<Arc<Account>>,
    bytes: usize,
}

/// The budget does not have that many bytes left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoMemory;

/// The most bytes that are not counted: most requests need no more, and then touch no shared counter. An open
/// connection has buffers of several times as much, so that `MAX_CONNECTIONS` bounds both (docs/operations/deploy.md).
pub const UNCOUNTED: usize = 4 * 1024;

/// A request or response of more bytes is refused first: a quarter of the budget is for smaller ones. So those who ask
/// for much cannot keep out those who ask for little.
const SMALL: usize = 64 * 1024;

impl MemoryBudget {
    /// A budget of this many bytes.
    #[must_use]
    pub fn new(total: usize) -> Self {
        Self(Arc::new(Account {
            total,
            used: AtomicUsize::new(0),
            arrivals: Arrivals::new(total),
            refusals: LogLimit::default(),
        }))
    }

    /// The bytes that are in use.
    #[must_use]
    pub fn used(&self) -> usize {
        self.0.used.load(Ordering::Relaxed)
    }

    /// The most bytes that one request or response can use.
    #[must_use]
    pub fn largest(&self) -> usize {
        self.0.limit(usize::MAX).max(UNCOUNTED)
    }

    /// Whether this many bytes are left.
    pub(crate) fn has(&self, bytes: usize) -> bool {
        self.used().saturating_add(bytes) <= self.0.limit(bytes)
    }

    /// Uses this many bytes.
    ///
    /// # Errors
    /// [`NoMemory`]
    pub(crate) fn charge(&self, bytes: usize) -> Result<Charge, NoMemory> {
        let mut charge = Charge::default();
        self.grow(&mut charge, bytes).map(|()| charge)
    }

    /// Makes a charge at least as large as this.
    ///
    /// # Errors
    /// [`NoMemory`]; the charge is then as before.
    pub(crate) fn grow(&self, charge: &mut Charge, bytes: usize) -> Result<(), NoMemory> {
        self.grow_part(charge, bytes, bytes)
    }

    /// The same for a part of something that has `whole` bytes up to now.
    ///
    /// # Errors
    /// [`NoMemory`]; the charge is then as before.
    pub(crate) fn grow_part(&self, charge: &mut Charge, bytes: usize, whole: usize) -> Result<(), NoMemory> {
        if whole <= UNCOUNTED || bytes <= charge.bytes {
            return Ok(());
        }
        let more = bytes - charge.bytes;
        let used = self.0.used.fetch_add(more, Ordering::Relaxed).saturating_add(more);
        if used > self.0.limit(whole) {
            self.0.used.fetch_sub(more, Ordering::Relaxed);
            self.log_refusal();
            return Err(NoMemory);
        }
        charge.add(&self.0, more);
        Ok(())
    }

    /// Makes a charge at least as large as this, also beyond the budget: for an encoder that exists already.
    pub(crate) fn grow_always(&self, charge: &mut Charge, bytes: usize) {
        if bytes > UNCOUNTED.max(charge.bytes) {
            let more = bytes - charge.bytes;
            self.0.used.fetch_add(more, Ordering::Relaxed);
            charge.add(&self.0, more);
        }
    }
}

impl MemoryBudget {
    /// Logs once a minute that something is refused, or given up.
    fn log_refusal(&self) {
        if let Some(suppressed) = self.0.refusals.count() {
            let used = self.used();
            tracing::warn!(used, suppressed, "REQUEST_MEMORY is in use: a request or response was refused");
        }
    }
}

impl Account {
    /// The bytes that may be in use with one more request or response of this size.
    fn limit(&self, size: usize) -> usize {
        if size <= SMALL { self.total } else { self.total - self.total / 4 }
    }
}

impl Charge {
    /// The bytes in use.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    fn add(&mut self, account: &Arc<Account>, bytes: usize) {
        self.account.get_or_insert_with(|| account.clone());
        self.bytes += bytes;
    }

    /// Moves this many bytes to another charge, or as many as there are.
    pub(crate) fn split(&mut self, bytes: usize) -> Self {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        Self { account: self.account.clone(), bytes }
    }

    /// Adds the bytes of another charge of the same budget.
    pub fn merge(&mut self, mut other: Self) {
        if let Some(account) = other.account.take() {
            self.add(&account, other.bytes);
        }
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        if let Some(account) = &self.account {
            account.used.fetch_sub(self.bytes, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charge_is_returned_when_it_is_dropped() {
        let budget = MemoryBudget::new(1_000_000);
        let mut first = budget.charge(100_000).unwrap();
        let second = budget.charge(50_000).unwrap();
        assert_eq!(budget.used(), 150_000);
        budget.grow(&mut first, 120_000).unwrap();
        budget.grow(&mut first, 10_000).unwrap();
        assert_eq!((first.bytes(), budget.used()), (120_000, 170_000));
        first.merge(second);
        assert_eq!((first.bytes(), budget.used()), (170_000, 170_000));
        let part = first.split(30_000);
        assert_eq!((first.bytes(), part.bytes(), budget.used()), (140_000, 30_000, 170_000));
        let all = first.split(1_000_000);
        assert_eq!((first.bytes(), all.bytes()), (0, 140_000));
        drop(part);
        assert_eq!(budget.used(), 140_000);
        drop((first, all));
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn a_quarter_of_the_budget_is_for_small_charges() {
        let budget = MemoryBudget::new(1_000_000);
        assert!(budget.charge(750_001).is_err());
        let large = budget.charge(750_000).unwrap();
        assert!(budget.has(SMALL) && !budget.has(SMALL + 1));
        assert_eq!(budget.charge(SMALL + 1).unwrap_err(), NoMemory);
        let mut small = budget.charge(SMALL).unwrap();
        assert_eq!(budget.grow(&mut small, SMALL + 1), Err(NoMemory));
        assert_eq!(budget.grow_part(&mut Charge::default(), 5_000, SMALL + 1), Err(NoMemory));
        assert_eq!(small.bytes(), SMALL, "a charge that cannot grow stays as it was");
        let rest: Vec<_> = (0..2).map(|_| budget.charge(SMALL).unwrap()).collect();
        assert!(budget.charge(SMALL).is_err());
        assert_eq!(budget.used(), 750_000 + 3 * SMALL);
        budget.grow_always(&mut small, 2_000_000);
        drop((large, rest, small));
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn a_few_kilobytes_are_not_counted() {
        let budget = MemoryBudget::new(0);
        let mut charge = budget.charge(UNCOUNTED).unwrap();
        assert_eq!((charge.bytes(), budget.used()), (0, 0));
        assert_eq!(budget.grow(&mut charge, UNCOUNTED + 1), Err(NoMemory));
        budget.grow_always(&mut charge, UNCOUNTED);
        assert_eq!(budget.used(), 0);
    }
}
