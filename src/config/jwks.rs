//! Settings of the identity provider whose tokens the server accepts.

use crate::config::{timeout, trimmed};
use crate::outbound::{DocumentSource, InvalidUrl};
use crate::services::{ClaimRules, IdentityProvider, RefreshTimes};
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

/// Whose tokens are accepted besides those that are signed with the secret.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Identity provider")]
pub struct JwksSettings {
    /// Accept tokens that are signed with the keys of this JSON Web Key Set (RS256, PS256, ES256, EdDSA)
    ///
    /// The URL begins with `https://`, or with `http://` and names this machine. The document has to arrive within 5 s,
    /// with at most 64 KiB and 32 keys; redirects are not followed, and no proxy is used. RSA keys have 2048 to 4096
    /// bits. If the keys cannot be read at the start, the server starts and is not ready.
    #[arg(long, value_name = "URL", env = "JWKS_URL", hide_env_values = true)]
    pub jwks_url: Option<String>,
    /// Read the JSON Web Key Set from this file instead
    ///
    /// The server does not start with a file that cannot be used. It reads the file again on SIGHUP, too.
    #[arg(long, value_name = "FILE", env = "JWKS_FILE", hide_env_values = true)]
    pub jwks_file: Option<PathBuf>,
    /// Accept only tokens of the identity provider whose `iss` claim is this. Required with a JWKS
    #[arg(long, value_name = "ISSUER", env = "JWKS_ISSUER", value_parser = trimmed)]
    pub jwks_issuer: Option<String>,
    /// Accept only tokens of the identity provider whose `aud` claim is or contains this. Required with a JWKS
    #[arg(long, value_name = "AUDIENCE", env = "JWKS_AUDIENCE", value_parser = trimmed)]
    pub jwks_audience: Option<String>,
    /// Find the id of the user in this claim of the identity provider's tokens
    ///
    /// It is a decimal number, as a string or as an integer.
    #[arg(long, value_name = "CLAIM", env = "JWKS_USER_CLAIM", default_value = "sub", value_parser = trimmed)]
    pub jwks_user_claim: String,
    /// Accept only tokens of the identity provider whose `scp` or `scope` claim contains this
    ///
    /// The claim is a string of words, or a list. Without this setting it is not checked.
    #[arg(long, value_name = "SCOPE", env = "JWKS_SCOPE", value_parser = trimmed)]
    pub jwks_scope: Option<String>,
    /// Read the JSON Web Key Set again at this interval
    ///
    /// After a failure the server tries again after a second, and then less often, down to once in `--jwks-cooldown`.
    #[arg(long, value_name = "DURATION", env = "JWKS_TTL", default_value = "10m", value_parser = timeout)]
    pub jwks_ttl: Duration,
    /// Read the JSON Web Key Set at most once in this time for tokens with unknown keys
    ///
    /// A request with a key that was published since the last reading waits for it, for up to 2 s.
    #[arg(
        long,
        value_name = "DURATION",
        env = "JWKS_COOLDOWN",
        default_value = "30s",
        value_parser = timeout
    )]
    pub jwks_cooldown: Duration,
    /// Use keys for at most this long after they were read, while they cannot be read again
    ///
    /// After that the server is not ready, refuses the identity provider's tokens with the error code `UNAVAILABLE`,
    /// and closes the connections that have signed in with them. It has to be more than `--jwks-ttl`.
    #[arg(
        long,
        value_name = "DURATION",
        env = "JWKS_MAX_STALE",
        default_value = "24h",
        value_parser = timeout
    )]
    pub jwks_max_stale: Duration,
}

/// Why the settings do not fit together.
#[derive(Debug, thiserror::Error)]
pub enum JwksError {
    /// Settings that a key set needs are absent or empty.
    #[error("missing settings: {}", .0.join(", "))]
    Missing(Vec<&'static str>),
    /// There are a URL and a file.
    #[error("JWKS_URL and JWKS_FILE are both set: remove one of them")]
    Ambiguous,
    /// The URL cannot be used.
    #[error("JWKS_URL: {0}")]
    Url(#[from] InvalidUrl),
    /// The file is a URL, which may contain a password.
    #[error("JWKS_FILE: it has to be the name of a file: set JWKS_URL for a URL")]
    FileIsUrl,
    /// Keys would be too old before they are read again.
    #[error("JWKS_MAX_STALE: it has to be more than JWKS_TTL")]
    StaleTooEarly,
}

impl JwksSettings {
    /// The identity provider; `None` without a key set.
    pub(crate) fn identity_provider(&self) -> Result<Option<IdentityProvider>, JwksError> {
        let Some(source) = self.source()? else { return Ok(None) };
        let (issuer, audience) = match (given(self.jwks_issuer.as_ref()), given(self.jwks_audience.as_ref())) {
            (Some(issuer), Some(audience)) => (issuer, audience),
            (issuer, audience) => {
                let settings = [("JWKS_ISSUER", issuer), ("JWKS_AUDIENCE", audience)];
                let missing = settings.into_iter().filter_map(|(name, value)| value.is_none().then_some(name));
                return Err(JwksError::Missing(missing.collect()));
            }
        };
        if self.jwks_max_stale <= self.jwks_ttl {
            return Err(JwksError::StaleTooEarly);
        }
        let rules = ClaimRules {
            issuer,
            audience,
            user_claim: given(Some(&self.jwks_user_claim)).unwrap_or_else(|| "sub".to_owned()),
            scope: given(self.jwks_scope.as_ref()),
        };
        let times = RefreshTimes { ttl: self.jwks_ttl, cooldown: self.jwks_cooldown, max_stale: self.jwks_max_stale };
        Ok(Some(IdentityProvider::new(source, rules, times)))
    }

    /// Whether the keys are read from a file.
    pub(crate) fn is_file(&self) -> bool {
        self.file().is_some()
    }

    fn file(&self) -> Option<&PathBuf> {
        self.jwks_file.as_ref().filter(|file| !file.as_os_str().is_empty())
    }

    fn source(&self) -> Result<Option<DocumentSource>, JwksError> {
        Ok(match (given(self.jwks_url.as_ref()), self.file()) {
            (Some(_), Some(_)) => return Err(JwksError::Ambiguous),
            (Some(url), None) => Some(DocumentSource::Url(url.parse()?)),
            (None, Some(file)) if file.to_string_lossy().contains("://") => return Err(JwksError::FileIsUrl),
            (None, file) => file.cloned().map(DocumentSource::File),
        })
    }
}

/// An empty value counts as absent.
fn given(value: Option<&String>) -> Option<String> {
    value.filter(|value| !value.is_empty()).cloned()
}
