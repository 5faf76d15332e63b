//! Secrets that are given as flags: every user of the machine can read them in the list of processes.

use crate::config::Secret;
use clap::ArgMatches;
use clap::parser::ValueSource;

/// A setting whose value is a secret.
pub(super) struct SecretFlag {
    argument: &'static str,
    pub(super) flag: &'static str,
    is_secret: fn(&str) -> bool,
}

pub(super) const SECRET_FLAGS: [SecretFlag; 3] = [
    SecretFlag { argument: "jwt_secret", flag: "--jwt-secret", is_secret: |value| !value.is_empty() },
    SecretFlag { argument: "database_url", flag: "--database-url", is_secret: has_password },
    SecretFlag { argument: "revoke", flag: "--revoke", is_secret: |value| value != "-" },
];

/// The flags of the command line that contain a secret.
pub fn find(matches: &ArgMatches) -> Vec<&'static str> {
    let commands = || std::iter::successors(Some(matches), |matches| matches.subcommand().map(|(_, matches)| matches));
    let given = SECRET_FLAGS.iter().filter(|flag| commands().any(|matches| flag.is_in(matches)));
    given.map(|flag| flag.flag).collect()
}

/// Warns of these flags.
pub fn warn(flags: &[&str]) {
    for flag in flags {
        tracing::warn!(flag, "a secret in a flag is in the list of processes: use its variable or file (see --help)");
    }
}

impl SecretFlag {
    fn is_in(&self, matches: &ArgMatches) -> bool {
        // An error means that this command does not have the argument.
        let value = matches.try_get_one::<Secret>(self.argument).ok().flatten();
        value.is_some_and(|value| (self.is_secret)(value.expose()))
            && matches.value_source(self.argument) == Some(ValueSource::CommandLine)
    }
}

/// Whether the URL of a database contains a password, as `USER:PASSWORD@` or as a parameter.
fn has_password(url: &str) -> bool {
    let address = url.split_once("://").map_or("", |(_, address)| address);
    let has_user_password = address.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'));
    has_user_password || url.contains("password=")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::CommandFactory;

    fn flags(command_line: &str) -> Vec<&'static str> {
        find(&Cli::command().try_get_matches_from(command_line.split_whitespace()).unwrap())
    }

    #[test]
    fn secrets_in_flags_are_found() {
        let both = ["--jwt-secret", "--database-url"];
        assert_eq!(flags("interviews serve --jwt-secret x --database-url postgres://me:x@db/interviews"), both);
        assert_eq!(flags("interviews serve --jwt-secret=x"), both[..1]);
        assert_eq!(flags("interviews token --sub 1 --jwt-secret x"), both[..1]);
        assert_eq!(flags("interviews token --revoke a.b.c"), ["--revoke"]);
        assert_eq!(flags("interviews demo-data --database-url postgres://db/x?user=me&password=x"), both[1..]);
        assert_eq!(flags("interviews migrate --database-url postgres://me:x@db/interviews up"), both[1..]);
        assert_eq!(flags("interviews migrate up --database-url postgres://me:x@db/interviews"), both[1..]);
    }

    #[test]
    fn flags_without_a_secret_are_not_found() {
        let none: [&str; 0] = [];
        for url in ["sqlite://interviews.db", "postgres://db:5432/interviews", "postgres://me@db:5432/interviews"] {
            assert_eq!(flags(&format!("interviews serve --database-url {url}")), none, "{url}");
        }
        assert_eq!(flags("interviews serve --jwt-secret="), none);
        assert_eq!(flags("interviews serve --jwt-secret-file key --database-url-file url"), none);
        assert_eq!(flags("interviews token --revoke -"), none);
        assert_eq!(flags("interviews schema"), none);
    }
}
