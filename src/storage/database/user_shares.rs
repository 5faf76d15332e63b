//! The share of the connections that one user may use at a time, so that no user takes all of them. Statements beyond
//! it wait.

use crate::domain::UserId;
use crate::storage::database::pool::Pool;
use crate::storage::database::shares::{Permits, Share, Shares};
use crate::storage::{LockWait, Result, StorageError};
use sea_orm::{ConnAcquireErr, DbErr};
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::timeout;

/// The shares of all users.
#[derive(Clone, Debug)]
pub(crate) struct UserShares {
    /// Makes the share of a user who has none yet.
    new: fn(usize) -> UserShare,
    connections: usize,
    timeout: Duration,
    users: Arc<Mutex<Users>>,
}

#[derive(Debug)]
struct Users {
    shares: HashMap<UserId, Arc<UserShare>>,
    /// The number of shares at which those that are not in use are dropped.
    max: usize,
}

#[derive(Debug)]
struct UserShare {
    reads: Share,
    changes: Share,
    waiting: Share,
}

/// One connection of a user's share, until it is dropped.
#[derive(Debug)]
pub struct UserPermit {
    _permits: Permits,
    _share: Arc<UserShare>,
}

/// The connections for statements of a user that only read.
#[derive(Debug)]
pub struct UserReader<'a> {
    pool: &'a Pool,
    _permit: UserPermit,
}

/// The number of shares that are kept without looking for those that are not in use.
const MIN_SHARES: usize = 1000;

impl UserShares {
    /// The shares of `connections` connections, for each user the given number of them or else two thirds. As on the
    /// whole pool, changes leave some connections to reads, and changes that wait for locks to other changes.
    pub fn of_one_pool(connections: usize, per_user: Option<usize>, timeout: Duration) -> Self {
        Self::new(connections, per_user, timeout, |connections| {
            let reads = Share::new(connections);
            let changes = reads.part(Shares::for_changes(connections));
            UserShare { waiting: changes.part((connections / 3).max(1)), changes, reads }
        })
    }

    /// The same where changes have a pool of their own, in which they queue.
    pub fn of_readers(connections: usize, per_user: Option<usize>, timeout: Duration) -> Self {
        Self::new(connections, per_user, timeout, |connections| {
            let changes = Share::new(connections);
            UserShare { reads: Share::new(connections), waiting: changes.clone(), changes }
        })
    }

    fn new(connections: usize, per_user: Option<usize>, timeout: Duration, new: fn(usize) -> UserShare) -> Self {
        let connections = per_user.unwrap_or_else(|| default_share(connections)).max(1);
        let users = Users { shares: HashMap::new(), max: MIN_SHARES };
        Self { new, connections, timeout, users: Arc::new(Mutex::new(users)) }
    }

    /// Waits for a connection of a user's share for a statement that only reads. Fails with [`StorageError::Timeout`].
    pub async fn reader<'a>(&self, user: UserId, pool: &'a Pool) -> Result<UserReader<'a>> {
        Ok(UserReader { pool, _permit: self.read(user).await? })
    }

    /// The same for a connection that the caller gets otherwise.
    pub async fn read(&self, user: UserId) -> Result<UserPermit> {
        self.acquire(user, |share| &share.reads).await
    }

    /// The same for a change that waits this long for locks.
    pub async fn change(&self, user: UserId, wait: LockWait) -> Result<UserPermit> {
        self.acquire(user, |share| match wait {
            LockWait::Brief => &share.changes,
            LockWait::Full => &share.waiting,
        })
        .await
    }

    async fn acquire(&self, user: UserId, purpose: impl Fn(&UserShare) -> &Share) -> Result<UserPermit> {
        let share = self.share(user);
        let permits = timeout(self.timeout, purpose(&share).acquire()).await;
        let error = || StorageError::Timeout(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout));
        let permits = permits.map_err(|_| error())?.map_err(|_| error())?;
        Ok(UserPermit { _permits: permits, _share: share })
    }

    fn share(&self, user: UserId) -> Arc<UserShare> {
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        if users.shares.len() >= users.max {
            users.shares.retain(|_, share| Arc::strong_count(share) > 1);
            users.max = MIN_SHARES.max(2 * users.shares.len());
        }
        users.shares.entry(user).or_insert_with(|| Arc::new((self.new)(self.connections))).clone()
    }
}

/// Leaves a third to other users, and at least one.
fn default_share(connections: usize) -> usize {
    if connections < 3 { connections } else { connections - connections / 3 }
}

impl Deref for UserReader<'_> {
    type Target = Pool;

    fn deref(&self) -> &Pool {
        self.pool
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::poll;

    const USER: UserId = UserId(1);
    const OTHER: UserId = UserId(2);

    fn shares(connections: usize) -> UserShares {
        UserShares::of_one_pool(connections, None, Duration::from_mins(1))
    }

    async fn read(shares: &UserShares, user: UserId) -> Result<UserPermit> {
        shares.acquire(user, |share| &share.reads).await
    }

    #[test]
    fn a_third_of_the_connections_is_left_to_others() {
        for (connections, share) in [(1, 1), (2, 2), (3, 2), (4, 3), (9, 6), (99, 66)] {
            assert_eq!(default_share(connections), share, "{connections} connections");
        }
    }

    #[tokio::test]
    async fn user_waits_for_a_connection_of_their_own_share() {
        let shares = shares(3);
        let [first, _second] = [read(&shares, USER).await.unwrap(), read(&shares, USER).await.unwrap()];
        let mut third = Box::pin(read(&shares, USER));
        assert!(poll!(&mut third).is_pending());
        let _other = read(&shares, OTHER).await.unwrap();
        drop(first);
        third.await.unwrap();
    }

    #[tokio::test]
    async fn changes_leave_a_connection_to_reads() {
        let shares = shares(9);
        let mut changes = Vec::new();
        for _ in 0..2 {
            changes.push(shares.change(USER, LockWait::Full).await.unwrap());
        }
        assert!(poll!(&mut Box::pin(shares.change(USER, LockWait::Full))).is_pending());
        for _ in 0..3 {
            changes.push(shares.change(USER, LockWait::Brief).await.unwrap());
        }
        assert!(poll!(&mut Box::pin(shares.change(USER, LockWait::Brief))).is_pending());
        read(&shares, USER).await.unwrap();
    }

    #[tokio::test]
    async fn wait_is_limited() {
        let shares = UserShares::of_readers(10, Some(1), Duration::ZERO);
        let _read = read(&shares, USER).await.unwrap();
        let _change = shares.change(USER, LockWait::Full).await.unwrap();
        assert!(matches!(read(&shares, USER).await, Err(StorageError::Timeout(_))));
    }

    #[tokio::test]
    async fn shares_that_are_not_in_use_are_dropped() {
        let shares = shares(3);
        let _held = read(&shares, USER).await.unwrap();
        for number in (2..).take(3 * MIN_SHARES) {
            read(&shares, UserId(number)).await.unwrap();
        }
        let users = shares.users.lock().unwrap();
        assert!(users.shares.len() <= MIN_SHARES && users.shares.contains_key(&USER));
    }
}
