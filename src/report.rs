//! What a run found out: findings, problems, counts, and the verdict. Plain values; the formats render and decide nothing.

use crate::location::{Location, Origin};
use crate::rule::{Confidence, Rule, Severity};
use crate::secret::{Fingerprint, Preview, Secret};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;
use std::time::SystemTime;

pub mod csv;
pub mod gitlab;
pub mod json;
pub mod junit;
pub mod printable;
pub mod sarif;
pub mod text;

pub use crate::problem::{Problem, Reason};

/// The program, as reports name it.
pub const TOOL: Tool = Tool {
    name: "Keyward",
    version: env!("CARGO_PKG_VERSION"),
    url: env!("CARGO_PKG_REPOSITORY"),
    about: env!("CARGO_PKG_DESCRIPTION"),
};

/// What a report says of the program that wrote it.
#[derive(Debug, Clone, Copy)]
pub struct Tool {
    pub name: &'static str,
    pub version: &'static str,
    /// Where people read more.
    pub url: &'static str,
    /// What it does, in one sentence.
    pub about: &'static str,
}

/// The formats of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON document, version 1.
    Json,
    /// The same data, one JSON value a line.
    Jsonl,
    /// SARIF 2.1.0.
    Sarif,
    /// One line for each place of each secret.
    Csv,
    /// Test results: a failure for each secret.
    Junit,
    /// GitLab's secret detection report.
    Gitlab,
}

/// Whether reports hold key material.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Secrets {
    /// Previews and fingerprints only.
    #[default]
    Masked,
    /// In full: whoever reads the report can use them.
    Shown,
}

/// When a scan ran. Only GitLab's format has a place for it; all others depend on what was found alone.
#[derive(Debug, Clone, Copy)]
pub struct Period {
    pub started: SystemTime,
    pub ended: SystemTime,
}

/// How to render a report.
#[derive(Debug, Clone)]
pub struct Options {
    pub secrets: Secrets,
    pub period: Period,
    /// How the text format looks.
    pub look: text::Look,
}

/// One secret, wherever it stands.
#[derive(Debug)]
pub struct Finding {
    /// Id of the most specific rule that found it.
    pub rule: String,
    pub severity: Severity,
    pub confidence: Confidence,
    /// How likely it is a credential, where the judge decided.
    pub probability: Option<f32>,
    pub fingerprint: Fingerprint,
    pub preview: Preview,
    /// Key material; reports leave it out unless told otherwise.
    pub secret: Secret,
    /// Why it is believed, in words, strongest first.
    pub evidence: Vec<String>,
    /// The public halves that stand beside it: an access key id, a user name.
    pub companions: Vec<Companion>,
    /// Every place, sorted.
    pub locations: Vec<Location>,
    /// What the history says of it, when it was found there.
    pub exposure: Option<Exposure>,
}

/// The past of a secret in a git repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposure {
    /// Every path it ever stood under, sorted; none when it only stood in the words of a commit or tag.
    pub paths: Vec<String>,
    /// The first commit that held it; none when only objects outside of any commit do.
    pub first: Option<CommitNote>,
    /// The last commit that held it.
    pub last: Option<CommitNote>,
    /// Whether the commit that is checked out still holds it.
    pub at_head: bool,
    /// The references that lead to a commit with it, by full name, branches first; the first fifty.
    pub refs: Vec<String>,
    /// How many such references there are.
    pub ref_count: u64,
    /// Whether no reference leads to it: only dropped commits and the like hold it.
    pub unreachable: bool,
    /// Whether a remote-tracking branch leads to it, so that others have it.
    pub pushed: bool,
    /// Whole days from the first commit to the run.
    pub days: u64,
}

/// A commit, as a report tells of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CommitNote {
    pub id: String,
    /// Name and mail address.
    pub author: String,
    /// When it was committed, in seconds since 1970.
    pub time: i64,
    /// The first line of its message, with stars for all that looks like a secret.
    pub subject: String,
}

/// The public half of a pair, beside its secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Companion {
    pub rule: String,
    pub preview: Preview,
}

/// How much was examined.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Coverage {
    pub files: u64,
    pub bytes: u64,
    /// Objects of the history.
    pub objects: u64,
}

/// Findings that were set aside because the configuration or the text itself allows them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Allowed {
    /// By a directive beside the secret.
    pub inline: u64,
    /// By an entry of the configuration.
    pub configured: u64,
}

/// The result of a run: everything the formats print, and nothing that depends on time or threads.
#[derive(Debug)]
pub struct Report {
    /// Sorted: worst first, then by place.
    pub findings: Vec<Finding>,
    /// Sorted by subject.
    pub problems: Vec<Problem>,
    pub coverage: Coverage,
    pub allowed: Allowed,
    /// The rules that the findings name, by id.
    pub rules: BTreeMap<String, Rule>,
}

/// The least severity that makes a run fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailOn {
    Severity(Severity),
    /// Findings never make it fail.
    Never,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Everything was examined and nothing was found.
    Clean,
    /// Secrets were found.
    Findings,
    /// Not everything could be examined.
    Incomplete,
}

impl Verdict {
    /// The exit code of the process: 0 clean, 1 findings, 2 incomplete.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Findings => 1,
            Self::Incomplete => 2,
        }
    }
}

impl Format {
    /// The format that the name of a file asks for, by its extension; none for an extension that no format has.
    ///
    /// JSON is the format of many: `gl-secret-detection-report.json`, the name GitLab's documentation gives to its report,
    /// and `*.sarif.json` are told apart from the program's own.
    pub fn of_file(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        if name == "gl-secret-detection-report.json" {
            return Some(Self::Gitlab);
        }
        if name.ends_with(".sarif.json") {
            return Some(Self::Sarif);
        }
        match name.rsplit_once('.')?.1 {
            "json" => Some(Self::Json),
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            "sarif" => Some(Self::Sarif),
            "csv" => Some(Self::Csv),
            "xml" => Some(Self::Junit),
            "txt" => Some(Self::Text),
            _ => None,
        }
    }
}

impl Finding {
    /// The key material as text, when `secrets` may be shown.
    fn shown(&self, secrets: Secrets) -> Option<std::borrow::Cow<'_, str>> {
        (secrets == Secrets::Shown).then(|| String::from_utf8_lossy(self.secret.expose()))
    }
}

/// Where a text came from, in a word.
fn origin_words(origin: &Origin) -> String {
    match origin {
        Origin::File => "file".into(),
        Origin::Stdin => "standard input".into(),
        Origin::Index => "index".into(),
        Origin::Object { id } => format!("object {id}"),
    }
}

/// `time`, in seconds since 1970, as `2026-01-31T23:59:59Z`; what four digits of a year cannot say is drawn to their border.
fn rfc3339(time: i64) -> String {
    let seconds = u64::try_from(time).unwrap_or(0).min(253_402_300_799);
    humantime::format_rfc3339_seconds(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds)).to_string()
}

/// `path` as the path of a URI.
fn percent_encoded(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            _ => uri += &format!("%{byte:02X}"),
        }
    }
    uri
}

impl Report {
    /// Writes the report to `out`.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn write(&self, format: Format, options: &Options, out: &mut dyn Write) -> io::Result<()> {
        match format {
            Format::Text => text::write(self, options, out),
            Format::Json => json::write(self, options, out),
            Format::Jsonl => json::write_lines(self, options, out),
            Format::Sarif => sarif::write(self, options, out),
            Format::Csv => csv::write(self, options, out),
            Format::Junit => junit::write(self, options, out),
            Format::Gitlab => gitlab::write(self, options, out),
        }
    }

    /// What people call the kind of credential that the rule `id` finds.
    fn name_of<'a>(&'a self, id: &'a str) -> &'a str {
        self.rules.get(id).map_or(id, |rule| rule.name.as_str())
    }

    /// Whether everything that was asked for was examined.
    pub fn is_complete(&self) -> bool {
        self.problems.is_empty()
    }

    /// How many findings there are of each severity that occurs.
    pub fn findings_by_severity(&self) -> BTreeMap<Severity, usize> {
        let mut counts = BTreeMap::new();
        self.findings.iter().for_each(|finding| *counts.entry(finding.severity).or_insert(0) += 1);
        counts
    }

    /// What the run comes to. A run with problems is incomplete whatever it found.
    pub fn verdict(&self, fail_on: FailOn) -> Verdict {
        let failing = match fail_on {
            FailOn::Severity(least) => self.findings.iter().any(|finding| finding.severity >= least),
            FailOn::Never => false,
        };
        if !self.problems.is_empty() {
            Verdict::Incomplete
        } else if failing {
            Verdict::Findings
        } else {
            Verdict::Clean
        }
    }

    /// How many problems there are of each reason.
    pub fn problems_by_reason(&self) -> BTreeMap<Reason, usize> {
        let mut counts = BTreeMap::new();
        self.problems.iter().for_each(|problem| *counts.entry(problem.reason).or_insert(0) += 1);
        counts
    }
}
