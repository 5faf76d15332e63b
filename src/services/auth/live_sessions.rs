//! Sessions of connections that stay open. One task checks all of them in two statements, a little more often than the
//! viewer cache expires. So an expired or revoked token, a key that is not accepted any more, a deactivated
//! user and a changed role take effect on open connections within the same time as on requests.

use super::authentication::AuthenticationError;
use super::claims::Claims;
use super::token_problem::TokenProblem;
use super::tokens::Tokens;
use crate::domain::{Account, UserId, Viewer, is_token_accepted};
use crate::services::{Clock, Services};
use crate::storage::{self, Db, StorageError, users};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// The signed-in user of a connection that stays open.
#[derive(Clone, Debug)]
pub struct LiveSession(Arc<SessionState>);

#[derive(Debug)]
struct SessionState {
    claims: Claims,
    viewer: watch::Sender<SessionViewer>,
}

/// The viewer, or why the session has ended.
type SessionViewer = Result<Arc<Viewer>, TokenProblem>;

/// All live sessions of this server.
#[derive(Debug)]
pub(crate) struct LiveSessions {
    db: Db,
    clock: Clock,
    tokens: Arc<Tokens>,
    interval: Duration,
    registered: Mutex<Registered>,
}

#[derive(Debug, Default)]
struct Registered {
    sessions: Vec<Weak<SessionState>>,
    is_watched: bool,
}

/// The shortest interval between two checks. A shorter setting has no effect.
const MIN_INTERVAL: Duration = Duration::from_millis(50);
/// The part of an interval after which the next check begins, in tenths. The rest is for the check itself.
const TENTHS: u32 = 9;
/// A check that failed is repeated after this part of the interval.
const RETRY_FRACTION: u32 = 10;

impl LiveSession {
    /// The user of the token.
    #[must_use]
    pub fn user(&self) -> UserId {
        self.0.claims.user
    }

    /// The viewer with their present role and company.
    ///
    /// # Errors
    /// Why the token is no longer accepted.
    pub fn viewer(&self) -> Result<Arc<Viewer>, TokenProblem> {
        self.0.viewer.borrow().clone()
    }

    /// Waits until the token is no longer accepted: it expired or was revoked, its key is not accepted any more, or its
    /// user was deactivated.
    pub async fn signed_out(&self) -> TokenProblem {
        let mut viewer = self.0.viewer.subscribe();
        // This fails only when the sender is dropped, and `self` owns it.
        let ended = viewer.wait_for(Result::is_err).await;
        ended.ok().and_then(|viewer| viewer.as_ref().err().copied()).unwrap_or(TokenProblem::Invalid)
    }
}

impl Services {
    /// Signs the token's user in for a connection that stays open. Refused as by [`Services::authenticate`], but by
    /// the database and not by the cache: the next check can be a whole interval later, and the ages would add up.
    pub async fn sign_in(&self, token: &str) -> Result<LiveSession, AuthenticationError> {
        let claims = self.verify(token).await?;
        let viewer = self.read_viewer((claims.user, claims.token.clone()), claims.issued_at).await?;
        let session = LiveSession(Arc::new(SessionState { claims, viewer: watch::Sender::new(Ok(viewer)) }));
        self.live_sessions.register(&session);
        Ok(session)
    }
}

impl LiveSessions {
    pub(crate) fn new(db: Db, clock: Clock, tokens: Arc<Tokens>, interval: Duration) -> Self {
        Self { db, clock, tokens, interval: interval.max(MIN_INTERVAL), registered: Mutex::default() }
    }

    fn register(self: &Arc<Self>, session: &LiveSession) {
        let mut registered = self.registered.lock().unwrap_or_else(PoisonError::into_inner);
        registered.sessions.push(Arc::downgrade(&session.0));
        if !registered.is_watched {
            registered.is_watched = true;
            tokio::spawn(self.clone().watch());
        }
    }

    /// Runs while there are sessions.
    async fn watch(self: Arc<Self>) {
        let mut last = Instant::now();
        let mut pause = self.interval * TENTHS / 10;
        loop {
            // From the start of the last check: the time that a check takes does not delay the next one.
            sleep_until(last + pause).await;
            last = Instant::now();
            let Some(sessions) = self.open_sessions() else { return };
            pause = match self.check(&sessions).await {
                Ok(()) => self.interval * TENTHS / 10,
                Err(error) => {
                    // Sessions stay signed in meanwhile: without the database they can read nothing either.
                    tracing::debug!(%error, "the sessions of open connections could not be checked");
                    (self.interval / RETRY_FRACTION).max(MIN_INTERVAL)
                }
            };
        }
    }

    fn open_sessions(&self) -> Option<Vec<Arc<SessionState>>> {
        let mut registered = self.registered.lock().unwrap_or_else(PoisonError::into_inner);
        registered.sessions.retain(|session| session.strong_count() > 0);
        registered.is_watched = !registered.sessions.is_empty();
        registered.is_watched.then(|| registered.sessions.iter().filter_map(Weak::upgrade).collect())
    }

    async fn check(&self, sessions: &[Arc<SessionState>]) -> Result<(), StorageError> {
        let now = self.clock.now_for_expiry();
        // This needs no database.
        for session in sessions {
            if session.claims.is_expired(now) {
                session.update(Err(TokenProblem::Expired));
            } else if !self.tokens.accepts(session.claims.key, &self.clock) {
                session.update(Err(TokenProblem::Invalid));
            }
        }
        let ids: HashSet<_> = sessions.iter().map(|session| session.claims.user).collect();
        let jtis: HashSet<_> = sessions.iter().filter_map(|session| session.claims.token.jti()).collect();
        let accounts = users::active(self.db.reader(), ids.into_iter().collect()).await?;
        let read = |account: Account| (account.user.id, (account.tokens_valid_after, Arc::new(Viewer::from(account))));
        let viewers: HashMap<_, _> = accounts.into_iter().map(read).collect();
        let jtis = jtis.into_iter().map(str::to_owned).collect();
        let revoked = storage::tokens::revoked(self.db.reader(), jtis).await?;
        let revoked: HashSet<_> = revoked.iter().map(String::as_str).collect();
        for session in sessions {
            session.update(if session.claims.is_expired(now) {
                Err(TokenProblem::Expired)
            } else if session.claims.token.jti().is_some_and(|jti| revoked.contains(jti)) {
                Err(TokenProblem::Revoked)
            } else {
                match viewers.get(&session.claims.user) {
                    Some((valid_after, _)) if !is_token_accepted(session.claims.issued_at, *valid_after) => {
                        Err(TokenProblem::Revoked)
                    }
                    Some((_, viewer)) => Ok(viewer.clone()),
                    None => Err(TokenProblem::Invalid),
                }
            });
        }
        Ok(())
    }
}

impl SessionState {
    /// A session that was signed out stays signed out.
    fn update(&self, now: SessionViewer) {
        self.viewer.send_if_modified(|viewer| {
            let changed = viewer.is_ok() && *viewer != now;
            if changed {
                *viewer = now;
            }
            changed
        });
    }
}
