//! Why a token signs nobody in, as clients learn it.

/// Why a request or a connection has no user. Clients get one of four words and a constant message, and not what the
/// check has found: a wrong signature and an unknown user look the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenProblem {
    /// There is no token.
    Missing,
    /// The token was valid until its expiry. The client can go on with a new one.
    Expired,
    /// The token is malformed, was not issued for this server, or names no active user.
    Invalid,
    /// The token was revoked before its expiry.
    Revoked,
    /// The header is not of the form that it has to have.
    OtherScheme,
    /// A proxy may have checked another header than the server.
    SeveralHeaders,
}

impl TokenProblem {
    /// The value of `extensions.reason`, which is also the reason with which a WebSocket is closed.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Missing => "TOKEN_MISSING",
            Self::Expired => "TOKEN_EXPIRED",
            Self::Invalid | Self::OtherScheme | Self::SeveralHeaders => "TOKEN_INVALID",
            Self::Revoked => "TOKEN_REVOKED",
        }
    }

    /// The message for the client.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Missing => "This needs a token. Send it as `Authorization: Bearer <JWT>`.",
            Self::Expired => "The token has expired.",
            Self::Invalid => "The token is not valid.",
            Self::Revoked => "The token was revoked.",
            Self::OtherScheme => "The `Authorization` header has to be `Bearer <JWT>`.",
            Self::SeveralHeaders => "There is more than one `Authorization` header.",
        }
    }
}
