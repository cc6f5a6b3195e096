//! The configuration file as it is written.

use super::mistake::{Mistake, suggestion};
use crate::cli::{self, FailOn};
use crate::rule::file::RawRule;
use crate::rule::{Checksum, Companion, Confidence, Reach, Role, RuleSet, Severity};
use crate::scan::allow;
use crate::scan::directive::Markers;
use crate::secret::{Fingerprint, FingerprintKey};
use globset::{Glob, GlobSetBuilder};
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// All of it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct File {
    pub scan: Scan,
    pub fingerprint: FingerprintTable,
    pub rules: BTreeMap<String, RuleEntry>,
    #[serde(rename = "rule")]
    pub added: Vec<RawRule>,
    pub allow: Vec<AllowEntry>,
}

/// The parts of the file that `keyward config show` repeats.
#[derive(Debug, Default)]
pub struct Written {
    pub rules: BTreeMap<String, RuleEntry>,
    pub added: Vec<RawRule>,
    pub allow: Vec<AllowEntry>,
}

/// `[scan]`: what the flags of `keyward scan` say, under the same names.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Scan {
    pub confidence: Confidence,
    pub fail_on: FailOn,
    pub inline_ignores: InlineIgnores,
    pub max_file_size: Option<Size>,
}

impl Default for Scan {
    fn default() -> Self {
        Self { confidence: Confidence::Medium, fail_on: FailOn::Low, inline_ignores: InlineIgnores::All, max_file_size: None }
    }
}

/// Which remarks in scanned texts allow findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InlineIgnores {
    /// This program's and other scanners'.
    All,
    /// This program's.
    Own,
    /// None.
    None,
}

impl From<InlineIgnores> for Markers {
    fn from(written: InlineIgnores) -> Self {
        match written {
            InlineIgnores::All => Self::All,
            InlineIgnores::Own => Self::Own,
            InlineIgnores::None => Self::None,
        }
    }
}

impl From<Markers> for InlineIgnores {
    fn from(markers: Markers) -> Self {
        match markers {
            Markers::All => Self::All,
            Markers::Own => Self::Own,
            Markers::None => Self::None,
        }
    }
}

/// A number of bytes, or a text such as `"10M"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Size(pub u64);

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Size;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of bytes, such as 1000, \"64K\", \"10M\" or \"2G\"")
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Size, E> {
                u64::try_from(number).map(Size).map_err(|_| E::invalid_value(de::Unexpected::Signed(number), &self))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Size, E> {
                cli::parse_size(text).map(Size).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Bytes)
    }
}

/// `[fingerprint]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FingerprintTable {
    #[serde(default, deserialize_with = "key")]
    pub key: Option<FingerprintKey>,
}

/// Reads a key; what is wrong about one never repeats it.
fn key<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<FingerprintKey>, D::Error> {
    match toml::Value::deserialize(deserializer)? {
        toml::Value::String(text) if !text.is_empty() => Ok(Some(FingerprintKey::new(text.as_bytes()))),
        _ => Err(de::Error::custom("the key must be a text that is not empty")),
    }
}

/// What `[rules]` says of one rule, or of those whose ids a pattern with `*` matches.
#[derive(Debug, Clone, PartialEq)]
pub enum RuleEntry {
    /// `id = false`
    Switch(bool),
    /// `[rules.id]`
    Fields(Box<Fields>),
}

impl<'de> Deserialize<'de> for RuleEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entry;
        impl<'de> Visitor<'de> for Entry {
            type Value = RuleEntry;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false or a table of fields to change")
            }
            fn visit_bool<E: de::Error>(self, on: bool) -> Result<RuleEntry, E> {
                Ok(RuleEntry::Switch(on))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RuleEntry, A::Error> {
                Fields::deserialize(de::value::MapAccessDeserializer::new(map)).map(|fields| RuleEntry::Fields(Box::new(fields)))
            }
        }
        deserializer.deserialize_any(Entry)
    }
}

impl Serialize for RuleEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Switch(on) => serializer.serialize_bool(*on),
            Self::Fields(fields) => fields.serialize(serializer),
        }
    }
}

/// Fields of a rule; those that are absent stay as they are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fields {
    pub enabled: Option<bool>,
    pub name: Option<String>,
    pub severity: Option<Severity>,
    pub confidence: Option<Confidence>,
    pub role: Option<Role>,
    pub anchors: Option<Vec<String>>,
    pub pattern: Option<String>,
    pub near: Option<Vec<String>>,
    pub value: Option<String>,
    pub names: Option<Vec<String>>,
    pub reach: Option<Reach>,
    pub entropy: Option<f32>,
    pub checksum: Option<Checksum>,
    pub companion: Option<Companion>,
    pub paths: Option<Vec<String>>,
    pub exclude_paths: Option<Vec<String>>,
    pub documentation: Option<String>,
    pub revoke: Option<String>,
    pub rotate: Option<String>,
    pub examples: Option<Vec<String>>,
    pub non_examples: Option<Vec<String>>,
}

/// `[[allow]]`: a finding for which all conditions of one entry hold is set aside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AllowEntry {
    /// Why; for people.
    pub reason: Option<String>,
    pub fingerprint: Option<String>,
    /// A regular expression that matches somewhere in the secret.
    pub value: Option<String>,
    /// A glob, or several, one of which matches the path.
    pub path: Option<Globs>,
    /// The id of the rule.
    pub rule: Option<String>,
}

impl AllowEntry {
    /// The entry in the form that scans use; `rules` are those there are.
    pub fn to_allow(&self, rules: &RuleSet) -> Result<allow::Entry, Mistake> {
        if self.reason.as_ref().is_none_or(|reason| reason.trim().is_empty()) {
            let hint = "add reason = \"…\": whoever reads this later wants to know why";
            return Err(Mistake::new("an allow entry must say its reason").hint(hint));
        }
        let mut entry = allow::Entry::default();
        if let Some(text) = &self.fingerprint {
            let parsed =
                Fingerprint::parse(text).ok_or_else(|| Mistake::new("a fingerprint is 32 hex digits").below("fingerprint"))?;
            entry.fingerprint = Some(parsed);
        }
        if let Some(pattern) = &self.value {
            let wrong = |error: regex::Error| Mistake::new(format!("this is no regular expression: {error}")).below("value");
            entry.value = Some(regex::bytes::Regex::new(pattern).map_err(wrong)?);
        }
        if let Some(globs) = &self.path {
            entry.paths = Some(globs.to_set().map_err(|mistake| mistake.below("path"))?);
        }
        if let Some(rule) = &self.rule {
            if rules.find(rule).is_none() {
                return Err(no_such_rule(rule, rules).below("rule"));
            }
            entry.rule = Some(rule.clone());
        }
        let conditions = [self.fingerprint.is_some(), self.value.is_some(), self.path.is_some(), self.rule.is_some()];
        if !conditions.contains(&true) {
            let hint = "give it at least one of fingerprint, value, path and rule";
            return Err(Mistake::new("an allow entry without a condition would allow everything").hint(hint));
        }
        Ok(entry)
    }
}

/// The mistake of naming a rule that is not there.
pub fn no_such_rule(id: &str, rules: &RuleSet) -> Mistake {
    let mistake = Mistake::new(format!("there is no rule `{id}`"));
    let close = suggestion(id, rules.rules().iter().map(|rule| rule.id.as_str()));
    mistake.hint(format!("{}`keyward rules list` lists them", close.map_or_else(String::new, |close| format!("{close} "))))
}

/// One glob or several.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Globs(Vec<String>);

impl Globs {
    fn to_set(&self) -> Result<globset::GlobSet, Mistake> {
        if self.0.is_empty() {
            return Err(Mistake::new("this list is empty, so no path is in it"));
        }
        let wrong = |error: globset::Error| Mistake::new(format!("this is no glob: {error}"));
        let mut set = GlobSetBuilder::new();
        for glob in &self.0 {
            set.add(Glob::new(glob).map_err(wrong)?);
        }
        set.build().map_err(wrong)
    }
}

impl<'de> Deserialize<'de> for Globs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMore;
        impl<'de> Visitor<'de> for OneOrMore {
            type Value = Globs;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a glob or a list of globs")
            }
            fn visit_str<E: de::Error>(self, glob: &str) -> Result<Globs, E> {
                Ok(Globs(vec![glob.to_owned()]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Globs, A::Error> {
                Vec::deserialize(de::value::SeqAccessDeserializer::new(seq)).map(Globs)
            }
        }
        deserializer.deserialize_any(OneOrMore)
    }
}

/// Reads a file.
pub fn parse(text: &str) -> Result<File, Mistake> {
    toml::from_str(text).map_err(|error| Mistake::from_toml(&error))
}
