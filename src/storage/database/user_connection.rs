//! A connection of a user's share, which a request takes when it needs one, and gives back while it waits in a queue.

use crate::domain::UserId;
use crate::storage::database::{ReservedConnection, UserPermit, request_share};
use crate::storage::{Db, LockWait, Result};
use tokio::sync::OwnedSemaphorePermit;

/// A connection of a user's share for several statements, or none. As long as the request has it, it uses the same one:
/// the read before a change shows that the connection is alive.
pub struct UserConnection<'a> {
    db: &'a Db,
    user: UserId,
    purpose: Purpose,
    taken: Option<Taken>,
}

#[derive(Clone, Copy)]
enum Purpose {
    /// One statement that only reads.
    Read,
    /// Reads and a change that depends on them.
    Change,
}

struct Taken {
    connection: ReservedConnection,
    _of_user: UserPermit,
    _of_request: Option<OwnedSemaphorePermit>,
}

impl<'a> UserConnection<'a> {
    /// For one statement that only reads.
    pub fn to_read(db: &'a Db, user: UserId) -> Self {
        Self { db, user, purpose: Purpose::Read, taken: None }
    }

    /// For reads and a change that depends on them.
    pub fn to_change(db: &'a Db, user: UserId) -> Self {
        Self { db, user, purpose: Purpose::Change, taken: None }
    }

    pub fn db(&self) -> &'a Db {
        self.db
    }

    /// The connection. Waits for one if there is none.
    pub async fn get(&mut self) -> Result<&ReservedConnection> {
        let (db, user) = (self.db, self.user);
        let taken = match (&mut self.taken, self.purpose) {
            (Some(taken), _) => taken,
            (none, Purpose::Read) => none.insert(Taken {
                _of_user: db.permit_read(user).await?,
                _of_request: request_share::permit().await,
                connection: db.reserve_to_read().await?,
            }),
            (none, Purpose::Change) => none.insert(Taken {
                _of_user: db.permit_change(user, LockWait::Brief).await?,
                _of_request: None,
                connection: db.reserve_for_statement().await?,
            }),
        };
        Ok(&taken.connection)
    }

    /// The connection for another request, unless this one still needs it after a read.
    pub fn take_after_read(&mut self) -> Option<ReservedConnection> {
        match self.purpose {
            Purpose::Read => self.take(),
            Purpose::Change => None,
        }
    }

    /// The connection for another request.
    pub fn take(&mut self) -> Option<ReservedConnection> {
        self.taken.take().map(|taken| taken.connection)
    }

    /// Gives the connection back.
    pub fn give_back(&mut self) {
        self.taken = None;
    }
}
