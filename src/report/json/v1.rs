//! Version 1 of the JSON format. What is here is a promise: fields may be added, none is removed, renamed or given another
//! meaning without a new version. The published schema is generated from these types and their comments.

use crate::location;
use crate::report::{self, Report, Secrets, TOOL};
use crate::rule;
use base64::Engine as _;
use serde::Serialize;
use std::collections::BTreeMap;

/// The report of one run of Keyward. It depends on what was scanned and on nothing else.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "Keyward report, version 1"))]
pub struct Document {
    /// The version of this format: 1.
    version: Version,
    /// The program that wrote the report.
    tool: Tool,
    /// Counts.
    summary: Summary,
    /// One for each secret, worst first.
    findings: Vec<Finding>,
    /// What could not be examined. A report with any is not complete.
    problems: Vec<Problem>,
    /// The rules that findings and companions name, by id.
    rules: BTreeMap<String, Rule>,
}

/// One line of the line format. The last line is the summary: without it, the report is cut off.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "One line of a Keyward report in lines, version 1"))]
pub enum Line {
    /// A rule that later lines name.
    Rule {
        /// The version of this format: 1.
        version: Version,
        /// Id of the rule.
        id: String,
        #[serde(flatten)]
        rule: Rule,
    },
    /// One secret.
    Finding {
        /// The version of this format: 1.
        version: Version,
        #[serde(flatten)]
        finding: Box<Finding>,
    },
    /// Something that could not be examined.
    Problem {
        /// The version of this format: 1.
        version: Version,
        #[serde(flatten)]
        problem: Problem,
    },
    /// Counts; the last line.
    Summary {
        /// The version of this format: 1.
        version: Version,
        /// The program that wrote the report.
        tool: Tool,
        #[serde(flatten)]
        summary: Summary,
    },
}

/// The number of the format's version.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(into = "u8")]
pub struct Version;

/// A program.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Tool {
    /// Its name.
    name: &'static str,
    /// Its version.
    version: &'static str,
}

/// Counts of one run.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Summary {
    /// Whether everything that was asked for was examined. Only then does the absence of findings mean anything.
    complete: bool,
    /// How many different secrets were found.
    findings: usize,
    /// How many there are of each severity.
    by_severity: BySeverity,
    /// At how many places they stand.
    locations: usize,
    /// How many files were examined.
    files: u64,
    /// How many objects of the history were examined.
    objects: u64,
    /// How many bytes were examined.
    bytes: u64,
    /// How many places hold secrets that were set aside.
    allowed: Allowed,
    /// How many problems there are of each reason.
    problems: BTreeMap<&'static str, usize>,
}

/// How many findings there are of each severity.
#[derive(Debug, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BySeverity {
    critical: usize,
    high: usize,
    medium: usize,
    low: usize,
    info: usize,
}

/// How many places hold secrets that were set aside.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Allowed {
    /// By a remark in the text.
    inline: u64,
    /// By an entry of the configuration.
    configured: u64,
}

/// One secret, wherever it stands.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Finding {
    /// Id of the most specific rule that found it.
    rule: String,
    /// What kind of credential it is, as people say it.
    name: String,
    /// How bad it is that it leaked.
    severity: Severity,
    /// How sure it is that it is a credential.
    confidence: Confidence,
    /// How likely it is a credential, from 0 to 1, where that was estimated.
    #[serde(skip_serializing_if = "Option::is_none")]
    probability: Option<f64>,
    /// Names the secret without telling it: a keyed hash, 32 hex digits. The same in every run with the same key.
    #[cfg_attr(test, schemars(regex(pattern = "^[0-9a-f]{32}$")))]
    fingerprint: String,
    /// What may be shown of it.
    preview: String,
    /// The secret itself; only with --show-secrets. Bytes that are not UTF-8 are replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    /// The secret in base64, where it is not UTF-8; only with --show-secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_base64: Option<String>,
    /// Why it is believed, in words, strongest first.
    evidence: Vec<String>,
    /// The public halves that stand beside it.
    companions: Vec<Companion>,
    /// Every place, sorted; at least one.
    locations: Vec<Location>,
    /// What the history says of it, when it was found there.
    #[serde(skip_serializing_if = "Option::is_none")]
    exposure: Option<Exposure>,
}

/// The past of a secret in a git repository.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Exposure {
    /// Every path it ever stood under, sorted; none when it only stood in the words of a commit or tag.
    paths: Vec<String>,
    /// The first commit that held it; absent when only objects outside of any commit do.
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<Commit>,
    /// The last commit that held it.
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<Commit>,
    /// Whether the commit that is checked out still holds it.
    at_head: bool,
    /// Whether a remote-tracking branch leads to it, so that others have it.
    pushed: bool,
    /// Whether no reference leads to it.
    unreachable: bool,
    /// The references that lead to a commit with it, by full name, branches first; the first fifty.
    refs: Vec<String>,
    /// How many such references there are.
    ref_count: u64,
}

/// A commit. Its message is left out: it may hold secrets itself.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Commit {
    /// Its object id.
    id: String,
    /// Name and mail address.
    author: String,
    /// When it was committed, in UTC, such as `2026-01-31T23:59:59Z`.
    time: String,
    /// The first line of its message, with stars for all that looks like a secret.
    subject: String,
}

/// The public half of a pair, beside its secret.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Companion {
    /// Id of the rule that found it.
    rule: String,
    /// What may be shown of it.
    preview: String,
}

/// How bad a leak is.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Severity {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

/// How sure a finding is.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Confidence {
    Low,
    Medium,
    High,
}

/// The exact place of a secret.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Location {
    /// Relative to the repository, or else to the folder that holds all that was scanned; separated by `/`.
    path: String,
    /// Where the text came from.
    origin: Origin,
    /// First character of the secret.
    start: Position,
    /// One past its last character.
    end: Position,
    /// Its bytes in the text as it is stored.
    span: Span,
    /// The line with every secret on it masked, clipped to a readable length.
    snippet: String,
}

/// Where a text came from.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Origin {
    /// A file of the working tree.
    File,
    /// Standard input.
    Stdin,
    /// The git index.
    Index,
    /// Git history.
    Object {
        /// The object that holds the text.
        id: String,
    },
}

/// A line and a column.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Position {
    /// Counted from 1.
    #[cfg_attr(test, schemars(range(min = 1)))]
    line: u64,
    /// Unicode code points, counted from 1.
    #[cfg_attr(test, schemars(range(min = 1)))]
    column: u64,
}

/// Bytes, counted from 0.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Span {
    /// The first one.
    start: u64,
    /// One past the last one.
    end: u64,
}

/// Something that was asked for and could not be examined.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Problem {
    /// The path, object or range.
    subject: String,
    /// Why, as one of a few words.
    reason: &'static str,
    /// What happened and what to do about it.
    detail: String,
}

/// A kind of credential.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Rule {
    /// What people call it.
    name: String,
    /// Who issues it.
    provider: Provider,
    /// Where its provider explains it.
    documentation: String,
    /// How to make it useless.
    revoke: String,
    /// How to replace it.
    rotate: String,
}

/// Who issues a credential.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Provider {
    /// The first word of its rules' ids.
    id: String,
    /// What people call it.
    name: String,
    /// Its site.
    url: String,
}

impl Document {
    /// `report` in the types of this version.
    pub fn new(report: &Report, secrets: Secrets) -> Self {
        Self {
            version: Version,
            tool: Tool { name: TOOL.name, version: TOOL.version },
            summary: Summary::new(report),
            findings: report.findings.iter().map(|finding| Finding::new(report, finding, secrets)).collect(),
            problems: report.problems.iter().map(Problem::from).collect(),
            rules: report.rules.iter().map(|(id, rule)| (id.clone(), Rule::from(rule))).collect(),
        }
    }

    /// The same, one value a line; what a line refers to stands before it.
    pub fn into_lines(self) -> impl Iterator<Item = Line> {
        let rules = self.rules.into_iter().map(|(id, rule)| Line::Rule { version: Version, id, rule });
        let findings = self.findings.into_iter().map(|finding| Line::Finding { version: Version, finding: Box::new(finding) });
        let problems = self.problems.into_iter().map(|problem| Line::Problem { version: Version, problem });
        let summary = Line::Summary { version: Version, tool: self.tool, summary: self.summary };
        rules.chain(findings).chain(problems).chain(std::iter::once(summary))
    }
}

impl From<Version> for u8 {
    fn from(Version: Version) -> Self {
        1
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Version {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Version".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "const": 1 })
    }
}

impl Summary {
    fn new(report: &Report) -> Self {
        let mut by_severity = BySeverity::default();
        for (severity, count) in report.findings_by_severity() {
            *by_severity.count(severity) = count;
        }
        Self {
            complete: report.is_complete(),
            findings: report.findings.len(),
            by_severity,
            locations: report.findings.iter().map(|finding| finding.locations.len()).sum(),
            files: report.coverage.files,
            objects: report.coverage.objects,
            bytes: report.coverage.bytes,
            allowed: Allowed { inline: report.allowed.inline, configured: report.allowed.configured },
            problems: report.problems_by_reason().into_iter().map(|(reason, count)| (reason.as_str(), count)).collect(),
        }
    }
}

impl BySeverity {
    fn count(&mut self, severity: rule::Severity) -> &mut usize {
        match severity {
            rule::Severity::Info => &mut self.info,
            rule::Severity::Low => &mut self.low,
            rule::Severity::Medium => &mut self.medium,
            rule::Severity::High => &mut self.high,
            rule::Severity::Critical => &mut self.critical,
        }
    }
}

impl Finding {
    fn new(report: &Report, finding: &report::Finding, secrets: Secrets) -> Self {
        let secret = finding.shown(secrets).map(std::borrow::Cow::into_owned);
        let bytes = finding.secret.expose();
        let secret_base64 = (secret.is_some() && std::str::from_utf8(bytes).is_err())
            .then(|| base64::engine::general_purpose::STANDARD.encode(bytes));
        Self {
            rule: finding.rule.clone(),
            name: report.name_of(&finding.rule).to_owned(),
            severity: finding.severity.into(),
            confidence: finding.confidence.into(),
            probability: finding.probability.map(rounded),
            fingerprint: finding.fingerprint.to_string(),
            preview: finding.preview.to_string(),
            secret,
            secret_base64,
            evidence: finding.evidence.clone(),
            companions: finding.companions.iter().map(Companion::from).collect(),
            locations: finding.locations.iter().map(Location::from).collect(),
            exposure: finding.exposure.as_ref().map(Exposure::from),
        }
    }
}

/// Four decimals: more would only show how a float is stored.
pub(crate) fn rounded(probability: f32) -> f64 {
    (f64::from(probability) * 1e4).round() / 1e4
}

impl From<&report::Exposure> for Exposure {
    fn from(exposure: &report::Exposure) -> Self {
        Self {
            paths: exposure.paths.clone(),
            first: exposure.first.as_ref().map(Commit::from),
            last: exposure.last.as_ref().map(Commit::from),
            at_head: exposure.at_head,
            pushed: exposure.pushed,
            unreachable: exposure.unreachable,
            refs: exposure.refs.clone(),
            ref_count: exposure.ref_count,
        }
    }
}

impl From<&report::CommitNote> for Commit {
    fn from(commit: &report::CommitNote) -> Self {
        Self {
            id: commit.id.clone(),
            author: commit.author.clone(),
            time: report::rfc3339(commit.time),
            subject: commit.subject.clone(),
        }
    }
}

impl From<&report::Companion> for Companion {
    fn from(companion: &report::Companion) -> Self {
        Self { rule: companion.rule.clone(), preview: companion.preview.to_string() }
    }
}

impl From<rule::Severity> for Severity {
    fn from(severity: rule::Severity) -> Self {
        match severity {
            rule::Severity::Info => Self::Info,
            rule::Severity::Low => Self::Low,
            rule::Severity::Medium => Self::Medium,
            rule::Severity::High => Self::High,
            rule::Severity::Critical => Self::Critical,
        }
    }
}

impl From<rule::Confidence> for Confidence {
    fn from(confidence: rule::Confidence) -> Self {
        match confidence {
            rule::Confidence::Low => Self::Low,
            rule::Confidence::Medium => Self::Medium,
            rule::Confidence::High => Self::High,
        }
    }
}

impl From<&location::Location> for Location {
    fn from(location: &location::Location) -> Self {
        Self {
            path: location.path.clone(),
            origin: match &location.origin {
                location::Origin::File => Origin::File,
                location::Origin::Stdin => Origin::Stdin,
                location::Origin::Index => Origin::Index,
                location::Origin::Object { id } => Origin::Object { id: id.clone() },
            },
            start: location.start.into(),
            end: location.end.into(),
            span: Span { start: location.span.start, end: location.span.end },
            snippet: location.snippet.clone(),
        }
    }
}

impl From<location::Position> for Position {
    fn from(position: location::Position) -> Self {
        Self { line: position.line, column: position.column }
    }
}

impl From<&report::Problem> for Problem {
    fn from(problem: &report::Problem) -> Self {
        Self { subject: problem.subject.clone(), reason: problem.reason.as_str(), detail: problem.detail.clone() }
    }
}

impl From<&rule::Rule> for Rule {
    fn from(rule: &rule::Rule) -> Self {
        Self {
            name: rule.name.clone(),
            provider: Provider { id: rule.provider.id.clone(), name: rule.provider.name.clone(), url: rule.provider.url.clone() },
            documentation: rule.documentation.clone(),
            revoke: rule.revoke.clone(),
            rotate: rule.rotate.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// The published schema is what the types say. `KEYWARD_BLESS=1 cargo test` writes it anew.
    fn assert_published(schema: &schemars::Schema, name: &str) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema").join(name);
        let now = serde_json::to_string_pretty(schema).unwrap() + "\n";
        if std::env::var_os("KEYWARD_BLESS").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &now).unwrap();
        }
        let published = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(published == now, "{} differs from the types; KEYWARD_BLESS=1 writes it anew", path.display());
    }

    #[test]
    fn the_published_schemas_are_those_of_the_types() {
        assert_published(&schemars::schema_for!(Document), "report-v1.json");
        assert_published(&schemars::schema_for!(Line), "report-line-v1.json");
    }
}
