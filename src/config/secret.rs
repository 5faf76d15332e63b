//! Settings that nobody but the server may read: each is a value, or the name of a file that holds it.

use clap::builder::{OsStringValueParser, TypedValueParser};
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A value that is in no log and in no error.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// A secret setting that cannot be used, by the name of its environment variable. The file's name is not part of the
/// text: it can be the secret itself, by mistake.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// It is absent or empty.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// There is a value and a file.
    #[error("{0} and {0}_FILE are both set: remove one of them")]
    Ambiguous(&'static str),
    /// The file cannot be read.
    #[error("{0}_FILE: the file cannot be read: {1}")]
    Unreadable(&'static str, io::Error),
    /// The file is too large to hold one secret.
    #[error("{0}_FILE: the file has more than {MAX_FILE} bytes")]
    TooLarge(&'static str),
    /// White space or a control character around a secret is a mistake that nobody can see.
    #[error("{0}: it begins or ends with white space or a control character: remove it")]
    Invisible(&'static str),
    /// The file holds white space only.
    #[error("{0}_FILE: the file is blank")]
    Blank(&'static str),
}

/// Where a secret was found.
enum Origin {
    Value,
    File,
}

/// The largest file of a secret, in bytes.
const MAX_FILE: u64 = 65_536;

/// Parses the name of a secret's file. An empty one is accepted, because a variable can be empty.
pub(crate) fn file() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(PathBuf::from)
}

impl Secret {
    pub(crate) fn new(text: String) -> Self {
        Self(text)
    }

    /// The text, for the code that needs it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// The secret of this setting: its value, or the content of its file. Empty names and values count as absent.
    pub(crate) fn resolve(name: &'static str, value: Option<&Self>, file: Option<&Path>) -> Result<Self, SecretError> {
        let (secret, _) = Self::find(name, value, file)?;
        checked(name, &secret.0)
    }

    /// The secrets of this setting: its value, or the lines of its file. Blank lines are left out.
    pub(crate) fn resolve_lines(
        name: &'static str,
        value: Option<&Self>,
        file: Option<&Path>,
    ) -> Result<Vec<Self>, SecretError> {
        let (Self(text), origin) = Self::find(name, value, file)?;
        let secrets = match origin {
            Origin::Value => vec![checked(name, &text)?],
            Origin::File => {
                let lines = text.lines().filter(|line| !line.trim().is_empty());
                lines.map(|line| checked(name, line)).collect::<Result<_, _>>()?
            }
        };
        Ok(secrets)
    }

    fn find(name: &'static str, value: Option<&Self>, file: Option<&Path>) -> Result<(Self, Origin), SecretError> {
        let value = value.filter(|value| !value.0.trim().is_empty());
        let file = file.filter(|file| !file.as_os_str().is_empty());
        match (value, file) {
            (None, None) => Err(SecretError::Missing(name)),
            (Some(_), Some(_)) => Err(SecretError::Ambiguous(name)),
            (Some(value), None) => Ok((value.clone(), Origin::Value)),
            (None, Some(file)) => read(name, file).map(|secret| (secret, Origin::File)),
        }
    }
}

/// The content of a file.
fn read(name: &'static str, file: &Path) -> Result<Secret, SecretError> {
    let mut text = String::new();
    let content = File::open(file).and_then(|file| file.take(MAX_FILE + 1).read_to_string(&mut text));
    content.map_err(|error| SecretError::Unreadable(name, error))?;
    if text.len() as u64 > MAX_FILE {
        return Err(SecretError::TooLarge(name));
    }
    if text.trim().is_empty() { Err(SecretError::Blank(name)) } else { Ok(Secret(text)) }
}

/// The secret without the newline at its end, which editors and `echo` add.
fn checked(name: &'static str, text: &str) -> Result<Secret, SecretError> {
    let secret = text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
    let is_invisible = |c: char| c.is_control() || c.is_whitespace();
    if secret.starts_with(is_invisible) || secret.ends_with(is_invisible) {
        return Err(SecretError::Invisible(name));
    }
    Ok(Secret(secret.to_owned()))
}

impl FromStr for Secret {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(value: Option<&str>, file: Option<&Path>) -> Result<String, String> {
        let value = value.map(|value| Secret(value.to_owned()));
        let secret = Secret::resolve("KEY", value.as_ref(), file);
        secret.map(|secret| secret.expose().to_owned()).map_err(|error| error.to_string())
    }

    #[test]
    fn one_newline_at_the_end_of_a_file_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        for (content, secret) in
            [("secret", "secret"), ("secret\n", "secret"), ("secret\r\n", "secret"), ("two words\n", "two words")]
        {
            std::fs::write(&file, content).unwrap();
            assert_eq!(resolve(None, Some(&file)).unwrap(), secret, "{content:?}");
            assert_eq!(resolve(Some(content), None).unwrap(), secret, "{content:?}");
        }
        for content in ["secret\n\n", " two words \n", "\nsecret", "secret ", "\tsecret", "secret\u{a0}", "secret\0"] {
            std::fs::write(&file, content).unwrap();
            let error = "KEY: it begins or ends with white space or a control character: remove it";
            assert_eq!(resolve(None, Some(&file)).unwrap_err(), error, "{content:?}");
            assert_eq!(resolve(Some(content), None).unwrap_err(), error, "{content:?}");
        }
    }

    #[test]
    fn lines_of_a_file_are_secrets_and_a_value_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        let lines = |value: Option<&str>, file: Option<&Path>| {
            let value = value.map(|value| Secret(value.to_owned()));
            let lines = Secret::resolve_lines("KEY", value.as_ref(), file).map_err(|error| error.to_string())?;
            Ok::<_, String>(lines.into_iter().map(|Secret(text)| text).collect::<Vec<_>>())
        };
        for (content, secrets) in [
            ("one", &["one"][..]),
            ("one\n", &["one"]),
            ("one\r\ntwo\r\n", &["one", "two"]),
            ("\none\n\n \ntwo words\n\n", &["one", "two words"]),
        ] {
            std::fs::write(&file, content).unwrap();
            assert_eq!(lines(None, Some(&file)).unwrap(), secrets, "{content:?}");
        }
        assert_eq!(lines(Some("one\ntwo"), None).unwrap(), ["one\ntwo"]);
        std::fs::write(&file, "\n \n").unwrap();
        assert_eq!(lines(None, Some(&file)).unwrap_err(), "KEY_FILE: the file is blank");
    }

    #[test]
    fn file_without_a_secret_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        for (content, error) in [
            (b"".to_vec(), "KEY_FILE: the file is blank"),
            (b" \r\n\t\n".to_vec(), "KEY_FILE: the file is blank"),
            (vec![b'x'; 65_537], "KEY_FILE: the file has more than 65536 bytes"),
            (vec![0xff], "KEY_FILE: the file cannot be read: stream did not contain valid UTF-8"),
        ] {
            std::fs::write(&file, content).unwrap();
            assert_eq!(resolve(None, Some(&file)).unwrap_err(), error);
        }
        let missing = resolve(None, Some(&folder.path().join("hunter2"))).unwrap_err();
        assert!(missing.starts_with("KEY_FILE: the file cannot be read: No such file"), "{missing}");
        assert!(!missing.contains("hunter2"), "{missing}");
    }

    #[test]
    fn value_and_file_exclude_each_other() {
        let (file, none) = (Path::new("/nowhere"), Path::new(""));
        assert_eq!(resolve(Some("x"), Some(file)).unwrap_err(), "KEY and KEY_FILE are both set: remove one of them");
        assert_eq!(resolve(Some("x"), Some(none)).unwrap(), "x");
        for value in [None, Some(""), Some(" ")] {
            assert_eq!(resolve(value, Some(none)).unwrap_err(), "KEY is missing");
            assert!(resolve(value, Some(file)).unwrap_err().starts_with("KEY_FILE: "));
        }
    }

    #[test]
    fn debug_output_has_no_secret() {
        assert_eq!(format!("{:?}", Some(Secret("hunter2".to_owned()))), "Some(Secret)");
    }
}
