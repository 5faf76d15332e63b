//! Interviews in people's own calendars: feeds, single files, and what is in them.

use crate::domain::calendar::{CalendarFeed, CalendarOwner, CalendarSide, FeedScope, FeedWindow, PublishedEntry};
use crate::domain::{FeedId, InterviewId, Refusal, UserId, Viewer};
use crate::services::retry::repeat;
use crate::services::{ServiceError, Services};
use crate::storage::calendars::{entries, feeds, namespace};
use crate::storage::{LockWait, StorageError, erasure};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use tokio::sync::OnceCell;
use uuid::Uuid;

type Result<T, E = ServiceError> = std::result::Result<T, E>;

/// What a calendar program reads.
#[derive(Debug, Hash)]
pub struct Calendar {
    /// The name of the calendar.
    pub name: String,
    /// Whose calendar it is.
    pub side: CalendarSide,
    /// The interviews, by start.
    pub entries: Vec<PublishedEntry>,
    /// The namespace of their ids. It is another one in every installation.
    pub namespace: Uuid,
}

/// What became of a request for a feed.
#[derive(Debug)]
pub enum FeedCreation {
    /// The feed, and the token that is part of its address. It is not known afterwards.
    Created(CalendarFeed, FeedToken),
    /// The user has as many feeds as a user may have.
    TooMany,
}

/// Whose share of the connections look-ups of tokens use. Those who try tokens that nobody has are not known, and share
/// what one user may use. No user has this id.
const ANYBODY: UserId = UserId(0);

/// The secret part of the address of a feed. Nothing prints it by accident.
pub struct FeedToken(String);

/// The hash by which a feed is found.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FeedTokenHash(String);

/// The namespace of the ids in calendars, once it is known.
#[derive(Debug, Default)]
pub(crate) struct CalendarNamespace(OnceCell<Uuid>);

impl FeedToken {
    /// 256 random bits, as text for a URL.
    fn new() -> Self {
        Self(URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()))
    }

    /// The address of the feed. `public_url` is that of the server, without a slash at its end.
    #[must_use]
    pub fn address(&self, public_url: &str) -> String {
        format!("{public_url}/calendar/feeds/{}.ics", self.0)
    }
}

impl std::fmt::Debug for FeedToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FeedToken(…)")
    }
}

impl FeedTokenHash {
    /// The hash of a text that may be a token. Every text has one, so that a malformed token takes as long as another
    /// one that nobody has.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text).iter().fold(String::new(), |mut hash, byte| {
            // Writing to a String never fails.
            let _ = write!(hash, "{byte:02x}");
            hash
        }))
    }
}

impl Services {
    /// The viewer's feeds, oldest first.
    pub async fn calendar_feeds(&self, viewer: &Viewer) -> Result<Vec<CalendarFeed>> {
        Ok(feeds::of(&*self.reader(viewer).await?, viewer.id).await?)
    }

    /// Creates a feed. Refused to those who have no such interviews.
    pub async fn create_calendar_feed(&self, viewer: &Viewer, scope: FeedScope) -> Result<FeedCreation> {
        viewer.permit_feed(scope)?;
        let created = repeat(|_| false, || self.try_to_create_feed(viewer, scope)).await?;
        Ok(created.ok_or(Refusal::Forbidden("Your access has ended."))?)
    }

    /// None if the viewer is not active any more.
    async fn try_to_create_feed(
        &self,
        viewer: &Viewer,
        scope: FeedScope,
    ) -> Result<Option<FeedCreation>, StorageError> {
        let _permit = self.db.permit_change(viewer.id, LockWait::Full).await?;
        let transaction = self.db.begin_change(LockWait::Full).await?;
        // Feeds of one user are created one after the other, and none after an erasure, which deletes them.
        let account = erasure::lock_account(&transaction, viewer.id).await?;
        if account.is_none_or(|account| account.deactivated_at.is_some()) {
            return Ok(None);
        }
        let limit = CalendarFeed::MAX_PER_USER as u64;
        if feeds::count(&transaction, viewer.id, limit).await? >= limit {
            return Ok(Some(FeedCreation::TooMany));
        }
        let token = FeedToken::new();
        let FeedTokenHash(hash) = FeedTokenHash::of(&token.0);
        let feed = feeds::insert(&transaction, viewer.id, scope, hash, self.clock.now()).await?;
        transaction.commit().await?;
        Ok(Some(FeedCreation::Created(feed, token)))
    }

    /// Deletes a feed of the viewer: its address leads nowhere from now on. Returns what it was; none if the viewer has
    /// no such feed.
    pub async fn revoke_calendar_feed(&self, viewer: &Viewer, id: FeedId) -> Result<Option<CalendarFeed>> {
        let revoke = async || {
            let _permit = self.db.permit_change(viewer.id, LockWait::Full).await?;
            let transaction = self.db.begin_change(LockWait::Full).await?;
            let revoked = feeds::delete(&transaction, viewer.id, id).await?;
            transaction.commit().await?;
            Ok(revoked)
        };
        Ok(repeat(|_| false, revoke).await?)
    }

    /// The calendar of a feed; none if no active user has a feed with this token, or one that still has interviews to
    /// show. Also stores that it was read.
    pub async fn calendar_of_feed(&self, token: &FeedTokenHash) -> Result<Option<Calendar>> {
        let reader = self.db.reader_of(ANYBODY).await?;
        let found = feeds::by_token(&*reader, &token.0).await?;
        drop(reader);
        let Some((feed, user)) = found else { return Ok(None) };
        let Some(owner) = feed.scope.owner(user.id, user.authority) else { return Ok(None) };
        let now = self.clock.now();
        let window = FeedWindow::at(now);
        let reader = self.db.reader_of(user.id).await?;
        let entries = entries::of_owner(&*reader, owner, &window, CalendarFeed::MAX_ENTRIES).await?;
        drop(reader);
        let namespace = self.calendar_namespace().await?;
        if feed.is_read_time_due(now)
            && let Err(error) = self.store_feed_read(user.id, feed.id).await
        {
            // The calendar is read all the same, from a database that takes no changes at the moment, too.
            tracing::debug!(%error, "the time at which a feed was read could not be stored");
        }
        let (name, side) = match owner {
            CalendarOwner::Company(_) => ("Interviews of the company", CalendarSide::Staff),
            CalendarOwner::Interviewer(..) => ("My interviews", CalendarSide::Staff),
            CalendarOwner::Driver(_) => ("My interviews", CalendarSide::Driver),
        };
        Ok(Some(Calendar { name: name.to_owned(), side, entries, namespace }))
    }

    async fn store_feed_read(&self, user: UserId, feed: FeedId) -> Result<(), StorageError> {
        let _permit = self.db.permit_change(user, LockWait::Brief).await?;
        let transaction = self.db.begin_change(LockWait::Brief).await?;
        feeds::store_read(&transaction, feed, self.clock.now()).await?;
        transaction.commit().await
    }

    /// The calendar with one interview; none if the viewer sees no such interview.
    pub async fn calendar_of_interview(&self, viewer: &Viewer, id: InterviewId) -> Result<Option<Calendar>> {
        let found = entries::single(&*self.reader(viewer).await?, viewer.scope(), id).await?;
        let Some(entry) = found else { return Ok(None) };
        let side = CalendarSide::from(viewer.authority);
        let (name, namespace) = (entry.entry.summary(side), self.calendar_namespace().await?);
        Ok(Some(Calendar { name, side, entries: vec![entry], namespace }))
    }

    /// The namespace of the ids in calendars. It is drawn when it is needed first.
    async fn calendar_namespace(&self) -> Result<Uuid> {
        let read = async || {
            if let Some(namespace) = namespace::find(self.db.reader()).await? {
                return Ok(namespace);
            }
            let transaction = self.db.begin_change(LockWait::Full).await?;
            let namespace = namespace::find_or_store(&transaction, Uuid::new_v4()).await?;
            transaction.commit().await?;
            Ok::<_, StorageError>(namespace)
        };
        Ok(*self.calendar_namespace.0.get_or_try_init(read).await?)
    }

    /// The address of this server for its clients, without a slash at its end.
    #[must_use]
    pub fn public_url(&self) -> &str {
        &self.public_url
    }
}
