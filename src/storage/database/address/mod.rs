//! `DATABASE_URL`: the database that it names, or why it names none. The reasons contain no part of the URL that can be
//! a part of a password.

use crate::storage::{Result, StorageError};
use percent_encoding::percent_decode_str;
use sea_orm::sqlx::ConnectOptions as _;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgSslMode};
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use std::borrow::Cow;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// Tells this server's sessions from others' in `pg_stat_activity`, unless the URL or `PGAPPNAME` has another name.
const APPLICATION_NAME: &str = concat!("interviews/", env!("CARGO_PKG_VERSION"));

/// Where a database is.
#[derive(Clone, Debug)]
pub enum Address {
    Postgres(Box<PgConnectOptions>),
    /// The file.
    Sqlite(PathBuf),
}

/// Why a URL is refused.
type Reason = Cow<'static, str>;

const NEITHER: &str = "it has to begin with sqlite:// or postgres://";
const POSTGRES: &str = "it has to be like postgres://USER:PASSWORD@HOST:PORT/NAME";
const CONTROL_CHARACTER: &str = "it contains a control character, such as a line break";
const UNESCAPED: &str = "in a user name, password, database or parameter, `%` has to be written as %25, `@` as %40, \
    `/` as %2F, `?` as %3F and `#` as %23";
const SEVERAL_HOSTS: &str = "it names several hosts, but the server connects to one: name a proxy or an address that \
    leads to the primary server";
const PORT: &str = "the port has to be a number from 1 to 65535";
const SQLITE_PASSWORD: &str = "a SQLite file has no user and no password: in its name, `:` has to be written as %3A \
    before an `@`";
const NO_FILE: &str = "it names no file: write sqlite://FILE, or sqlite:///FOLDER/FILE with an absolute path";
const IN_MEMORY: &str = "SQLite in memory is not supported, because each connection would have a database of its own: \
    write sqlite://FILE";

impl Address {
    /// Parses a `DATABASE_URL`.
    ///
    /// # Errors
    /// [`StorageError::Url`]
    pub fn parse(url: &str) -> Result<Self> {
        let url = url.trim(); // a secret from a file ends with a line break
        let address = if url.contains(|character: char| character.is_control()) {
            Err(CONTROL_CHARACTER.into())
        } else if let Some(rest) = url.strip_prefix("sqlite:") {
            sqlite_file(rest.strip_prefix("//").unwrap_or(rest)).map(Self::Sqlite)
        } else if let Some(rest) = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://")) {
            postgres_options(url, rest).map(|options| Self::Postgres(Box::new(options)))
        } else {
            Err(NEITHER.into())
        };
        address.map_err(StorageError::Url)
    }

    /// The address without its secrets.
    pub fn location(&self) -> String {
        match self {
            Self::Sqlite(file) => format!("sqlite://{}", file.display()),
            Self::Postgres(address) => {
                let name = address.get_database().unwrap_or_else(|| address.get_username());
                match address.get_socket() {
                    Some(folder) => format!("{name} at {}", folder.display()),
                    None => format!("{name} at {}:{}", address.get_host(), address.get_port()),
                }
            }
        }
    }
}

/// The driver passes over parts that it does not know, and its errors contain the URL. Therefore the URL is checked
/// first. `rest` is what follows the scheme.
fn postgres_options(url: &str, rest: &str) -> Result<PgConnectOptions, Reason> {
    let (authority, rest) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    // A password with one of these characters ends the authority too early: its `@` is then in the rest.
    if rest.contains(['@', '#']) {
        return Err(UNESCAPED.into());
    }
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    if percent_decode_str(user).decode_utf8().is_err() {
        return Err(UNESCAPED.into()); // by accident, such as %FF
    }
    if host.contains(',') {
        return Err(SEVERAL_HOSTS.into());
    }
    if host.rsplit_once(':').is_some_and(|(_, port)| !port.is_empty() && !port.contains(']') && !is_port(port)) {
        return Err(PORT.into());
    }
    let query = rest.split_once('?').map_or("", |(_, query)| query);
    let parameters: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    // A password with `&` would continue as the name of a parameter.
    let may_print_names = !parameters.iter().any(|(name, _)| name == "password");
    for (name, value) in &parameters {
        check_parameter(name, value, may_print_names)?;
    }
    let options: PgConnectOptions = url.parse().map_err(|_| POSTGRES)?;
    if options.get_host().contains(',') {
        return Err(SEVERAL_HOSTS.into()); // from PGHOST
    }
    // The driver looks up an IPv6 address with its brackets as a name.
    let address = options.get_host().trim_matches(['[', ']']).to_owned();
    let options = if address.parse::<IpAddr>().is_ok() { options.host(&address) } else { options };
    let application = options.get_application_name().unwrap_or(APPLICATION_NAME).to_owned();
    // PgBouncer refuses the parameter by default. No column of this server is a floating-point number.
    Ok(options.application_name(&application).extra_float_digits(None::<i8>).disable_statement_logging())
}

/// The parameters that the driver knows.
const SUPPORTED: [&str; 18] = [
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "application_name",
    "options",
];

fn check_parameter(name: &str, value: &str, may_print_name: bool) -> Result<(), Reason> {
    match name {
        "host" | "hostaddr" | "port" if value.contains(',') => Err(SEVERAL_HOSTS.into()),
        "hostaddr" if value.parse::<IpAddr>().is_err() => Err("hostaddr has to be an IP address".into()),
        "port" if !is_port(value) => Err(PORT.into()),
        "sslmode" | "ssl-mode" if value.parse::<PgSslMode>().is_err() => {
            Err("sslmode has to be disable, allow, prefer, require, verify-ca or verify-full".into())
        }
        "statement-cache-capacity" if value.parse::<u16>().is_err() => {
            Err("statement-cache-capacity has to be a number from 0 to 65535".into())
        }
        "sslrootcert" | "ssl-root-cert" | "ssl-ca" | "sslcert" | "ssl-cert" | "sslkey" | "ssl-key"
            if !value.contains("-----BEGIN") && !Path::new(value).exists() =>
        {
            Err(format!("the file of the parameter {name} does not exist").into())
        }
        name if SUPPORTED.contains(&name) => Ok(()),
        name if name.starts_with("options[") && name.ends_with(']') => Ok(()),
        "target_session_attrs" | "load_balance_hosts" => {
            Err(format!("the parameter {name} is not supported, because the server connects to one host").into())
        }
        "connect_timeout" => Err("the parameter connect_timeout is not supported: set DATABASE_TIMEOUT instead".into()),
        "passfile" => Err("the parameter passfile is not supported: set the variable PGPASSFILE instead".into()),
        name if may_print_name && is_plain(name) => Err(format!("the parameter {name} is not supported").into()),
        _ => Err("it has a parameter that is not supported".into()),
    }
}

/// `rest` is what follows the scheme.
fn sqlite_file(rest: &str) -> Result<PathBuf, Reason> {
    let authority = rest.split('/').next().unwrap_or_default();
    if authority.contains(':') && rest.split_once(':').is_some_and(|(_, password)| password.contains('@')) {
        return Err(SQLITE_PASSWORD.into());
    }
    let (name, query) = rest.split_once('?').unwrap_or((rest, ""));
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match (&*name, &*value) {
            // Which command creates the file is not a matter of the URL.
            ("mode", "rw" | "rwc") => {}
            ("mode", "memory") => return Err(IN_MEMORY.into()),
            ("mode", _) => return Err("the parameter mode has to be rw or rwc: the server writes".into()),
            (name, _) if is_plain(name) => return Err(format!("the parameter {name} is not supported").into()),
            _ => return Err("it has a parameter that is not supported".into()),
        }
    }
    let options: SqliteConnectOptions = format!("sqlite://{name}").parse().map_err(|_| NO_FILE)?;
    let file = options.get_filename().to_str().unwrap_or_default();
    // SQLite would take such names for URIs, and not for files.
    if name == ":memory:" || file == ":memory:" {
        return Err(IN_MEMORY.into());
    }
    if file.starts_with("file:") {
        return Err("the name of a file must not begin with `file:`".into());
    }
    if file.is_empty() || file.ends_with('/') || file.contains('\0') {
        return Err(NO_FILE.into());
    }
    Ok(file.into())
}

fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok_and(|port| port > 0) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether this can be the name of a parameter.
fn is_plain(name: &str) -> bool {
    (1..=40).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}

#[cfg(test)]
mod tests;
