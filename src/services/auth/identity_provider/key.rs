//! One key of a key set.

use crate::services::auth::claims::KeyId;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// A public key with which signatures are verified.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) id: KeyId,
    /// The name by which tokens refer to it.
    pub(super) kid: Option<String>,
    algorithms: &'static [Algorithm],
    pub(super) decoding: DecodingKey,
}

/// Why a key is ignored. The log contains it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unusable {
    #[error("it is not an object with the members of its type")]
    Malformed,
    #[error("its type, curve or algorithm is not one of those that are accepted")]
    Unsupported,
    #[error("it is not for verifying signatures")]
    OtherUse,
    #[error("it has its private part, with which everyone can sign")]
    Private,
    #[error("an RSA key has to have 2048 to 4096 bits")]
    RsaSize,
    #[error("it is not a point of its curve")]
    NotOnCurve,
}

/// The members that are read (RFC 7517, section 4, and RFC 7518, section 6).
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    public_key_use: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
    d: Option<Value>,
}

/// The sizes of RSA keys in bits: smaller ones are not safe, and larger ones take too long.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;
/// The bytes of a coordinate on P-256, and of a public key on Ed25519.
const CURVE_BYTES: usize = 32;

impl Key {
    /// Reads a key.
    pub(super) fn parse(value: &Value) -> Result<Self, Unusable> {
        let jwk = Jwk::deserialize(value).map_err(|_| Unusable::Malformed)?;
        if jwk.public_key_use.as_ref().is_some_and(|it| it != "sig")
            || jwk.key_ops.as_ref().is_some_and(|it| !it.iter().any(|operation| operation == "verify"))
        {
            return Err(Unusable::OtherUse);
        }
        let (all, decoding, material) = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("RSA", _) => rsa(&jwk)?,
            ("EC", Some("P-256")) => p256(&jwk)?,
            ("OKP", Some("Ed25519")) => ed25519(&jwk)?,
            _ => return Err(Unusable::Unsupported),
        };
        if jwk.d.is_some() {
            return Err(Unusable::Private);
        }
        let algorithms = match &jwk.alg {
            None => all,
            Some(name) => {
                let index = all.iter().position(|algorithm| name == algorithm_name(*algorithm));
                index.and_then(|index| all.get(index..=index)).ok_or(Unusable::Unsupported)?
            }
        };
        let id = id(jwk.kid.as_deref(), algorithms, &material);
        Ok(Self { id, kid: jwk.kid, algorithms, decoding })
    }

    /// Whether the key verifies signatures of this algorithm.
    pub(super) fn fits(&self, algorithm: Algorithm) -> bool {
        self.algorithms.contains(&algorithm)
    }
}

type Parsed = (&'static [Algorithm], DecodingKey, [Vec<u8>; 2]);

fn rsa(jwk: &Jwk) -> Result<Parsed, Unusable> {
    let (n, e) = (bytes(jwk.n.as_ref())?, bytes(jwk.e.as_ref())?);
    let modulus = without_leading_zeros(&n);
    let bits = modulus.len() * 8 - modulus.first().map_or(0, |first| first.leading_zeros() as usize);
    if !RSA_BITS.contains(&bits) {
        return Err(Unusable::RsaSize);
    }
    // With an exponent of 1 everything is its own signature. Those in use are odd and have at most 4 bytes.
    let exponent = without_leading_zeros(&e);
    let is_odd = exponent.last().is_some_and(|last| last % 2 == 1);
    if !is_odd || exponent == [1] || exponent.len() > 4 {
        return Err(Unusable::Malformed);
    }
    let key = DecodingKey::from_rsa_raw_components(modulus, exponent);
    Ok((&[Algorithm::RS256, Algorithm::PS256], key, [modulus.to_vec(), exponent.to_vec()]))
}

fn p256(jwk: &Jwk) -> Result<Parsed, Unusable> {
    let (x, y) = (curve_bytes(jwk.x.as_ref())?, curve_bytes(jwk.y.as_ref())?);
    let key = DecodingKey::from_ec_der(&[&[4], x.as_slice(), y.as_slice()].concat());
    is_on_curve(&key, Algorithm::ES256)?;
    Ok((&[Algorithm::ES256], key, [x, y]))
}

fn ed25519(jwk: &Jwk) -> Result<Parsed, Unusable> {
    let x = curve_bytes(jwk.x.as_ref())?;
    let key = DecodingKey::from_ed_der(&x);
    is_on_curve(&key, Algorithm::EdDSA)?;
    Ok((&[Algorithm::EdDSA], key, [x, Vec::new()]))
}

/// A key that is not on its curve makes every verification fail, with an error and not with a wrong signature.
fn is_on_curve(key: &DecodingKey, algorithm: Algorithm) -> Result<(), Unusable> {
    crypto::verify("", b"", key, algorithm).map(drop).map_err(|_| Unusable::NotOnCurve)
}

fn curve_bytes(text: Option<&String>) -> Result<Vec<u8>, Unusable> {
    bytes(text).and_then(|bytes| if bytes.len() == CURVE_BYTES { Ok(bytes) } else { Err(Unusable::Malformed) })
}

fn bytes(text: Option<&String>) -> Result<Vec<u8>, Unusable> {
    URL_SAFE_NO_PAD.decode(text.ok_or(Unusable::Malformed)?).map_err(|_| Unusable::Malformed)
}

fn without_leading_zeros(bytes: &[u8]) -> &[u8] {
    &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..]
}

/// A key is another one if its name, its algorithms or its numbers are others.
fn id(kid: Option<&str>, algorithms: &[Algorithm], material: &[Vec<u8>; 2]) -> KeyId {
    let mut hash = Sha256::new();
    let names = algorithms.iter().map(|algorithm| algorithm_name(*algorithm).as_bytes());
    let kid = kid.map(str::as_bytes);
    for part in names.chain(material.iter().map(Vec::as_slice)).chain(kid) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    KeyId(hash.finalize().into())
}

const fn algorithm_name(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::RS256 => "RS256",
        Algorithm::PS256 => "PS256",
        Algorithm::ES256 => "ES256",
        Algorithm::EdDSA => "EdDSA",
        _ => "",
    }
}
