//! Entries of the configuration that allow a finding: exact conditions, all of which must hold in one entry.

use crate::secret::Fingerprint;
use globset::GlobSet;
use regex::bytes::Regex;

/// One entry. Conditions that are absent hold for everything; an entry without any is refused by the configuration.
#[derive(Debug, Clone, Default)]
pub struct Entry {
    pub fingerprint: Option<Fingerprint>,
    /// Must match somewhere in the secret.
    pub value: Option<Regex>,
    pub paths: Option<GlobSet>,
    pub rule: Option<String>,
}

/// All entries. A finding is allowed when any one of them holds.
#[derive(Debug, Clone, Default)]
pub struct Allow {
    entries: Vec<Entry>,
}

impl Allow {
    /// A list of `entries`.
    pub fn new(entries: Vec<Entry>) -> Self {
        Self { entries }
    }

    /// Whether some entry allows `secret`, found by `rule` at `path`.
    pub fn allows(&self, rule: &str, path: &str, secret: &[u8], fingerprint: Fingerprint) -> bool {
        self.entries.iter().any(|entry| {
            entry.fingerprint.is_none_or(|wanted| wanted == fingerprint)
                && entry.rule.as_ref().is_none_or(|wanted| wanted == rule)
                && entry.paths.as_ref().is_none_or(|globs| globs.is_match(path))
                && entry.value.as_ref().is_none_or(|pattern| pattern.is_match(secret))
        })
    }
}
