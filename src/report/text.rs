//! The report for people.

use super::Report;
use std::io::{self, Write};

/// Writes `report` to `out`.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for finding in &report.findings {
        let name = report.rules.get(&finding.rule).map_or(finding.rule.as_str(), |rule| rule.name.as_str());
        writeln!(out, "{:?} {} {} {}", finding.severity, name, finding.rule, finding.preview)?;
        for location in &finding.locations {
            writeln!(out, "  {}:{}:{}", location.path, location.start.line, location.start.column)?;
            writeln!(out, "    {}", location.snippet)?;
        }
        for reason in &finding.evidence {
            writeln!(out, "    - {reason}")?;
        }
    }
    for problem in &report.problems {
        writeln!(out, "problem {problem}")?;
    }
    writeln!(out, "{} findings, {} files, {} bytes", report.findings.len(), report.coverage.files, report.coverage.bytes)
}
