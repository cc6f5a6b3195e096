//! Key material and the only traces of it that may leave the process.
//!
//! [`Secret`] owns the bytes, wipes them when dropped and can be neither printed, cloned nor serialised. What reports,
//! baselines and logs carry instead is a [`Preview`] for people and a [`Fingerprint`] for machines.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Serialize, Serializer};
use sha2::Sha256;
use std::fmt;
use zeroize::Zeroizing;

/// The bytes of a credential, as the program that uses it would see them.
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Copies `bytes` into wiped memory.
    pub fn new(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }

    /// The key material itself. Every caller is a place to review: matching, hashing, and the one opt-in that prints.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// What may be printed: the public prefix of the format, never more than an eighth of the whole, and the length.
    ///
    /// `public_prefix` is how many leading bytes are the format's own (`ghp_`) and thus tell nothing.
    pub fn preview(&self, public_prefix: usize) -> Preview {
        let text = String::from_utf8_lossy(&self.0);
        let length = text.chars().count();
        let shown = public_prefix.min(length / 4).min(16);
        let head: String = text.chars().take(shown).filter(|c| c.is_ascii_graphic()).collect();
        Preview(format!("{head}********"))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(********)")
    }
}

/// The printable remnant of a secret, such as `ghp_********`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Preview(String);

impl fmt::Display for Preview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The key under which fingerprints are made. Whoever lacks it cannot test guesses against a report.
#[derive(Clone)]
pub struct FingerprintKey(Zeroizing<Vec<u8>>);

impl FingerprintKey {
    /// A key of the user's own, from configuration or the environment.
    pub fn new(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }

    /// The fingerprint of `secret` under this key.
    pub fn fingerprint(&self, secret: &Secret) -> Fingerprint {
        // A MAC takes a key of any length, so this cannot fail; an empty key is simply a public hash.
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        mac.update(b"keyward fingerprint v1\0");
        mac.update(secret.expose());
        let digest: [u8; 32] = mac.finalize().into_bytes().into();
        let mut short = [0; 16];
        short.copy_from_slice(&digest[..16]);
        Fingerprint(short)
    }
}

impl Default for FingerprintKey {
    /// The public key: fingerprints are the same on every machine, and so are guesses at weak passwords.
    fn default() -> Self {
        Self::new(b"keyward public fingerprint key")
    }
}

impl fmt::Debug for FingerprintKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FingerprintKey(********)")
    }
}

/// A keyed hash (HMAC-SHA-256, cut to 128 bits) that names a secret without telling it: 32 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 16]);

impl Fingerprint {
    /// Reads 32 hex digits; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 32 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let mut bytes = [0; 16];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_printable_holds_the_secret() {
        let secret = Secret::new(b"abcd_efghijklmnopqrstuvwxyz0123456789");
        assert_eq!(format!("{secret:?}"), "Secret(********)");
        assert_eq!(secret.preview(5).to_string(), "abcd_********");
        assert_eq!(secret.preview(0).to_string(), "********");
        assert_eq!(Secret::new(b"hunter2").preview(4).to_string(), "h********");
    }

    #[test]
    fn fingerprints_depend_on_the_key_and_read_back() {
        let secret = Secret::new(b"hunter2");
        let public = FingerprintKey::default().fingerprint(&secret);
        let own = FingerprintKey::new(b"mine").fingerprint(&secret);
        assert_ne!(public, own);
        assert_eq!(Fingerprint::parse(&public.to_string()), Some(public));
        assert_eq!(Fingerprint::parse("xyz"), None);
    }
}
