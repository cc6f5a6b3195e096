//! JUnit XML: a failed test for each secret, a broken one for each problem, and a passed one when all is well.

use super::{Finding, Options, Report, Secrets, TOOL};
use super::{printable, text};
use std::io::{self, Write};

/// Writes `report` to `out`.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let (failures, errors) = (report.findings.len(), report.problems.len());
    let tests = (failures + errors).max(1);
    let counts = format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" time=\"0\"");
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(out, "<testsuites name=\"{}\" {counts}>", TOOL.name)?;
    writeln!(out, "  <testsuite name=\"secrets\" {counts} skipped=\"0\">")?;
    for finding in &report.findings {
        write_finding(report, finding, options.secrets, out)?;
    }
    for problem in &report.problems {
        writeln!(
            out,
            "    <testcase classname=\"{}\" name=\"examined\" time=\"0\">\n      <error type=\"{}\" message=\"{}\"/>\n    </testcase>",
            attribute(&problem.subject),
            problem.reason.as_str(),
            attribute(&problem.detail),
        )?;
    }
    if failures + errors == 0 {
        writeln!(out, "    <testcase classname=\"{}\" name=\"no secrets\" time=\"0\"/>", TOOL.name)?;
    }
    writeln!(out, "  </testsuite>\n</testsuites>")
}

/// One failed test. Its name says what the secret is and not where, so that it stays the same test when lines move.
fn write_finding(report: &Report, finding: &Finding, secrets: Secrets, out: &mut dyn Write) -> io::Result<()> {
    let path = finding.locations.first().map_or("", |location| location.path.as_str());
    let fingerprint = finding.fingerprint.to_string();
    let name = format!("{} {} {}", finding.rule, finding.preview, fingerprint.get(..8).unwrap_or_default());
    let message = format!("{} {}", report.name_of(&finding.rule), finding.preview);
    writeln!(out, "    <testcase classname=\"{}\" name=\"{}\" time=\"0\">", attribute(path), attribute(&name))?;
    write!(out, "      <failure type=\"{}\" message=\"{}\">", finding.severity, attribute(&message))?;
    let mut body = String::new();
    for location in &finding.locations {
        let place = format!("{}:{}:{}", location.path, location.start.line, location.start.column);
        body += &format!("{}\n    {}\n", printable::line(&place), printable::line(&location.snippet));
    }
    for line in text::past(finding) {
        body += &format!("{}\n", printable::line(&line));
    }
    for reason in &finding.evidence {
        body += &format!("why: {}\n", printable::line(reason));
    }
    for companion in &finding.companions {
        body += &format!("beside it: {} {}\n", companion.rule, printable::line(&companion.preview.to_string()));
    }
    if let Some(rule) = report.rules.get(&finding.rule) {
        body += &format!("revoke: {}\nrotate: {}\nmore: {}\n", rule.revoke, rule.rotate, rule.documentation);
    }
    body += &format!("fingerprint: {fingerprint}\n");
    if let Some(secret) = finding.shown(secrets) {
        body += &format!("secret: {secret}\n");
    }
    writeln!(out, "{}</failure>\n    </testcase>", content(&body))
}

/// `text` as an attribute's value, on one line.
fn attribute(text: &str) -> String {
    markup(&printable::line(text))
}

/// `text` between tags; line ends stay.
fn content(text: &str) -> String {
    markup(&printable::lines(text))
}

/// What XML cannot hold even as an entity was written out before; this leaves what it can hold as one.
fn markup(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\u{FFFE}' | '\u{FFFF}' => safe.push(char::REPLACEMENT_CHARACTER),
            _ => safe.push(char),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_xml_of_version_one() {
        assert_eq!(attribute("<a b=\"c\">&\n\u{0}\u{FFFF}"), "&lt;a b=&quot;c&quot;&gt;&amp;\\n\\u{0}\u{FFFD}");
        assert_eq!(content("]]>\nx"), "]]&gt;\nx");
    }
}
