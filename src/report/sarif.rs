//! SARIF 2.1.0: one run, one result for each secret, with all its places.

use super::json::v1::{self, rounded};
use super::{Finding, Options, Problem, Reason, Report, Secrets, TOOL, percent_encoded};
use crate::location::{Location, Origin};
use crate::rule::{Confidence, Rule, Severity};
use serde_json::{Value, json};
use serde_sarif::sarif;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// The published schema of the format.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
/// What all paths are relative to: the root of the repository.
const ROOT: &str = "%SRCROOT%";
/// What stands where a secret stood.
const MASK: &str = "********";
/// How many further places the message of a result links to.
const LINKED_PLACES: usize = 5;

/// Writes `report` to `out`.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut rules: Vec<&str> = report.findings.iter().map(|finding| finding.rule.as_str()).collect();
    rules.sort_unstable();
    rules.dedup();
    let index: BTreeMap<&str, i64> = rules.iter().zip(0..).map(|(&id, index)| (id, index)).collect();
    let results: Vec<sarif::Result> =
        report.findings.iter().map(|finding| result(report, finding, index[finding.rule.as_str()], options.secrets)).collect();
    let run = sarif::Run::builder()
        .tool(driver(report, &rules))
        .invocations(vec![invocation(report)])
        .original_uri_base_ids(BTreeMap::from([(ROOT.to_owned(), root())]))
        .column_kind(json!(sarif::ResultColumnKind::UnicodeCodePoints))
        .redaction_tokens(vec![MASK.to_owned()])
        .results(results)
        .properties(bag([
            ("files", json!(report.coverage.files)),
            ("objects", json!(report.coverage.objects)),
            ("bytes", json!(report.coverage.bytes)),
            ("allowedInline", json!(report.allowed.inline)),
            ("allowedByConfiguration", json!(report.allowed.configured)),
        ]))
        .build();
    let document = sarif::Sarif::builder().schema(SCHEMA).version(json!(sarif::Version::V2_1_0)).runs(vec![run]).build();
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

/// The program, with the rules that results refer to and the reasons that notifications refer to.
fn driver(report: &Report, rules: &[&str]) -> sarif::ToolComponent {
    let descriptors: Vec<_> = rules.iter().map(|id| descriptor(id, report.rules.get(*id))).collect();
    let notifications: Vec<_> = report.problems_by_reason().into_keys().map(reason_descriptor).collect();
    sarif::ToolComponent::builder()
        .name(TOOL.name)
        .full_name(format!("{} {}", TOOL.name, TOOL.version))
        .version(TOOL.version)
        .semantic_version(TOOL.version)
        .information_uri(TOOL.url)
        .organization(TOOL.name)
        .short_description(&format!("{}.", TOOL.about))
        .rules(descriptors)
        .notifications(notifications)
        .build()
}

/// What a reader of the results learns about a rule.
fn descriptor(id: &str, rule: Option<&Rule>) -> sarif::ReportingDescriptor {
    let Some(rule) = rule else { return sarif::ReportingDescriptor::builder().id(id).build() };
    let description = format!("{} ({}) in plain text.", rule.name, rule.provider.name);
    let text = format!(
        "{} issued by {}. Whoever reads it can use it: replace it first, then remove it from the text.\n\n\
         Revoke: {}\n\nRotate: {}\n\nDocumentation: {}",
        rule.name, rule.provider.name, rule.revoke, rule.rotate, rule.documentation
    );
    let markdown = format!(
        "**{}** issued by [{}]({}). Whoever reads it can use it: replace it first, then remove it from the text.\n\n\
         - **Revoke:** {}\n- **Rotate:** {}\n- [Documentation]({})\n",
        rule.name, rule.provider.name, rule.provider.url, rule.revoke, rule.rotate, rule.documentation
    );
    let tags = ["security", "secret", "external/cwe/cwe-798", rule.provider.id.as_str()].map(str::to_owned).to_vec();
    let properties = sarif::PropertyBag::builder()
        .tags(tags)
        .additional_properties(BTreeMap::from([
            ("security-severity".to_owned(), json!(security_severity(rule.severity))),
            ("precision".to_owned(), json!(precision(rule))),
            ("severity".to_owned(), json!(rule.severity)),
            ("provider".to_owned(), json!(rule.provider.name)),
        ]))
        .build();
    sarif::ReportingDescriptor::builder()
        .id(id)
        .name(pascal_case(id))
        .short_description(&description)
        .full_description(&format!("{description} {}", rule.revoke))
        .help(sarif::MultiformatMessageString::builder().text(text).markdown(markdown).build())
        .help_uri(&rule.documentation)
        .default_configuration(sarif::ReportingConfiguration::builder().level(json!(level(rule.severity))).build())
        .properties(properties)
        .build()
}

/// What a reader of the notifications learns about a reason.
fn reason_descriptor(reason: Reason) -> sarif::ReportingDescriptor {
    let description = format!("Something was not examined: {}.", reason.as_str().replace('-', " "));
    let help =
        "What could not be examined may hold secrets. Each notification says what stood in the way; put it right and scan again.";
    sarif::ReportingDescriptor::builder()
        .id(reason.as_str())
        .short_description(&description)
        .full_description(&description)
        .help(sarif::MultiformatMessageString::builder().text(help).build())
        .default_configuration(
            sarif::ReportingConfiguration::builder().level(json!(sarif::ReportingConfigurationLevel::Error)).build(),
        )
        .build()
}

/// How the run went: what could not be examined is a notification, and then the run was no success.
fn invocation(report: &Report) -> sarif::Invocation {
    let reasons: Vec<Reason> = report.problems_by_reason().into_keys().collect();
    let notification = |problem: &Problem| {
        let index = reasons.iter().position(|&reason| reason == problem.reason).unwrap_or_default() as i64;
        let descriptor = sarif::ReportingDescriptorReference::builder().id(problem.reason.as_str()).index(index).build();
        let place = sarif::PhysicalLocation::builder().artifact_location(artifact(&problem.subject)).build();
        sarif::Notification::builder()
            .descriptor(descriptor)
            .level(json!(sarif::NotificationLevel::Error))
            .message(&problem.to_string())
            .locations(vec![sarif::Location::builder().physical_location(place).build()])
            .build()
    };
    let notifications: Vec<_> = report.problems.iter().map(notification).collect();
    sarif::Invocation::builder().execution_successful(report.is_complete()).tool_execution_notifications(notifications).build()
}

/// One secret. The first place is the location of the result, all others are related ones: SARIF reserves several locations for
/// what must be changed at every one of them, and a secret is put right where it was issued.
fn result(report: &Report, finding: &Finding, rule_index: i64, secrets: Secrets) -> sarif::Result {
    let mut places = finding.locations.iter();
    let first: Vec<_> = places.next().map(place).into_iter().collect();
    let related: Vec<_> = places
        .zip(1..)
        .map(|(other, id)| sarif::Location { id: Some(id), message: Some("The same secret stands here.".into()), ..place(other) })
        .collect();
    let mut properties = bag([
        ("severity", json!(finding.severity)),
        ("confidence", json!(finding.confidence)),
        ("fingerprint", json!(finding.fingerprint)),
        ("preview", json!(finding.preview)),
        ("evidence", json!(finding.evidence)),
    ]);
    let mut add = |name: &str, value: Value| properties.additional_properties.insert(name.to_owned(), value);
    if let Some(probability) = finding.probability {
        add("probability", json!(rounded(probability)));
    }
    if !finding.companions.is_empty() {
        let companions = finding.companions.iter().map(|it| json!({ "rule": it.rule, "preview": it.preview }));
        add("companions", companions.collect());
    }
    if let Some(exposure) = &finding.exposure {
        add("exposure", json!(v1::Exposure::from(exposure)));
    }
    if let Some(secret) = finding.shown(secrets) {
        add("secret", json!(secret));
    }
    let mut result = sarif::Result::builder()
        .rule_id(&finding.rule)
        .rule_index(rule_index)
        .level(level(finding.severity))
        .message(message(report, finding))
        .locations(first)
        .partial_fingerprints(fingerprints(finding))
        .properties(properties)
        .build();
    result.related_locations = (!related.is_empty()).then_some(related);
    result.rank = finding.probability.map(|probability| rounded(probability) * 100.0);
    result
}

/// Names the result in later runs by its rule and its secret, wherever the line moves: two secrets on a line differ.
///
/// `primaryLocationLineHash` is the one name GitHub looks for; left out, it would be made of the line alone.
fn fingerprints(finding: &Finding) -> BTreeMap<String, String> {
    let fingerprint = finding.fingerprint.to_string();
    BTreeMap::from([
        ("keywardSecret/v1".to_owned(), fingerprint.clone()),
        ("primaryLocationLineHash".to_owned(), format!("{fingerprint}:1")),
    ])
}

/// What a result says, with links to the first few further places.
fn message(report: &Report, finding: &Finding) -> sarif::Message {
    let mut text = format!("{} ({}) found.", report.name_of(&finding.rule), finding.preview);
    let others = finding.locations.get(1..).unwrap_or_default();
    let links = others.iter().take(LINKED_PLACES).zip(1..).map(|(other, id)| {
        let label = format!("{}:{}", other.path, other.start.line);
        format!("[{}]({id})", label.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]"))
    });
    let mut also: Vec<String> = links.collect();
    match others.len().saturating_sub(LINKED_PLACES) {
        0 => {}
        1 => also.push("one more place".into()),
        more => also.push(format!("{more} more places")),
    }
    if !also.is_empty() {
        text += &format!(" It also stands at {}.", also.join(", "));
    }
    if let Some(rule) = report.rules.get(&finding.rule) {
        text += &format!(" Revoke it: {}", rule.revoke);
    }
    if !text.ends_with('.') {
        text.push('.');
    }
    sarif::Message::builder().text(text).build()
}

/// The file and the region of a secret, and its line with every secret masked.
fn place(location: &Location) -> sarif::Location {
    let region = sarif::Region::builder()
        .start_line(location.start.line as i64)
        .start_column(location.start.column as i64)
        .end_line(location.end.line as i64)
        .end_column(location.end.column as i64)
        .snippet(content(MASK))
        .build();
    let context = sarif::Region::builder()
        .start_line(location.start.line as i64)
        .end_line(location.end.line as i64)
        .snippet(content(&location.snippet))
        .build();
    let physical = sarif::PhysicalLocation::builder()
        .artifact_location(artifact(&location.path))
        .region(region)
        .context_region(context)
        .build();
    sarif::Location::builder().physical_location(physical).properties(place_properties(location)).build()
}

/// `text` as it stands in a file, masked.
fn content(text: &str) -> sarif::ArtifactContent {
    sarif::ArtifactContent::builder().text(text).build()
}

/// What SARIF has no field for beside lines: the bytes of the secret, and where the text came from if from no file.
fn place_properties(location: &Location) -> sarif::PropertyBag {
    let mut properties =
        bag([("byteOffset", json!(location.span.start)), ("byteLength", json!(location.span.end - location.span.start))]);
    let (name, value) = match &location.origin {
        Origin::File => return properties,
        Origin::Stdin => ("origin", json!("stdin")),
        Origin::Index => ("origin", json!("index")),
        Origin::Object { id } => ("object", json!(id)),
    };
    properties.additional_properties.insert(name.to_owned(), value);
    properties
}

/// The artifact at `path`: relative to the root unless it lies outside.
fn artifact(path: &str) -> sarif::ArtifactLocation {
    let drive = path.as_bytes().get(1) == Some(&b':') && path.as_bytes().get(2) == Some(&b'/');
    match path {
        _ if drive => sarif::ArtifactLocation::builder().uri(format!("file:///{}", percent_encoded(path))).build(),
        _ if path.starts_with('/') => sarif::ArtifactLocation::builder().uri(format!("file://{}", percent_encoded(path))).build(),
        _ => sarif::ArtifactLocation::builder().uri(percent_encoded(path)).uri_base_id(ROOT).build(),
    }
}

/// What the root is, without the path that it has on one machine.
fn root() -> sarif::ArtifactLocation {
    sarif::ArtifactLocation::builder().description("The root of the repository, or the folder that was scanned.").build()
}

/// Properties by name.
fn bag<const N: usize>(properties: [(&str, Value); N]) -> sarif::PropertyBag {
    let properties: BTreeMap<String, Value> = properties.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    sarif::PropertyBag::builder().additional_properties(properties).build()
}

const fn level(severity: Severity) -> sarif::ResultLevel {
    match severity {
        Severity::Critical | Severity::High => sarif::ResultLevel::Error,
        Severity::Medium => sarif::ResultLevel::Warning,
        Severity::Low | Severity::Info => sarif::ResultLevel::Note,
    }
}

/// The number from which GitHub makes critical (above 9.0), high (7.0), medium (4.0) and low.
const fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "3.0",
        Severity::Info => "0.5",
    }
}

/// How seldom the rule is wrong, in the words that code scanning knows.
const fn precision(rule: &Rule) -> &'static str {
    match rule.confidence {
        Confidence::High if rule.checksum.is_some() => "very-high",
        Confidence::High => "high",
        Confidence::Medium => "medium",
        Confidence::Low => "low",
    }
}

/// `aws-access-key-id` as an identifier for people: `AwsAccessKeyId`.
fn pascal_case(id: &str) -> String {
    let word = |word: &str| {
        let mut chars = word.chars();
        chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars).collect::<String>()
    };
    id.split('-').map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_uris() {
        assert_eq!(percent_encoded("a b/ü#%?.rs"), "a%20b/%C3%BC%23%25%3F.rs");
        assert_eq!(artifact("/etc/x").uri.as_deref(), Some("file:///etc/x"));
        assert_eq!(artifact("C:/x").uri.as_deref(), Some("file:///C%3A/x"));
        assert_eq!(artifact("src/x").uri_base_id.as_deref(), Some(ROOT));
    }

    #[test]
    fn ids_become_names() {
        assert_eq!(pascal_case("aws-access-key-id"), "AwsAccessKeyId");
    }
}
