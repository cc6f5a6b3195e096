//! Comma-separated values (RFC 4180, lines end with LF): one line for each place of each secret, and one for each problem.

use super::printable;
use super::{CommitNote, Finding, Options, Report, origin_words, rfc3339};
use std::borrow::Cow;
use std::io::{self, Write};

/// The columns. New ones are added at the end.
const HEADER: [&str; 23] = [
    "type",
    "severity",
    "confidence",
    "rule",
    "name",
    "path",
    "line",
    "column",
    "end_line",
    "end_column",
    "origin",
    "preview",
    "fingerprint",
    "snippet",
    "detail",
    "documentation",
    "first_commit",
    "first_author",
    "first_time",
    "last_commit",
    "at_head",
    "pushed",
    "secret",
];

/// Writes `report` to `out`. The column `secret` is empty unless secrets are shown.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    write_row(&HEADER, out)?;
    for finding in &report.findings {
        let secret = finding.shown(options.secrets).unwrap_or_default();
        let documentation = report.rules.get(&finding.rule).map_or("", |rule| rule.documentation.as_str());
        let (preview, fingerprint) = (finding.preview.to_string(), finding.fingerprint.to_string());
        let evidence = finding.evidence.join("; ");
        let [first_commit, first_author, first_time, last_commit, at_head, pushed] = past(finding);
        for location in &finding.locations {
            let row = [
                "finding",
                finding.severity.as_str(),
                finding.confidence.as_str(),
                &finding.rule,
                report.name_of(&finding.rule),
                &location.path,
                &location.start.line.to_string(),
                &location.start.column.to_string(),
                &location.end.line.to_string(),
                &location.end.column.to_string(),
                &origin_words(&location.origin),
                &preview,
                &fingerprint,
                &location.snippet,
                &evidence,
                documentation,
                &first_commit,
                &first_author,
                &first_time,
                &last_commit,
                &at_head,
                &pushed,
                &secret,
            ];
            write_row(&row, out)?;
        }
    }
    for problem in &report.problems {
        let mut row = [""; HEADER.len()];
        row[0] = "problem";
        row[3] = problem.reason.as_str();
        row[5] = &problem.subject;
        row[14] = &problem.detail;
        write_row(&row, out)?;
    }
    Ok(())
}

/// First commit, its author and time, last commit, still at HEAD, pushed; empty where the history tells nothing.
fn past(finding: &Finding) -> [String; 6] {
    let Some(exposure) = &finding.exposure else { return Default::default() };
    let of = |commit: &Option<CommitNote>, field: fn(&CommitNote) -> String| commit.as_ref().map(field).unwrap_or_default();
    [
        of(&exposure.first, |first| first.id.clone()),
        of(&exposure.first, |first| first.author.clone()),
        of(&exposure.first, |first| rfc3339(first.time)),
        of(&exposure.last, |last| last.id.clone()),
        exposure.at_head.to_string(),
        exposure.pushed.to_string(),
    ]
}

fn write_row(fields: &[&str], out: &mut dyn Write) -> io::Result<()> {
    for (index, field) in fields.iter().enumerate() {
        if index > 0 {
            out.write_all(b",")?;
        }
        out.write_all(cell(field).as_bytes())?;
    }
    out.write_all(b"\n")
}

/// One field: on one line, quoted where needed, and never taken for a formula by a spreadsheet.
fn cell(field: &str) -> Cow<'_, str> {
    let text = printable::line(field);
    let formula = text.starts_with(['=', '+', '-', '@']);
    if !formula && !text.contains([',', '"', '\'']) {
        return text;
    }
    let guard = if formula { "'" } else { "" };
    Cow::Owned(format!("\"{guard}{}\"", text.replace('"', "\"\"")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_needed_and_are_no_formulas() {
        assert_eq!(cell("plain text"), "plain text");
        assert_eq!(cell("a,b"), "\"a,b\"");
        assert_eq!(cell("say \"x\""), "\"say \"\"x\"\"\"");
        assert_eq!(cell("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\"");
        assert_eq!(cell("-"), "\"'-\"");
        assert_eq!(cell("a\nb"), "a\\nb");
    }
}
