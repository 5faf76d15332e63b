//! Which URLs a webhook may have, and which addresses its requests may reach. Without these rules a webhook could make
//! the server send requests inside its own network (SSRF).

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::fmt;
use url::{Host, Url};

/// The longest URL, in characters.
pub const MAX_URL_LENGTH: usize = 2048;

/// What webhooks may reach besides `https` on the public internet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AddressPolicy {
    /// URLs with `http`.
    pub allow_http: bool,
    /// Addresses that are not public.
    pub allow_private: bool,
}

/// A URL to which webhooks may be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookUrl(Url);

/// Why a text is no [`WebhookUrl`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidWebhookUrl {
    /// It is no URL, or names no host.
    #[error("Enter a URL, such as \"https://example.com/webhooks\".")]
    Malformed,
    /// It is too long.
    #[error("The URL is longer than 2048 characters.")]
    TooLong,
    /// Its scheme is another one.
    #[error("The URL has to begin with \"https://\".")]
    Scheme,
    /// It has a user or a password, which would be in logs.
    #[error("The URL must not contain a user or a password. The receiver checks the signature instead.")]
    Credentials,
    /// It has a fragment, which is not sent.
    #[error("The URL must not contain a fragment: the part from \"#\" on is not sent.")]
    Fragment,
    /// It names an address that is not public.
    #[error("The URL names an address that is not public.")]
    Private,
}

impl AddressPolicy {
    /// Whether a request may be sent to this address.
    #[must_use]
    pub fn allows(self, address: IpAddr) -> bool {
        self.allow_private || !is_forbidden(address)
    }

    /// Whether a request may be sent to the host of the URL, as far as the URL says: an address, in any spelling, and
    /// the name of the own machine.
    fn allows_host(self, host: &Host<&str>) -> bool {
        match host {
            Host::Ipv4(address) => self.allows((*address).into()),
            Host::Ipv6(address) => self.allows((*address).into()),
            Host::Domain(name) => self.allow_private || !is_local_name(name),
        }
    }
}

impl WebhookUrl {
    /// Parses a URL. White space around it, which the URL standard ignores, is removed.
    ///
    /// # Errors
    /// [`InvalidWebhookUrl`]
    pub fn parse(text: &str, policy: AddressPolicy) -> Result<Self, InvalidWebhookUrl> {
        if text.chars().count() > MAX_URL_LENGTH {
            return Err(InvalidWebhookUrl::TooLong);
        }
        let url = Url::parse(text).map_err(|_| InvalidWebhookUrl::Malformed)?;
        if url.as_str().len() > MAX_URL_LENGTH {
            return Err(InvalidWebhookUrl::TooLong);
        }
        match url.scheme() {
            "https" => {}
            "http" if policy.allow_http => {}
            _ => return Err(InvalidWebhookUrl::Scheme),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidWebhookUrl::Credentials);
        }
        if url.fragment().is_some() {
            return Err(InvalidWebhookUrl::Fragment);
        }
        match url.host() {
            // Nothing listens on this port.
            _ if url.port() == Some(0) => Err(InvalidWebhookUrl::Malformed),
            None => Err(InvalidWebhookUrl::Malformed),
            Some(host) if !policy.allows_host(&host) => Err(InvalidWebhookUrl::Private),
            Some(_) => Ok(Self(url)),
        }
    }

    /// The URL as the URL standard writes it, with addresses in decimal.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// The path and the query can contain a key.
impl fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebhookUrl({}/…)", self.0.origin().ascii_serialization())
    }
}

/// Names of the own machine (RFC 6761, section 6.3).
fn is_local_name(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name.eq_ignore_ascii_case("localhost") || name.to_ascii_lowercase().ends_with(".localhost")
}

/// Whether an address is not public: of this machine or network, of several receivers, reserved, or one that leads to
/// an IPv4 address by translation or a tunnel.
#[must_use]
pub fn is_forbidden(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => FORBIDDEN_V4.iter().any(|(prefix, bits)| has_prefix_v4(address, *prefix, *bits)),
        IpAddr::V6(address) => {
            let is_public = has_prefix_v6(address, PUBLIC_V6.0, PUBLIC_V6.1);
            !is_public || FORBIDDEN_V6.iter().any(|(prefix, bits)| has_prefix_v6(address, *prefix, *bits))
        }
    }
}

/// The special-purpose addresses of <https://www.iana.org/assignments/iana-ipv4-special-registry>.
const FORBIDDEN_V4: [(Ipv4Addr, u32); 15] = [
    (Ipv4Addr::UNSPECIFIED, 8),           // this network
    (Ipv4Addr::new(10, 0, 0, 0), 8),      // private
    (Ipv4Addr::new(100, 64, 0, 0), 10),   // shared with a provider
    (Ipv4Addr::new(127, 0, 0, 0), 8),     // loopback
    (Ipv4Addr::new(169, 254, 0, 0), 16),  // link-local, where clouds have the metadata of machines
    (Ipv4Addr::new(172, 16, 0, 0), 12),   // private
    (Ipv4Addr::new(192, 0, 0, 0), 24),    // protocols
    (Ipv4Addr::new(192, 0, 2, 0), 24),    // documentation
    (Ipv4Addr::new(192, 88, 99, 0), 24),  // relays to IPv6
    (Ipv4Addr::new(192, 168, 0, 0), 16),  // private
    (Ipv4Addr::new(198, 18, 0, 0), 15),   // benchmarks
    (Ipv4Addr::new(198, 51, 100, 0), 24), // documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24),  // documentation
    (Ipv4Addr::new(224, 0, 0, 0), 4),     // multicast
    (Ipv4Addr::new(240, 0, 0, 0), 4),     // reserved, and broadcast
];

/// All public addresses of IPv6 are in this prefix. Outside of it are, among others, `::`, `::1`, IPv4-compatible
/// addresses, `64:ff9b::/96` (translation to IPv4), `fc00::/7` (private), `fe80::/10` (link-local) and `ff00::/8`
/// (multicast).
const PUBLIC_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// What is not public inside of it, of <https://www.iana.org/assignments/iana-ipv6-special-registry>.
const FORBIDDEN_V6: [(Ipv6Addr, u32); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // protocols, among them Teredo: a tunnel to IPv4
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16), // 6to4: a tunnel to IPv4
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation
];

fn has_prefix_v4(address: Ipv4Addr, prefix: Ipv4Addr, bits: u32) -> bool {
    (address.to_bits() ^ prefix.to_bits()).leading_zeros() >= bits
}

fn has_prefix_v6(address: Ipv6Addr, prefix: Ipv6Addr, bits: u32) -> bool {
    (address.to_bits() ^ prefix.to_bits()).leading_zeros() >= bits
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRICT: AddressPolicy = AddressPolicy { allow_http: false, allow_private: false };
    const OPEN: AddressPolicy = AddressPolicy { allow_http: true, allow_private: true };

    fn parse(text: &str) -> Result<String, InvalidWebhookUrl> {
        WebhookUrl::parse(text, STRICT).map(|url| url.as_str().to_owned())
    }

    #[test]
    fn url_has_https_and_a_public_host() {
        assert_eq!(parse("https://example.com/hooks?key=1"), Ok("https://example.com/hooks?key=1".to_owned()));
        assert_eq!(parse("HTTPS://EXAMPLE.com:443"), Ok("https://example.com/".to_owned()));
        assert_eq!(parse("https://93.184.216.34:8443/"), Ok("https://93.184.216.34:8443/".to_owned()));
        for (text, error) in [
            ("", InvalidWebhookUrl::Malformed),
            ("example.com/hooks", InvalidWebhookUrl::Malformed),
            ("https://", InvalidWebhookUrl::Malformed),
            ("https://exa mple.com", InvalidWebhookUrl::Malformed),
            ("https://1.2.3.4.5/", InvalidWebhookUrl::Malformed),
            ("http://example.com/", InvalidWebhookUrl::Scheme),
            ("ftp://example.com/", InvalidWebhookUrl::Scheme),
            ("file:///etc/passwd", InvalidWebhookUrl::Scheme),
            ("https://user@example.com/", InvalidWebhookUrl::Credentials),
            ("https://:hunter2@example.com/", InvalidWebhookUrl::Credentials),
            ("https://example.com@127.0.0.1/", InvalidWebhookUrl::Credentials),
            ("https://example.com/#part", InvalidWebhookUrl::Fragment),
            ("https://example.com/#", InvalidWebhookUrl::Fragment),
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn url_has_at_most_2048_characters() {
        let url = |length: usize| format!("https://example.com/{}", "x".repeat(length - "https://example.com/".len()));
        assert!(parse(&url(2048)).is_ok());
        assert_eq!(parse(&url(2049)), Err(InvalidWebhookUrl::TooLong));
        // It is stored with its characters encoded.
        assert_eq!(parse(&format!("https://example.com/{}", "ü".repeat(400))), Err(InvalidWebhookUrl::TooLong));
    }

    #[test]
    fn literal_address_is_refused_in_every_spelling() {
        for host in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0x7f.0.0.1",
            "0X7F.1",
            "017700000001",
            "0177.0.0.01",
            "127.0.0.1.",
            "１２７.０.０.１",
            "127。0。0。1",
            "%31%32%37.0.0.1",
            "0",
            "0.0.0.0",
            "10.1.2.3",
            "0xa010203",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.0.1",
            "0xc0.0250.1",
            "169.254.169.254",
            "2852039166",
            "0xa9fea9fe",
            "0251.0376.0251.0376",
            "100.64.0.1",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "[::]",
            "[::1]",
            "[0:0:0:0:0:0:0:1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[0:0:0:0:0:ffff:a9fe:a9fe]",
            "[::ffff:10.0.0.1]",
            "[::127.0.0.1]",
            "[fe80::1]",
            "[febf::1]",
            "[fc00::1]",
            "[fdff::1]",
            "[fec0::1]",
            "[ff02::1]",
            "[100::1]",
            "[2001:db8::1]",
            "[2001::7f00:1]",
            "[2002:7f00:1::]",
            "[2002:a9fe:a9fe::1]",
            "[3fff::1]",
            "[64:ff9b::7f00:1]",
            "[64:ff9b::127.0.0.1]",
            "[64:ff9b:1::1]",
            "localhost",
            "LOCALHOST.",
            "api.localhost",
        ] {
            let url = format!("https://{host}/hooks");
            assert_eq!(parse(&url), Err(InvalidWebhookUrl::Private), "{host}");
            assert!(WebhookUrl::parse(&url, OPEN).is_ok(), "{host}");
        }
    }

    #[test]
    fn neighbours_of_forbidden_ranges_are_public() {
        for host in [
            "1.0.0.0",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.0.3.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "198.51.99.255",
            "203.0.114.0",
            "223.255.255.255",
            "[2000::1]",
            "[2001:200::1]",
            "[2001:db7::1]",
            "[2001:db9::1]",
            "[2003::1]",
            "[2606:2800:220:1:248:1893:25c8:1946]",
            "[3fff:1000::1]",
            "[::ffff:1.1.1.1]",
            "localhost.example.com",
            "127.0.0.1.example.com",
        ] {
            assert!(parse(&format!("https://{host}/")).is_ok(), "{host}");
        }
    }

    #[test]
    fn http_is_allowed_by_its_own_setting() {
        let http = AddressPolicy { allow_http: true, ..STRICT };
        assert!(WebhookUrl::parse("http://example.com/", http).is_ok());
        assert_eq!(WebhookUrl::parse("http://127.0.0.1/", http), Err(InvalidWebhookUrl::Private));
        let private = AddressPolicy { allow_private: true, ..STRICT };
        assert_eq!(WebhookUrl::parse("http://127.0.0.1/", private), Err(InvalidWebhookUrl::Scheme));
    }

    #[test]
    fn path_is_not_in_logs() {
        let url = WebhookUrl::parse("https://example.com/hunter2?key=hunter2", STRICT).unwrap();
        assert_eq!(format!("{url:?}"), "WebhookUrl(https://example.com/…)");
    }
}
