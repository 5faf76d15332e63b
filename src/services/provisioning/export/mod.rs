//! Exports all rows that concern one user, as lines of JSON. Those of the types that an import knows have its form.

mod lines;

use crate::domain::UserId;
use crate::storage::calendars::feeds;
use crate::storage::{Db, StorageError, idempotency, person};
use std::io;

/// Why an export did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// There is no such user.
    #[error("there is no user {0}")]
    UnknownUser(UserId),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] StorageError),
    /// A line could not be written.
    #[error(transparent)]
    Output(#[from] io::Error),
}

/// Calls `write` with each line: the user, calendar feeds, applications, interviews, events, idempotency keys. Reads a
/// page at a time.
///
/// Revoked tokens are not among them: the database knows them by their own ids alone.
pub async fn export(db: &Db, user: UserId, mut write: impl FnMut(&str) -> io::Result<()>) -> Result<(), ExportError> {
    let reader = db.reader();
    let account = person::account(reader, user).await?.ok_or(ExportError::UnknownUser(user))?;
    for line in lines::account(&account) {
        write(&line)?;
    }
    for feed in feeds::of(reader, user).await? {
        write(&lines::calendar_feed(&feed))?;
    }
    let mut after = 0;
    loop {
        let page = person::applications(reader, user, after).await?;
        let Some(last) = page.last() else { break };
        after = last.interviewee.id.0;
        page.iter().map(lines::application).try_for_each(|line| write(&line))?;
    }
    after = 0;
    loop {
        let page = person::interviews(reader, user, after).await?;
        let Some(last) = page.last() else { break };
        after = last.id.0;
        page.iter().map(lines::interview).try_for_each(|line| write(&line))?;
    }
    after = 0;
    loop {
        let page = person::events(reader, user, after).await?;
        let Some(last) = page.last() else { break };
        after = last.id.0;
        page.iter().map(lines::event).try_for_each(|line| write(&line))?;
    }
    let mut after_key = String::new();
    loop {
        let page = idempotency::of_user(reader, user, &after_key).await?;
        let Some((last, _)) = page.last() else { break };
        after_key.clone_from(last);
        page.iter().map(|(key, used)| lines::idempotency_key(user, key, used)).try_for_each(|line| write(&line))?;
    }
    Ok(())
}
