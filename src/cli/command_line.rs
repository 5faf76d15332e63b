//! Errors of the command line, without what can be a part of a secret. A password with a space that is not quoted
//! continues as an argument of its own, and a URL can be in the place of another value.

use super::secret_flags::SECRET_FLAGS;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::ffi::OsString;

/// What is printed in place of a text.
const HIDDEN: &str = "(not shown: it could be part of a secret)";

/// The error without texts of the user that can be a part of a secret.
pub fn without_secrets(mut error: clap::Error, arguments: impl IntoIterator<Item = OsString>) -> clap::Error {
    let has_secret = arguments.into_iter().any(|argument| is_secret_flag(&argument.to_string_lossy()));
    let is_hidden = |kind, text: &str| match kind {
        ContextKind::InvalidSubcommand => has_secret || !is_name(text),
        ContextKind::InvalidArg => !is_name(text.trim_start_matches('-')) || (has_secret && !text.starts_with("--")),
        _ => text.contains('@') || text.contains("password="),
    };
    let mut kinds = vec![ContextKind::InvalidSubcommand, ContextKind::InvalidValue];
    // Of other errors it is the argument as `--help` names it.
    if error.kind() == ErrorKind::UnknownArgument {
        kinds.push(ContextKind::InvalidArg);
    }
    for kind in kinds {
        if let Some(ContextValue::String(text)) = error.get(kind)
            && is_hidden(kind, text)
        {
            error.insert(kind, ContextValue::String(HIDDEN.to_owned()));
            // What to do about it contains the text again.
            error.remove(ContextKind::Suggested);
        }
    }
    error
}

fn is_secret_flag(argument: &str) -> bool {
    let name = argument.split_once('=').map_or(argument, |(name, _)| name);
    SECRET_FLAGS.iter().any(|secret| secret.flag == name)
}

/// Whether this can be the name of a command or a flag.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::CommandFactory;

    fn refusal(arguments: &[&str]) -> String {
        let error = Cli::command().try_get_matches_from(arguments).unwrap_err();
        without_secrets(error, arguments.iter().map(Into::into)).to_string()
    }

    #[test]
    fn texts_that_can_be_part_of_a_secret_are_hidden() {
        for arguments in [
            &["interviews", "postgres://me:hunter2@db/x"][..],
            &["interviews", "serve", "postgres://me:hunter2@db/x"],
            &["interviews", "serve", "--database-url", "postgres://me:hun", "ter2@db/x"],
            &["interviews", "serve", "--database-url", "postgres://me:hun", "ter", "2@db/x"],
            &["interviews", "migrate", "--database-url", "postgres://me:hun", "ter", "2@db/x", "up"],
            &["interviews", "serve", "--jwt-secret=hun", "ter"],
            &["interviews", "serve", "--jwt-secret", "hun", "-ter2"],
            &["interviews", "serve", "--database-connections", "postgres://me:hunter2@db/x"],
            &["interviews", "--log-format=postgres://me:hunter2@db/x", "serve"],
        ] {
            let refusal = refusal(arguments);
            assert!(refusal.contains("'(not shown: it could be part of a secret)'"), "{refusal}");
            assert!(!refusal.contains("ter2") && !refusal.contains("'ter"), "{refusal}");
        }
    }

    #[test]
    fn mistyped_names_are_shown() {
        for (arguments, shown) in [
            (&["interviews", "serv"][..], "'serv'"),
            (&["interviews", "serve", "--bindd", "x"], "'--bindd'"),
            (&["interviews", "serve", "--database-connections", "many"], "'many'"),
            (&["interviews", "demo-data", "--interviews=-1"], "'-1'"),
        ] {
            let refusal = refusal(arguments);
            assert!(refusal.contains(shown), "{refusal}");
        }
    }
}
