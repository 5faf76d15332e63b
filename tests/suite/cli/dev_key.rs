//! The key file of `dev`: one that another user can know is refused, and none is overwritten.

use crate::support::shell::{SECRET, Shell};
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

const KEY: &str = "interviews-dev.key";

fn write(path: &Path, content: &str, mode: u32) {
    fs::write(path, content).unwrap();
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// What `dev` says about the key file. It creates no database then.
fn refused(shell: &Shell) -> String {
    let error = shell.fail("dev --bind 127.0.0.1:0");
    assert!(!shell.files().contains(&"interviews-dev.db".to_owned()), "{:?}", shell.files());
    error
}

#[tokio::test]
async fn key_of_the_user_is_used() {
    let shell = Shell::new();
    write(&shell.path(KEY), SECRET, 0o600);
    let server = shell.start("dev --interviews 40");
    let token = shell.set("JWT_SECRET", SECRET).succeed("token --sub 1000");
    assert_eq!(server.viewer(token.trim()).await["role"], "STAFF");
}

#[test]
fn key_that_is_a_link_is_refused_and_not_followed() {
    let expected = format!("error: {KEY}: it is a link or not a regular file: remove it, and `dev` creates a key\n");
    let (shell, elsewhere) = (Shell::new(), tempfile::tempdir().unwrap());
    let target = elsewhere.path().join("file");
    symlink(&target, shell.path(KEY)).unwrap();
    assert_eq!(refused(&shell), expected, "to no file");
    assert!(!target.exists(), "no file is created through the link");
    for content in ["short", SECRET] {
        write(&target, content, 0o600);
        assert_eq!(refused(&shell), expected, "to {content}");
        assert_eq!(fs::read_to_string(&target).unwrap(), content);
    }
}

#[test]
fn key_that_is_not_a_file_is_refused() {
    let expected = format!("error: {KEY}: it is a link or not a regular file: remove it, and `dev` creates a key\n");
    let shell = Shell::new();
    fs::create_dir(shell.path(KEY)).unwrap();
    assert_eq!(refused(&shell), expected);
    let shell = Shell::new();
    assert!(shell.script(&format!("mkfifo -m 600 {KEY}")).status().unwrap().success());
    assert_eq!(refused(&shell), expected);
}

#[test]
fn key_that_others_can_access_is_refused() {
    for mode in [0o644, 0o640, 0o602] {
        let shell = Shell::new();
        write(&shell.path(KEY), SECRET, mode);
        let expected = format!(
            "error: {KEY}: other users can read or change it (mode {mode:o}): remove it, and `dev` creates a key; or \
             `chmod 600` it\n"
        );
        assert_eq!(refused(&shell), expected);
    }
}

#[test]
fn short_key_is_refused_and_not_overwritten() {
    for content in ["", "short", &SECRET[1..]] {
        let shell = Shell::new();
        write(&shell.path(KEY), content, 0o600);
        let expected = "it is not a key of at least 32 bytes: remove it, and `dev` creates one";
        assert_eq!(refused(&shell), format!("error: {KEY}: {expected}\n"));
        assert_eq!(fs::read_to_string(shell.path(KEY)).unwrap(), content);
    }
}
