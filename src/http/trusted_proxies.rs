//! The address of a client behind proxies: what the proxies say of it, as far as they are trusted.

use axum::http::{HeaderMap, HeaderName, header};
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

/// The address of the client of a request. It is an extension of each request that came over a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

/// The networks of the proxies that the server believes.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Arc<[Network]>);

/// The addresses that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    bits: u8,
}

/// Why a list of networks is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no address or network, such as 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32")]
pub struct InvalidNetwork(String);

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

impl TrustedProxies {
    /// Whether this is the address of a trusted proxy.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address.to_canonical()))
    }

    /// The client of a request that came from this peer: the right-most address that is not that of a trusted proxy.
    ///
    /// Each proxy appends the address from which it got the request. What is left of an address that is not trusted, or
    /// of one that cannot be read, can be invented.
    pub(crate) fn client_of(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        if !self.contains(client) {
            return client;
        }
        for address in forwarded_for(headers) {
            match address {
                Some(address) => client = address,
                None => break,
            }
            if !self.contains(client) {
                break;
            }
        }
        client
    }
}

impl FromStr for TrustedProxies {
    type Err = InvalidNetwork;

    /// Addresses and networks, separated by commas.
    fn from_str(text: &str) -> Result<Self, InvalidNetwork> {
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let networks: Result<Vec<_>, _> =
            entries.map(|entry| Network::parse(entry).ok_or_else(|| InvalidNetwork(entry.to_owned()))).collect();
        Ok(Self(networks?.into()))
    }
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let all = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) if bits.bytes().all(|byte| byte.is_ascii_digit()) => bits.parse().ok()?,
            Some(_) => return None,
            None => all,
        };
        // Host bits would make an operator believe that the entry names one host.
        let network = Self { address, bits };
        (bits <= all && address.to_canonical() == address && network.prefix_of(address) == bits_of(address))
            .then_some(network)
    }

    fn contains(&self, address: IpAddr) -> bool {
        self.address.is_ipv4() == address.is_ipv4() && self.prefix_of(address) == bits_of(self.address)
    }

    /// The address without its host bits.
    fn prefix_of(&self, address: IpAddr) -> u128 {
        let width = if address.is_ipv4() { 32 } else { 128 };
        let host = u32::from(width - self.bits);
        bits_of(address).checked_shr(host).and_then(|prefix| prefix.checked_shl(host)).unwrap_or(0)
    }
}

fn bits_of(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// What proxies say, the last one first; `None` for what is no address. `Forwarded` (RFC 7239) counts only without
/// `X-Forwarded-For`: a proxy that writes the second passes on a client's own `Forwarded`.
fn forwarded_for(headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
    let is_list = headers.contains_key(X_FORWARDED_FOR);
    let name = if is_list { X_FORWARDED_FOR } else { header::FORWARDED };
    let lines = headers.get_all(name).into_iter().rev();
    let elements = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
    elements.filter(|element| !element.trim_ascii().is_empty()).map(move |element| {
        let text = str::from_utf8(element).ok()?;
        address_in(if is_list { text } else { parameter_for(text)? })
    })
}

/// The value of `for` in an element of `Forwarded`.
fn parameter_for(element: &str) -> Option<&str> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then(|| value.trim().trim_matches('"'))
    })
}

/// The address in `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:4711`.
fn address_in(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let address = if let Some(rest) = text.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        is_port(port).then_some(IpAddr::V6(address.parse().ok()?))?
    } else if let Ok(address) = text.parse() {
        address
    } else {
        let (address, port) = text.split_at(text.find(':')?);
        is_port(port).then_some(IpAddr::V4(address.parse().ok()?))?
    };
    Some(address.to_canonical())
}

/// Whether this is a port after an address, or nothing.
fn is_port(text: &str) -> bool {
    text.is_empty() || text.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROXIES: &str = "10.0.0.0/8, 192.0.2.7, 2001:db8:1::/48";

    fn client(peer: &str, headers: &[(&str, &str)]) -> String {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        PROXIES.parse::<TrustedProxies>().unwrap().client_of(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn client_is_the_right_most_address_that_is_not_trusted() {
        for (peer, value, expected) in [
            ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
            ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
            ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
            ("10.0.0.1", "1.1.1.1, 198.51.100.1", "198.51.100.1"),
            ("10.0.0.1", "1.1.1.1, 198.51.100.1, 192.0.2.7", "198.51.100.1"),
            ("10.0.0.1", "1.1.1.1, 198.51.100.1, 192.0.2.8", "192.0.2.8"),
            ("10.0.0.1", "10.1.1.1, 10.2.2.2", "10.1.1.1"),
            ("10.0.0.1", "198.51.100.1, unknown", "10.0.0.1"),
            ("10.0.0.1", "198.51.100.1, 10.2.2.2.2", "10.0.0.1"),
            ("10.0.0.1", "198.51.100.1, unknown, 10.3.3.3", "10.3.3.3"),
            ("10.0.0.1", "", "10.0.0.1"),
            ("10.0.0.1", "198.51.100.1,,", "198.51.100.1"),
            ("10.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
            ("10.0.0.1", "198.51.100.1:x", "10.0.0.1"),
            ("10.0.0.1", "2001:db8::1", "2001:db8::1"),
            ("10.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"),
            ("10.0.0.1", "[2001:db8::1", "10.0.0.1"),
            ("10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
            ("10.0.0.1", "1.1.1.1, 2001:db8:1:2::3", "1.1.1.1"),
            ("2001:db8:1::1", "198.51.100.1", "198.51.100.1"),
            ("2001:db8:2::1", "198.51.100.1", "2001:db8:2::1"),
        ] {
            assert_eq!(client(peer, &[("x-forwarded-for", value)]), expected, "{peer} {value}");
        }
        let lines = [("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "198.51.100.1, 10.2.2.2")];
        assert_eq!(client("10.0.0.1", &lines), "198.51.100.1");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn forwarded_counts_only_without_the_older_header() {
        for (value, expected) in [
            ("for=198.51.100.1", "198.51.100.1"),
            ("for=1.1.1.1, for=198.51.100.1;proto=https;by=10.0.0.1", "198.51.100.1"),
            ("proto=https;For=\"198.51.100.1:4711\"", "198.51.100.1"),
            ("for=\"[2001:db8::1]:4711\"", "2001:db8::1"),
            ("for=\"1.1.1.1, for=198.51.100.1", "198.51.100.1"),
            ("for=198.51.100.1, for=_hidden", "10.0.0.1"),
            ("for=198.51.100.1, for=unknown", "10.0.0.1"),
            ("for=198.51.100.1, proto=https", "10.0.0.1"),
        ] {
            assert_eq!(client("10.0.0.1", &[("forwarded", value)]), expected, "{value}");
        }
        let both = [("forwarded", "for=1.1.1.1"), ("x-forwarded-for", "198.51.100.1")];
        assert_eq!(client("10.0.0.1", &both), "198.51.100.1");
    }

    #[test]
    fn list_of_networks_is_read_or_refused_with_the_entry() {
        for list in ["", " , ", "127.0.0.1", "::1, fd00::/8", "0.0.0.0/0", "10.0.0.0/8,192.168.0.0/16,"] {
            assert!(list.parse::<TrustedProxies>().is_ok(), "{list}");
        }
        for wrong in [
            "proxy",
            "10.0.0.0/33",
            "10.0.0.1/8",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "10.0.0",
            "::1/129",
            "::ffff:10.0.0.1",
            "*",
            "10.0.0.1:80",
        ] {
            let error = format!("127.0.0.1, {wrong}").parse::<TrustedProxies>().unwrap_err();
            assert_eq!(error, InvalidNetwork(wrong.to_owned()));
        }
        let all: TrustedProxies = "0.0.0.0/0, ::/0".parse().unwrap();
        assert!(all.contains("198.51.100.1".parse().unwrap()) && all.contains("2001:db8::1".parse().unwrap()));
    }
}
