//! Settings from the environment: which variables count, which look like mistakes, and what differs from the defaults.

use crate::config::Secret;
use clap::error::{ContextKind, ContextValue};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, Error};
use std::env;
use std::ffi::OsString;
use std::iter::successors;

/// Variables with this prefix can be meant for this program alone, but for those of a Kubernetes service of its name.
const PREFIX: &str = "INTERVIEWS_";
const KUBERNETES: [&str; 2] = ["INTERVIEWS_SERVICE_", "INTERVIEWS_PORT"];

/// From this length on, a name with at most as many wrong letters is taken for a misspelt setting.
const SIMILAR: [(usize, usize); 2] = [(12, 2), (8, 1)];

/// The command without the variables that are blank. They count as unset.
pub fn without_blank_variables(command: Command) -> Command {
    let is_blank = |argument: &Arg| value(argument).is_some_and(|value| value.to_string_lossy().trim().is_empty());
    let unset = |argument: Arg| if is_blank(&argument) { argument.env(None::<&str>) } else { argument };
    command.mut_args(unset).mut_subcommands(without_blank_variables)
}

/// The error, with the name of the variable from which an invalid value comes.
pub fn with_variable_name(mut error: Error, command: &Command, arguments: &[OsString]) -> Error {
    let Some(ContextValue::String(shown)) = error.get(ContextKind::InvalidArg) else { return error };
    let all = all_arguments(command);
    let Some(argument) = all.into_iter().find(|argument| argument.to_string() == *shown) else { return error };
    let flag = format!("--{}", argument.get_long().unwrap_or_default());
    let is_given = arguments
        .iter()
        .filter_map(|given| given.to_str())
        .any(|given| given.strip_prefix(&flag).is_some_and(|rest| rest.is_empty() || rest.starts_with('=')));
    if !is_given
        && value(argument).is_some()
        && let Some(name) = name(argument)
    {
        error.insert(ContextKind::InvalidArg, ContextValue::String(name.to_owned()));
    }
    error
}

/// Variables that look like settings and are none.
pub fn misspelt_variables(command: &Command, variables: impl IntoIterator<Item = OsString>) -> Vec<String> {
    let settings: Vec<&str> = all_arguments(command).into_iter().filter_map(name).collect();
    let mut found: Vec<String> = variables
        .into_iter()
        .filter_map(|variable| variable.into_string().ok())
        .filter_map(|variable| misspelt(&variable, &settings))
        .collect();
    found.sort();
    found
}

fn misspelt(variable: &str, settings: &[&str]) -> Option<String> {
    if settings.contains(&variable) || KUBERNETES.iter().any(|prefix| variable.starts_with(prefix)) {
        return None;
    }
    let own = variable.strip_prefix(PREFIX);
    let name = own.unwrap_or(variable);
    let most = SIMILAR.iter().find_map(|(length, most)| (name.len() >= *length).then_some(*most)).unwrap_or(0);
    let similar = settings.iter().find(|setting| strsim::osa_distance(name, setting) <= most);
    match (own, similar) {
        (_, Some(setting)) => Some(format!("{variable} is not read: the variable is {setting}")),
        (Some(_), None) => Some(format!("{variable} is not read: there is no such setting")),
        (None, None) => None,
    }
}

/// The settings that differ from their defaults, as `NAME=VALUE`, without secrets.
pub fn changed_settings(command: &Command, matches: &ArgMatches) -> Vec<String> {
    let levels = successors(Some((command, matches)), |(command, matches)| {
        let (name, matches) = matches.subcommand()?;
        Some((command.find_subcommand(name)?, matches))
    });
    let mut changed = Vec::new();
    for (command, matches) in levels {
        for argument in command.get_arguments() {
            let id = argument.get_id().as_str();
            let is_default = matches!(matches.value_source(id), None | Some(ValueSource::DefaultValue));
            if let (false, Some(name), Ok(Some(values))) = (is_default, name(argument), matches.try_get_raw(id)) {
                let values: Vec<_> = values.collect();
                if values != argument.get_default_values() {
                    let shown: Vec<_> = values.iter().map(|value| value.to_string_lossy()).collect();
                    let text = shown.join(",");
                    let shown = if is_hidden(argument, matches, &text) { "(hidden)" } else { &text };
                    changed.push(format!("{name}={shown}"));
                }
            }
        }
    }
    changed.sort();
    changed.dedup();
    changed
}

/// The name of a secret's file can be the secret itself, by mistake, and a URL can contain a password.
fn is_hidden(argument: &Arg, matches: &ArgMatches, value: &str) -> bool {
    let is_secret = matches.try_get_one::<Secret>(argument.get_id().as_str()).is_ok();
    is_secret || argument.is_hide_env_values_set() || value.contains('@')
}

fn all_arguments(command: &Command) -> Vec<&Arg> {
    command.get_arguments().chain(command.get_subcommands().flat_map(all_arguments)).collect()
}

fn name(argument: &Arg) -> Option<&str> {
    argument.get_env()?.to_str()
}

fn value(argument: &Arg) -> Option<OsString> {
    env::var_os(argument.get_env()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::CommandFactory;

    #[test]
    fn variables_that_look_like_settings_are_found() {
        let command = Cli::command();
        let found = |name: &str| misspelt_variables(&command, [name.into()]).pop();
        for (name, expected) in [
            ("MAX_COMPLEXTY", Some("MAX_COMPLEXTY is not read: the variable is MAX_COMPLEXITY")),
            ("MAX_COMPEXTY", Some("MAX_COMPEXTY is not read: the variable is MAX_COMPLEXITY")),
            ("DATABASE_URI", Some("DATABASE_URI is not read: the variable is DATABASE_URL")),
            ("JWKS_URI", Some("JWKS_URI is not read: the variable is JWKS_URL")),
            ("INTERVIEWS_LOG", Some("INTERVIEWS_LOG is not read: the variable is LOG")),
            ("INTERVIEWS_MAX_BODY", Some("INTERVIEWS_MAX_BODY is not read: the variable is MAX_BODY")),
            ("INTERVIEWS_COLOUR", Some("INTERVIEWS_COLOUR is not read: there is no such setting")),
            ("INTERVIEWS_SERVICE_HOST", None),
            ("INTERVIEWS_PORT_8000_TCP", None),
            ("MAX_COMPLEXITY", None),
            ("LOGS", None),
            ("PATH", None),
            ("DATABASE_PASSWORD", None),
        ] {
            assert_eq!(found(name).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn changed_settings_have_no_secrets() {
        let changed = |line: &str| {
            let matches = Cli::command().try_get_matches_from(line.split_whitespace()).unwrap();
            super::changed_settings(&Cli::command(), &matches).join(" ")
        };
        assert_eq!(changed("interviews serve"), "");
        assert_eq!(changed("interviews serve --max-body 1048576 --ping-interval 15s"), "");
        assert_eq!(
            changed("interviews serve --max-body 5 --cors-origins https://a,https://b --log debug"),
            "CORS_ORIGINS=https://a,https://b LOG=debug MAX_BODY=5"
        );
        assert_eq!(
            changed(
                "interviews serve --jwt-secret hunter2 --database-url hunter2 --database-url-file hunter2 \
                 --jwt-secret-file hunter2 --jwks-url https://me:hunter2@idp"
            ),
            "DATABASE_URL=(hidden) DATABASE_URL_FILE=(hidden) JWKS_URL=(hidden) JWT_SECRET=(hidden) \
             JWT_SECRET_FILE=(hidden)"
        );
    }
}
