//! The reference of commands and settings, generated from clap's metadata.

use crate::cli::Cli;
use clap::builder::StyledStr;
use clap::{Arg, Command, CommandFactory};
use std::cmp::Reverse;
use std::fmt::Write;

const HEAD: &str = "\
# Commands and settings

<!-- Generated. To update: cargo run -q -- configuration > docs/operations/configuration.md -->

";

const SETTINGS: &str = "
## Settings

Each setting is a flag and an environment variable. The flag takes precedence. A variable that is blank counts as unset.

Every setting has a range that is checked at the start: the error names the variable or the flag, and the range. A
duration is a number with a unit, such as `500ms`, `10s` or `2min`, and at most `365days`; a timeout is at least `1ms`.
Counts are at most 1000000000, numbers of bytes at most 2^40, and levels at most 200.

Variables whose names begin with `INTERVIEWS_`, or are spelt almost as a setting, are not read: the log warns of them.
When a server starts, it logs the settings that differ from their defaults, without secrets.
";

/// A command that runs something.
struct Leaf<'a> {
    /// Its full name, such as `migrate up`.
    name: String,
    command: &'a Command,
    /// Its arguments and those of the commands above it.
    arguments: Vec<&'a Arg>,
}

/// The reference as Markdown.
#[must_use]
pub fn reference() -> String {
    let mut cli = Cli::command();
    cli.build();
    let mut commands = Vec::new();
    collect(&cli, "", &[], &mut commands);
    let mut out = HEAD.to_owned();
    out += "| command | what it does | options |\n|---|---|---|\n";
    for Leaf { name, command, arguments } in &commands {
        let options = arguments.iter().filter(|argument| argument.get_env().is_none()).map(|argument| option(argument));
        let options = options.collect::<Vec<_>>().join("<br>");
        let _ = writeln!(out, "| `interviews {name}` | {} | {options} |", sentence(command.get_about()));
    }
    out += SETTINGS;
    for (heading, settings) in groups(&commands) {
        let reads = |leaf: &&Leaf| leaf.arguments.iter().any(|argument| argument.get_help_heading() == Some(heading));
        let readers: Vec<_> = commands.iter().filter(reads).map(|leaf| format!("`{}`", leaf.name)).collect();
        let readers = if readers.len() == commands.len() { "every command".to_owned() } else { readers.join(", ") };
        let _ = write!(out, "\n### {heading}\n\n{}\n\n", wrapped(&format!("Read by {readers}.")));
        out += "| flag | variable | default | what it does |\n|---|---|---|---|\n";
        out += &settings.into_iter().map(row).collect::<String>();
    }
    out
}

/// The text in lines of at most 120 columns.
fn wrapped(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let is_full = lines.last().is_some_and(|line| line.len() + 1 + word.len() > 120 && !line.is_empty());
        if is_full {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines.join("\n")
}

/// Finds the commands that run something, but for hidden ones.
fn collect<'a>(command: &'a Command, name: &str, inherited: &[&'a Arg], leaves: &mut Vec<Leaf<'a>>) {
    let mut arguments = inherited.to_vec();
    for argument in command.get_arguments() {
        let is_known = arguments.iter().any(|known| known.get_id() == argument.get_id());
        if !is_known && !matches!(argument.get_id().as_str(), "help" | "version") {
            arguments.push(argument);
        }
    }
    if !command.has_subcommands() {
        leaves.push(Leaf { name: name.trim_start().to_owned(), command, arguments });
        return;
    }
    for child in command.get_subcommands().filter(|child| !child.is_hide_set() && child.get_name() != "help") {
        collect(child, &format!("{name} {}", child.get_name()), &arguments, leaves);
    }
}

/// The settings of all commands under their headings, each once, in the order of the command that has most.
fn groups<'a>(commands: &[Leaf<'a>]) -> Vec<(&'a str, Vec<&'a Arg>)> {
    let mut commands: Vec<_> = commands.iter().collect();
    commands.sort_by_key(|leaf| Reverse(leaf.arguments.len()));
    let mut groups: Vec<(&str, Vec<&Arg>)> = Vec::new();
    for argument in commands.into_iter().flat_map(|leaf| &leaf.arguments) {
        let Some(heading) = argument.get_help_heading() else { continue };
        match groups.iter_mut().find(|(known, _)| *known == heading) {
            Some((_, settings)) if settings.iter().any(|known| known.get_id() == argument.get_id()) => {}
            Some((_, settings)) => settings.push(argument),
            None => groups.push((heading, vec![argument])),
        }
    }
    groups.sort_by_key(|(heading, _)| *heading == "Log"); // inherited, and therefore first
    groups
}

fn option(argument: &Arg) -> String {
    let name = argument
        .get_long()
        .map_or_else(|| argument.get_value_names().unwrap_or_default().join(" "), |flag| format!("--{flag}"));
    let default = default(argument).map(|default| format!(" Default: `{default}`.")).unwrap_or_default();
    format!("`{name}`: {}{default}", sentence(argument.get_help()))
}

fn row(setting: &Arg) -> String {
    let flag = setting.get_long().unwrap_or_default();
    let variable = setting.get_env().unwrap_or_default().to_string_lossy();
    let default = default(setting).map_or_else(|| "none".to_owned(), |default| format!("`{default}`"));
    let values: Vec<_> = setting.get_possible_values().iter().map(|value| format!("`{}`", value.get_name())).collect();
    let values = if values.is_empty() { String::new() } else { format!(" One of {}.", values.join(", ")) };
    let meaning = sentence(setting.get_long_help().or(setting.get_help())) + &values;
    format!("| `--{flag}` | `{variable}` | {default} | {meaning} |\n")
}

/// The default value; none for a switch, which is off.
fn default(argument: &Arg) -> Option<String> {
    let takes_value = argument.get_num_args().is_some_and(|count| count.takes_values());
    let default = argument.get_default_values().first().filter(|_| takes_value)?;
    Some(default.to_string_lossy().into_owned())
}

/// A help text on one line. clap removes the full stop of its first paragraph.
fn sentence(help: Option<&StyledStr>) -> String {
    let text = help.map(ToString::to_string).unwrap_or_default();
    let paragraphs = text.split("\n\n").map(|paragraph| paragraph.replace('\n', " "));
    let paragraphs = paragraphs.map(|text| if text.ends_with('.') { text } else { text + "." });
    paragraphs.collect::<Vec<_>>().join(" ")
}
