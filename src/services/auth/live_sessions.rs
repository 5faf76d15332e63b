//! Who holds a connection that stays open. Their tokens are looked at again as often as the settings let a user be remembered, all in
//! two statements: so an expired or revoked token, a deactivated user and another role take effect on open connections, too.

use crate::domain::Viewer;
use crate::services::auth::tokens::Claims;
use crate::services::{AuthenticationError, Clock, Services};
use crate::storage::{Db, StorageError, users};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::watch;

/// The bearer of a token, for as long as a connection lasts.
#[derive(Clone, Debug)]
pub struct LiveSession(Arc<SessionState>);

#[derive(Debug)]
struct SessionState {
    claims: Claims,
    viewer: watch::Sender<Option<Arc<Viewer>>>,
}

/// The bearers of this server.
#[derive(Debug)]
pub(crate) struct LiveSessions {
    db: Db,
    clock: Clock,
    interval: Duration,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    sessions: Vec<Weak<SessionState>>,
    watched: bool,
}

/// The least pause between two looks, whatever the settings say.
const LEAST_PAUSE: Duration = Duration::from_millis(50);

impl LiveSession {
    /// The viewer, with their role and company as they are now; none once the token is not accepted any more.
    #[must_use]
    pub fn viewer(&self) -> Option<Arc<Viewer>> {
        self.0.viewer.borrow().clone()
    }

    /// Done when the token is not accepted any more: it expired or was revoked, or its user was deactivated.
    pub async fn signed_out(&self) {
        // It fails when the sender is gone, and that is this bearer.
        let _ = self.0.viewer.subscribe().wait_for(Option::is_none).await;
    }
}

impl Services {
    /// The bearer of this token.
    ///
    /// # Errors
    /// [`AuthenticationError`]: the token is not valid, expired or revoked, or its user is unknown or deactivated.
    pub async fn sign_in(&self, token: &str) -> Result<LiveSession, AuthenticationError> {
        let claims = self.tokens.verify(token, self.clock.now()).map_err(AuthenticationError::Refused)?;
        let viewer = self.viewer_of(claims.clone()).await?;
        let session = LiveSession(Arc::new(SessionState { claims, viewer: watch::Sender::new(Some(viewer)) }));
        self.live_sessions.add(&session);
        Ok(session)
    }
}

impl LiveSessions {
    pub(crate) fn new(db: Db, clock: Clock, interval: Duration) -> Self {
        Self { db, clock, interval: interval.max(LEAST_PAUSE), known: Mutex::default() }
    }

    fn add(self: &Arc<Self>, session: &LiveSession) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.sessions.push(Arc::downgrade(&session.0));
        if !known.watched {
            known.watched = true;
            tokio::spawn(self.clone().watch());
        }
    }

    /// Runs while there is anybody.
    async fn watch(self: Arc<Self>) {
        loop {
            tokio::time::sleep(self.interval).await;
            let Some(sessions) = self.sessions() else { return };
            if let Err(error) = self.look(&sessions).await {
                // Nothing happens to anybody meanwhile: without the database there is nothing to see either.
                tracing::debug!(%error, "the sessions of open connections could not be checked");
            }
        }
    }

    fn sessions(&self) -> Option<Vec<Arc<SessionState>>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.sessions.retain(|session| session.strong_count() > 0);
        known.watched = !known.sessions.is_empty();
        known.watched.then(|| known.sessions.iter().filter_map(Weak::upgrade).collect())
    }

    async fn look(&self, sessions: &[Arc<SessionState>]) -> Result<(), StorageError> {
        let now = self.clock.now();
        for expired in sessions.iter().filter(|session| session.claims.expired(now)) {
            expired.update(None);
        }
        let ids: HashSet<_> = sessions.iter().map(|session| session.claims.user).collect();
        let jtis: HashSet<_> = sessions.iter().map(|session| session.claims.jti.clone()).collect();
        let viewers = users::active(self.db.reader(), ids.into_iter().collect()).await?;
        let viewers: HashMap<_, _> = viewers.into_iter().map(|viewer| (viewer.id, Arc::new(viewer))).collect();
        let revoked = users::revoked(self.db.reader(), jtis.into_iter().collect()).await?;
        for session in sessions {
            let valid = !session.claims.expired(now) && !revoked.contains(&session.claims.jti);
            session.update(viewers.get(&session.claims.user).filter(|_| valid).cloned());
        }
        Ok(())
    }
}

impl SessionState {
    /// Once signed out, for ever.
    fn update(&self, now: Option<Arc<Viewer>>) {
        self.viewer.send_if_modified(|viewer| {
            let changed = viewer.is_some() && *viewer != now;
            if changed {
                *viewer = now;
            }
            changed
        });
    }
}
