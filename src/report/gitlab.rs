//! GitLab's secret detection report, version 15 of its schema: one vulnerability for each place of each secret.
//!
//! It is the only format that tells when the scan ran, because its schema demands it.

use super::{Finding, Options, Period, Report, Secrets, TOOL, origin_words, rfc3339};
use crate::location::{Location, Origin};
use crate::rule::Severity;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::SystemTime;

/// The version of the schema that the report keeps to.
const VERSION: &str = "15.2.4";
/// Where that schema is published.
const SCHEMA: &str = "https://gitlab.com/gitlab-org/security-products/security-report-schemas/-/raw/v15.2.4/dist/secret-detection-report-format.json";
/// What GitLab's own analyzer names where a secret was not found in a commit; GitLab makes no link of it.
const NO_COMMIT: &str = "0000000";
/// The longest name the schema takes, in characters.
const NAME_LIMIT: usize = 255;
/// The longest solution the schema takes, in characters.
const SOLUTION_LIMIT: usize = 7000;

/// Writes `report` to `out`.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let document = Document {
        version: VERSION,
        schema: SCHEMA,
        scan: Scan::new(report, options.period),
        vulnerabilities: report.findings.iter().flat_map(|finding| vulnerabilities(report, finding, options.secrets)).collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

#[derive(Serialize)]
struct Document {
    version: &'static str,
    schema: &'static str,
    scan: Scan,
    vulnerabilities: Vec<Vulnerability>,
}

#[derive(Serialize)]
struct Scan {
    analyzer: Program,
    scanner: Program,
    #[serde(rename = "type")]
    kind: &'static str,
    start_time: String,
    end_time: String,
    /// `failure` when something could not be examined.
    status: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    messages: Vec<Message>,
}

#[derive(Serialize)]
struct Program {
    id: &'static str,
    name: &'static str,
    url: &'static str,
    version: &'static str,
    vendor: Vendor,
}

#[derive(Serialize)]
struct Vendor {
    name: &'static str,
}

#[derive(Serialize)]
struct Message {
    level: &'static str,
    value: String,
}

#[derive(Serialize)]
struct Vulnerability {
    id: String,
    name: String,
    description: String,
    severity: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    solution: String,
    identifiers: Vec<Identifier>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    links: Vec<Link>,
    location: Place,
    tracking: Tracking,
    /// The line with every secret masked, or the secret itself when it may be shown.
    raw_source_code_extract: String,
}

#[derive(Serialize)]
struct Identifier {
    #[serde(rename = "type")]
    kind: &'static str,
    name: String,
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

#[derive(Serialize)]
struct Link {
    name: &'static str,
    url: String,
}

#[derive(Serialize)]
struct Place {
    file: String,
    start_line: u64,
    end_line: u64,
    commit: Commit,
}

#[derive(Serialize)]
struct Commit {
    sha: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<String>,
}

/// How GitLab knows a vulnerability again when its line has moved.
#[derive(Serialize)]
struct Tracking {
    #[serde(rename = "type")]
    kind: &'static str,
    items: [TrackedItem; 1],
}

#[derive(Serialize)]
struct TrackedItem {
    file: String,
    start_line: u64,
    end_line: u64,
    signatures: [Signature; 1],
}

#[derive(Serialize)]
struct Signature {
    algorithm: &'static str,
    value: String,
}

impl Scan {
    fn new(report: &Report, period: Period) -> Self {
        let program = || Program {
            id: "keyward",
            name: TOOL.name,
            url: TOOL.url,
            version: TOOL.version,
            vendor: Vendor { name: TOOL.name },
        };
        let message = |problem: &super::Problem| Message {
            level: "warn",
            value: format!("{}: {}: {}", problem.reason.as_str(), problem.subject, problem.detail),
        };
        Self {
            analyzer: program(),
            scanner: program(),
            kind: "secret_detection",
            start_time: timestamp(period.started),
            end_time: timestamp(period.ended),
            status: if report.is_complete() { "success" } else { "failure" },
            messages: report.problems.iter().map(message).collect(),
        }
    }
}

/// One vulnerability for each place of `finding`.
fn vulnerabilities(report: &Report, finding: &Finding, secrets: Secrets) -> Vec<Vulnerability> {
    let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
    let mut all = Vec::with_capacity(finding.locations.len());
    for location in &finding.locations {
        let before = seen.entry(&location.path).or_insert(0);
        all.push(vulnerability(report, finding, secrets, location, *before));
        *before += 1;
    }
    all
}

/// The vulnerability at `location`; `before` places in the same file hold the same secret.
fn vulnerability(report: &Report, finding: &Finding, secrets: Secrets, location: &Location, before: u32) -> Vulnerability {
    let name = report.name_of(&finding.rule);
    let digest = digest(finding, location, before);
    let rule = report.rules.get(&finding.rule);
    let web = |url: &str| (url.starts_with("https://") || url.starts_with("http://")).then(|| url.to_owned());
    let documentation = rule.and_then(|rule| web(&rule.documentation));
    let mut description = format!("{name} ({}), {} confidence.", finding.preview, finding.confidence);
    for reason in &finding.evidence {
        description += &format!("\n- {reason}");
    }
    let solution = rule.map_or_else(String::new, |rule| format!("Revoke: {}\nRotate: {}", rule.revoke, rule.rotate));
    let (start_line, end_line) = (location.start.line, location.end.line);
    Vulnerability {
        id: uuid(&digest),
        name: clipped(&format!("{name} ({})", finding.preview), NAME_LIMIT),
        description,
        severity: severity(finding.severity),
        solution: clipped(&solution, SOLUTION_LIMIT),
        identifiers: vec![
            Identifier {
                kind: "keyward_rule_id",
                name: format!("{} rule {}", TOOL.name, finding.rule),
                value: finding.rule.clone(),
                url: documentation.clone(),
            },
            Identifier {
                kind: "cwe",
                name: "CWE-798".into(),
                value: "798".into(),
                url: Some("https://cwe.mitre.org/data/definitions/798.html".into()),
            },
        ],
        links: documentation.map(|url| Link { name: "Documentation", url }).into_iter().collect(),
        location: Place { file: location.path.clone(), start_line, end_line, commit: commit(finding, &location.origin) },
        tracking: Tracking {
            kind: "source",
            items: [TrackedItem {
                file: location.path.clone(),
                start_line,
                end_line,
                signatures: [Signature { algorithm: "hash", value: hex(&digest) }],
            }],
        },
        raw_source_code_extract: finding.shown(secrets).map_or_else(|| location.snippet.clone(), std::borrow::Cow::into_owned),
    }
}

/// What names this place of this secret in every run, wherever its line moves.
fn digest(finding: &Finding, location: &Location, before: u32) -> [u8; 16] {
    let mut hash = Sha256::new();
    for part in
        ["keyward gitlab v1", &finding.rule, &finding.fingerprint.to_string(), &location.path, &origin_words(&location.origin)]
    {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.update(before.to_le_bytes());
    let mut digest = [0; 16];
    digest.copy_from_slice(&hash.finalize()[..16]);
    digest
}

/// A UUID (version 8, which leaves the bits to its maker) of `digest`.
fn uuid(digest: &[u8; 16]) -> String {
    let mut bytes = *digest;
    bytes[6] = bytes[6] & 0x0F | 0x80;
    bytes[8] = bytes[8] & 0x3F | 0x80;
    [&bytes[..4], &bytes[4..6], &bytes[6..8], &bytes[8..10], &bytes[10..]].map(hex).join("-")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The first commit that held the secret, for a place in the history.
fn commit(finding: &Finding, origin: &Origin) -> Commit {
    let first = finding.exposure.as_ref().and_then(|exposure| exposure.first.as_ref());
    match (origin, first) {
        (Origin::Object { .. }, Some(first)) => {
            Commit { sha: first.id.clone(), author: Some(first.author.clone()), date: Some(rfc3339(first.time)) }
        }
        _ => Commit { sha: NO_COMMIT.into(), author: None, date: None },
    }
}

const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "Info",
        Severity::Low => "Low",
        Severity::Medium => "Medium",
        Severity::High => "High",
        Severity::Critical => "Critical",
    }
}

/// The first `limit` characters of `text`.
fn clipped(text: &str, limit: usize) -> String {
    text.chars().take(limit).collect()
}

/// `time` in UTC as the schema writes it: `2026-01-31T23:59:59`.
fn timestamp(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string().trim_end_matches('Z').to_owned()
}
