//! The configuration in effect, as a file that says the same.

use super::Config;
use super::file::{AllowEntry, Fields, RuleEntry, Scan, Size};
use super::rules::DEFAULTS;
use crate::cli;
use crate::report::FailOn;
use crate::rule::Severity;
use crate::rule::file::RawRule;
use serde::Serialize;
use std::collections::BTreeMap;

/// What is printed. Plain values stand before tables, as TOML wants it.
#[derive(Serialize)]
struct Shown<'a> {
    scan: Scan,
    rules: BTreeMap<&'a str, RuleEntry>,
    #[serde(rename = "rule", skip_serializing_if = "Vec::is_empty")]
    added: Vec<RawRule>,
    #[serde(skip_serializing_if = "<[AllowEntry]>::is_empty")]
    allow: &'a [AllowEntry],
}

/// The whole of it; the key of fingerprints is never shown.
pub fn to_toml(config: &Config) -> String {
    let shown = Shown {
        scan: Scan {
            confidence: config.confidence,
            fail_on: written_fail_on(config.fail_on),
            inline_ignores: config.markers.into(),
            max_file_size: config.max_file_size.map(Size),
        },
        rules: rules(config),
        added: config.written.added.iter().map(|raw| added(config, raw)).collect(),
        allow: &config.written.allow,
    };
    let origin = config.path.as_ref().map_or_else(|| "no file, the defaults".into(), |path| path.display().to_string());
    // The types hold nothing that TOML lacks: no maps with odd keys, no bytes, no numbers out of range.
    let body = toml::to_string_pretty(&shown).expect("the configuration is made of what TOML has");
    let limit = if shown.scan.max_file_size.is_none() { "# max-file-size: no limit\n" } else { "" };
    format!(
        "# The configuration in effect, read from: {origin}\n\
         # {} rules are on; `keyward rules show ID` prints one.\n\
         # The key of fingerprints is not shown.\n{limit}\n{body}",
        config.rules.rules().len(),
    )
}

/// For each rule that the file speaks of, all its fields after the change, or that it is off.
fn rules(config: &Config) -> BTreeMap<&str, RuleEntry> {
    let is_added = |id: &str| config.written.added.iter().any(|raw| raw.id == id);
    let mut shown = BTreeMap::new();
    for (key, entry) in &config.written.rules {
        let plain = match entry {
            RuleEntry::Switch(_) => entry.clone(),
            // A pattern, or a rule that is off: as it is written. A rule that is added: its fields stand there.
            RuleEntry::Fields(_) if is_added(key) => RuleEntry::Switch(config.rules.find(key).is_some()),
            RuleEntry::Fields(_) => match config.rules.find(key) {
                Some(rule) => RuleEntry::Fields(Box::new(fields(RawRule::from(rule.clone())))),
                None => entry.clone(),
            },
        };
        shown.insert(key.as_str(), plain);
    }
    shown.entry(DEFAULTS).or_insert(RuleEntry::Switch(true));
    shown
}

/// The added rule as it is in effect; as it is written when it is off.
fn added(config: &Config, raw: &RawRule) -> RawRule {
    config.rules.find(&raw.id).map_or_else(|| raw.clone(), |rule| RawRule::from(rule.clone()))
}

/// Every field of `rule` as one that is changed.
fn fields(rule: RawRule) -> Fields {
    Fields {
        enabled: Some(true),
        name: Some(rule.name),
        severity: Some(rule.severity),
        confidence: Some(rule.confidence),
        role: Some(rule.role),
        anchors: rule.anchors,
        pattern: rule.pattern,
        near: rule.near,
        value: rule.value,
        names: rule.names,
        reach: Some(rule.reach),
        entropy: rule.entropy,
        checksum: rule.checksum,
        companion: rule.companion,
        paths: Some(rule.paths),
        exclude_paths: Some(rule.exclude_paths),
        documentation: Some(rule.documentation),
        revoke: Some(rule.revoke),
        rotate: Some(rule.rotate),
        examples: Some(rule.examples),
        non_examples: Some(rule.non_examples),
    }
}

/// The word for it in the file.
fn written_fail_on(fail_on: FailOn) -> cli::FailOn {
    match fail_on {
        FailOn::Never => cli::FailOn::None,
        FailOn::Severity(Severity::Info) => cli::FailOn::Info,
        FailOn::Severity(Severity::Low) => cli::FailOn::Low,
        FailOn::Severity(Severity::Medium) => cli::FailOn::Medium,
        FailOn::Severity(Severity::High) => cli::FailOn::High,
        FailOn::Severity(Severity::Critical) => cli::FailOn::Critical,
    }
}
