//! The key with which `dev` signs its tokens. It is kept in a file, so that printed tokens stay valid after a restart.
//!
//! The working directory can be shared with other users: a file that one of them put there, or can read, is no key.

use crate::config::Secret;
use crate::services::Secrets;
use rustix::fs::OFlags;
use rustix::io::Errno;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};

/// Why the file is not used, and what the user can do.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It is a link, or no file at all.
    #[error("it is a link or not a regular file: remove it, and `dev` creates a key")]
    NotAFile,
    /// Another user owns it.
    #[error("it belongs to another user, who can sign tokens with it: remove it, or use another directory")]
    Foreign,
    /// Other users can read or write it.
    #[error("other users can read or change it (mode {0:o}): remove it, and `dev` creates a key; or `chmod 600` it")]
    Shared(u32),
    /// It is not a key.
    #[error("it is not a key of at least {min} bytes: remove it, and `dev` creates one", min = Secrets::MIN_LENGTH)]
    NotAKey,
    /// It cannot be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The most of the file that is read, in bytes.
const MAX_FILE: u64 = 4096;

/// The key in this file, which is created if there is none.
pub fn read_or_create(path: &str) -> Result<Secret, KeyFileError> {
    match open(path) {
        Ok(file) => read(file),
        Err(error) if error.kind() == ErrorKind::NotFound => create(path),
        Err(error) if Errno::from_io_error(&error) == Some(Errno::LOOP) => Err(KeyFileError::NotAFile),
        Err(error) => Err(error.into()),
    }
}

/// Follows no link, and does not wait for the writer of a pipe.
fn open(path: &str) -> io::Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
    OpenOptions::new().read(true).custom_flags(flags.cast_signed()).open(path)
}

fn read(file: File) -> Result<Secret, KeyFileError> {
    check(&file.metadata()?, rustix::process::geteuid().as_raw())?;
    let mut key = Vec::new();
    file.take(MAX_FILE).read_to_end(&mut key)?;
    match String::from_utf8(key) {
        Ok(key) if key.len() >= Secrets::MIN_LENGTH => Ok(Secret::new(key)),
        _ => Err(KeyFileError::NotAKey),
    }
}

/// Only the user who runs the server may have access.
fn check(file: &Metadata, user: u32) -> Result<(), KeyFileError> {
    let mode = file.mode() & 0o7777;
    if !file.is_file() {
        Err(KeyFileError::NotAFile)
    } else if file.uid() != user {
        Err(KeyFileError::Foreign)
    } else if mode & 0o077 != 0 {
        Err(KeyFileError::Shared(mode))
    } else {
        Ok(())
    }
}

/// Creates the file; never writes to one that exists.
fn create(path: &str) -> Result<Secret, KeyFileError> {
    let key = format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(key.as_bytes())?;
    Ok(Secret::new(key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn only_the_owner_may_have_access() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let check = |mode, user| {
            file.as_file().set_permissions(Permissions::from_mode(mode)).unwrap();
            super::check(&file.as_file().metadata().unwrap(), user).map_err(|error| error.to_string())
        };
        let owner = file.as_file().metadata().unwrap().uid();
        assert_eq!(check(0o600, owner), Ok(()));
        assert_eq!(check(0o400, owner), Ok(()));
        for mode in [0o640, 0o620, 0o604, 0o602, 0o610, 0o644, 0o666] {
            assert!(check(mode, owner).unwrap_err().contains(&format!("(mode {mode:o})")));
        }
        assert!(check(0o600, owner + 1).unwrap_err().starts_with("it belongs to another user"));
    }
}
