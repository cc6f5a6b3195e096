//! The program's own JSON format: one document, or one value a line.

pub mod v1;

use super::{Options, Report};
use std::io::{self, Write};

/// Writes one document.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &v1::Document::new(report, options.secrets))?;
    out.write_all(b"\n")
}

/// Writes the same data line by line: rules, findings, problems, and the summary last.
///
/// # Errors
/// When `out` cannot be written.
pub fn write_lines(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    for line in v1::Document::new(report, options.secrets).into_lines() {
        serde_json::to_writer(&mut *out, &line)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}
