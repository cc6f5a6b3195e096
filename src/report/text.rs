//! The report for people: what was found, why it is believed, and what to do next.

use super::{Companion, Finding, Options, Report, Secrets, origin_words, printable, rfc3339};
use crate::location::{Location, Origin};
use crate::rule::{Rule, Severity};
use anstyle::{AnsiColor, Color, Style};
use std::collections::BTreeSet;
use std::fmt::Display;
use std::io::{self, Write};
use std::path::PathBuf;
use unicode_width::UnicodeWidthStr as _;

/// How many places of one secret are listed.
const LISTED_PLACES: usize = 5;
/// How wide text is where no terminal says so, and at most.
const WIDTH: usize = 100;
/// The narrowest column that text is wrapped in.
const NARROWEST: usize = 16;
/// What stands in a line where a secret stood.
const MASK: &str = "********";
/// How far what belongs to a finding is indented.
const INDENT: &str = "  ";
/// How wide the labels of a finding's remarks are.
const LABEL: usize = 8;

/// How the report looks.
#[derive(Debug, Clone)]
pub struct Look {
    pub paint: Paint,
    pub links: Links,
    /// Columns; lines that can be wrapped are no longer.
    pub width: usize,
}

/// Whether text is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    Plain,
    Colored,
}

/// Whether places can be clicked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Links {
    None,
    /// Paths lead to files below this folder.
    Below(PathBuf),
}

impl Default for Look {
    /// What goes to a file.
    fn default() -> Self {
        Self { paint: Paint::Plain, links: Links::None, width: WIDTH }
    }
}

/// Writes `report` to `out`.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { look: &options.look, width: options.look.width.clamp(NARROWEST + LABEL, WIDTH), out };
    for finding in &report.findings {
        page.finding(report, finding, options.secrets)?;
    }
    if !report.problems.is_empty() {
        page.problems(report)?;
    }
    page.summary(report)
}

/// What the report is written on.
struct Page<'a> {
    look: &'a Look,
    width: usize,
    out: &'a mut dyn Write,
}

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const PLACE: Style = color(AnsiColor::Cyan);
const MASKED: Style = color(AnsiColor::Magenta).bold();
const GOOD: Style = color(AnsiColor::Green).bold();
const BAD: Style = color(AnsiColor::Yellow).bold();

const fn color(color: AnsiColor) -> Style {
    Style::new().fg_color(Some(Color::Ansi(color)))
}

const fn severity_style(severity: Severity) -> Style {
    match severity {
        Severity::Critical => color(AnsiColor::BrightWhite).bg_color(Some(Color::Ansi(AnsiColor::Red))).bold(),
        Severity::High => color(AnsiColor::Red).bold(),
        Severity::Medium => color(AnsiColor::Yellow).bold(),
        Severity::Low => color(AnsiColor::Blue).bold(),
        Severity::Info => Style::new().bold(),
    }
}

impl Page<'_> {
    /// One secret: what it is, where it stands, why it is believed, what to do.
    fn finding(&mut self, report: &Report, finding: &Finding, secrets: Secrets) -> io::Result<()> {
        self.heading(report, finding)?;
        for location in finding.locations.iter().take(LISTED_PLACES) {
            self.place(location)?;
        }
        if let Some(hidden) = finding.locations.get(LISTED_PLACES..).filter(|hidden| !hidden.is_empty()) {
            let files: BTreeSet<&str> = hidden.iter().map(|location| location.path.as_str()).collect();
            let more = format!("… and {} in {}", more(hidden.len(), "place"), count(files.len(), "file"));
            let more = self.paint(DIM, more);
            writeln!(self.out, "{INDENT}{more}")?;
        }
        writeln!(self.out)?;
        if let Some(secret) = finding.shown(secrets) {
            let secret = self.paint(MASKED, printable::line(&secret));
            writeln!(self.out, "{INDENT}{}{secret}", self.label("secret"))?;
        }
        for (index, line) in past(finding).iter().enumerate() {
            self.remark(if index == 0 { "exposed" } else { "" }, line)?;
        }
        for (index, reason) in finding.evidence.iter().enumerate() {
            self.remark(if index == 0 { "why" } else { "" }, reason)?;
        }
        let told =
            |it: &&Companion| finding.evidence.iter().any(|reason| reason.contains(&format!("{} {}", it.rule, it.preview)));
        for Companion { rule, preview } in finding.companions.iter().filter(|it| !told(it)) {
            self.remark("beside", &format!("{} {preview}", report.name_of(rule)))?;
        }
        if let Some(Rule { revoke, rotate, documentation, .. }) = report.rules.get(&finding.rule) {
            self.remark("revoke", revoke)?;
            self.remark("rotate", rotate)?;
            self.link(documentation)?;
        }
        let fingerprint = self.paint(DIM, finding.fingerprint);
        writeln!(self.out, "{INDENT}{}{fingerprint}\n", self.label("id"))
    }

    /// How bad, what, and the rule's id: on one line where they fit.
    fn heading(&mut self, report: &Report, finding: &Finding) -> io::Result<()> {
        let severity = finding.severity.as_str().to_uppercase();
        let name = printable::line(report.name_of(&finding.rule)).into_owned();
        let id = printable::line(&finding.rule).into_owned();
        let fits = severity.len() + 2 + name.width() + 2 + id.width() + 2 <= self.width;
        let between = if fits { "  ".to_owned() } else { format!("\n{INDENT}") };
        // A word on a ground of its own colour needs room around it.
        let badge = match (self.look.paint, finding.severity) {
            (Paint::Colored, Severity::Critical) => format!(" {severity} "),
            _ => format!("{severity} "),
        };
        let badge = self.paint(severity_style(finding.severity), badge);
        let (name, id) = (self.paint(BOLD, name), self.paint(DIM, id));
        writeln!(self.out, "{badge} {name}{between}{id}")
    }

    /// One place and the line that stands there.
    fn place(&mut self, location: &Location) -> io::Result<()> {
        let path = printable::line(&location.path);
        let text = format!("{path}:{}:{}", location.start.line, location.start.column);
        let text = self.linked(location, &self.paint(PLACE, text));
        let origin = match &location.origin {
            Origin::File => String::new(),
            Origin::Object { id } => self.paint(DIM, format!("  object {}", id.get(..12).unwrap_or(id))),
            other => self.paint(DIM, format!("  {}", origin_words(other))),
        };
        writeln!(self.out, "{INDENT}{text}{origin}")?;
        let bar = self.paint(DIM, "│");
        let line = printable::line(&location.snippet.replace('\t', "  ")).into_owned();
        let line = clipped(&line, self.width.saturating_sub(6));
        let line = match self.look.paint {
            Paint::Plain => line,
            Paint::Colored => line.replace(MASK, &self.paint(MASKED, MASK)),
        };
        writeln!(self.out, "{INDENT}{bar} {line}")
    }

    /// `text` with a link to the file of `location`, where there is one and the terminal shows it.
    fn linked(&self, location: &Location, text: &str) -> String {
        match (&self.look.links, &location.origin) {
            (Links::Below(base), Origin::File) => match file_uri(&base.join(&location.path)) {
                Some(uri) => format!("\x1b]8;;{uri}\x1b\\{text}\x1b]8;;\x1b\\"),
                None => text.to_owned(),
            },
            _ => text.to_owned(),
        }
    }

    /// Where to read more.
    fn link(&mut self, url: &str) -> io::Result<()> {
        let shown = printable::line(url).into_owned();
        let shown = match &self.look.links {
            Links::Below(_) if shown == url => format!("\x1b]8;;{url}\x1b\\{shown}\x1b]8;;\x1b\\"),
            _ => shown,
        };
        writeln!(self.out, "{INDENT}{}{shown}", self.label("read"))
    }

    /// A labelled remark, wrapped below itself.
    fn remark(&mut self, label: &str, text: &str) -> io::Result<()> {
        let room = self.width.saturating_sub(INDENT.len() + LABEL).max(NARROWEST);
        for (index, line) in wrapped(&printable::line(text), room).into_iter().enumerate() {
            let label = self.label(if index == 0 { label } else { "" });
            writeln!(self.out, "{INDENT}{label}{line}")?;
        }
        Ok(())
    }

    fn label(&self, label: &str) -> String {
        self.paint(DIM, format_args!("{label:<LABEL$}"))
    }

    /// Everything that could not be examined, by subject.
    fn problems(&mut self, report: &Report) -> io::Result<()> {
        let heading = self.paint(BAD, "NOT EXAMINED");
        writeln!(self.out, "{heading}")?;
        for problem in &report.problems {
            let subject = self.paint(PLACE, printable::line(&problem.subject));
            writeln!(self.out, "{INDENT}{subject}")?;
            let room = self.width.saturating_sub(2 * INDENT.len()).max(NARROWEST);
            let detail = format!("{}: {}", problem.reason.as_str(), problem.detail);
            for line in wrapped(&printable::line(&detail), room) {
                writeln!(self.out, "{INDENT}{INDENT}{line}")?;
            }
        }
        writeln!(self.out)
    }

    /// What it all comes to.
    fn summary(&mut self, report: &Report) -> io::Result<()> {
        let rule = self.paint(DIM, "─".repeat(self.width.min(60)));
        writeln!(self.out, "{rule}")?;
        let complete = report.problems.is_empty();
        if report.findings.is_empty() && complete {
            let word = self.paint(GOOD, "clean");
            writeln!(self.out, "{word}: no secrets found")?;
        } else {
            let places: usize = report.findings.iter().map(|finding| finding.locations.len()).sum();
            let found = match report.findings.len() {
                0 => self.paint(BAD, "no secrets found in what was examined"),
                found => self.paint(BOLD, format!("{} in {}", count(found, "secret"), count(places, "place"))),
            };
            writeln!(self.out, "{found}")?;
            let counts: Vec<String> = report
                .findings_by_severity()
                .into_iter()
                .rev()
                .map(|(severity, count)| self.paint(severity_style(severity), format!("{count} {severity}")))
                .collect();
            if !counts.is_empty() {
                writeln!(self.out, "{}", counts.join(" · "))?;
            }
        }
        let coverage = report.coverage;
        let objects = match coverage.objects {
            0 => String::new(),
            objects => format!("{} of the history, ", count(objects, "object")),
        };
        writeln!(self.out, "{}, {objects}{}", count(coverage.files, "file"), bytes(coverage.bytes))?;
        let allowed = report.allowed;
        let reasons = [(allowed.inline, "by remarks in the text"), (allowed.configured, "by the configuration")];
        let reasons: Vec<String> =
            reasons.iter().filter(|(count, _)| *count > 0).map(|(count, by)| format!("{count} {by}")).collect();
        if !reasons.is_empty() {
            writeln!(self.out, "allowed: {}", reasons.join(", "))?;
        }
        if !complete {
            let problems = self.paint(BAD, format!("incomplete: {}", count(report.problems.len(), "problem")));
            let reasons: Vec<String> =
                report.problems_by_reason().into_iter().map(|(reason, count)| format!("{count} {}", reason.as_str())).collect();
            writeln!(self.out, "{problems} ({})", reasons.join(", "))?;
        }
        Ok(())
    }

    fn paint(&self, style: Style, text: impl Display) -> String {
        match self.look.paint {
            Paint::Plain => text.to_string(),
            Paint::Colored => format!("{style}{text}{style:#}"),
        }
    }
}

/// What the history says of a secret, in a few lines; none when it was not found there.
///
/// The message of a commit is left out: it may hold secrets itself.
pub(super) fn past(finding: &Finding) -> Vec<String> {
    let Some(exposure) = &finding.exposure else { return Vec::new() };
    let mut lines = Vec::new();
    if let Some(first) = &exposure.first {
        let (day, id) = (rfc3339(first.time), first.id.get(..12).unwrap_or(&first.id));
        lines.push(format!("since {} in {id} by {}, {}", &day[..10], first.author, count(exposure.days, "day")));
    }
    let head = if exposure.at_head { "still in HEAD" } else { "no longer in HEAD, but in the history" };
    lines.push(match (exposure.unreachable, exposure.pushed) {
        (true, _) => "in objects that no reference leads to".into(),
        (false, true) => format!("{head}; pushed, so others have it: replace it before anything else"),
        (false, false) => format!("{head}; on no remote-tracking branch"),
    });
    if exposure.ref_count > 0 {
        let shown: Vec<&str> = exposure.refs.iter().take(LISTED_PLACES).map(String::as_str).collect();
        let rest = exposure.ref_count.saturating_sub(shown.len() as u64);
        let rest = if rest > 0 { format!(" and {rest} more") } else { String::new() };
        lines.push(format!("reached from {}{rest}", shown.join(", ")));
    }
    lines
}

/// `3 files`.
fn count(number: impl Display + TryInto<u64> + Copy, noun: &str) -> String {
    let plural = if number.try_into().is_ok_and(|number| number == 1) { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// `3 more places`.
fn more(number: usize, noun: &str) -> String {
    format!("{number} more {noun}{}", if number == 1 { "" } else { "s" })
}

/// A number of bytes as people say it: `4.2 MB`.
pub fn bytes(number: u64) -> String {
    let units = [("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)];
    let size = number as f64;
    match units.iter().find(|(_, unit)| size >= *unit) {
        Some((name, unit)) => format!("{:.1} {name}", size / unit),
        None => count(number, "byte"),
    }
}

/// `text` in lines of at most `room` columns; a longer word has a line of its own.
fn wrapped(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is always a line");
        if line.is_empty() {
            line.push_str(word);
        } else if line.width() + 1 + word.width() <= room {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// The part of `line` around its first mask that fits `room` columns.
fn clipped(line: &str, room: usize) -> String {
    if line.width() <= room {
        return line.to_owned();
    }
    let mask = line.find(MASK).unwrap_or(0);
    // A third of the room shows what stands before the mask: the name that tells what it is.
    let before = line[..mask].chars().rev().scan(0, |used, char| take(used, char, room.saturating_sub(MASK.len() + 2) * 2 / 3));
    let start = mask - before.map(char::len_utf8).sum::<usize>();
    let lead = if start > 0 { "…" } else { "" };
    let room = room.saturating_sub(lead.width() + 1);
    let rest: String = line[start..].chars().scan(0, |used, char| take(used, char, room)).collect();
    let tail = if start + rest.len() < line.len() { "…" } else { "" };
    format!("{lead}{rest}{tail}")
}

/// `char` when it fits into `room` beside the `used` columns.
fn take(used: &mut usize, char: char, room: usize) -> Option<char> {
    *used += unicode_width::UnicodeWidthChar::width(char).unwrap_or(0);
    (*used <= room).then_some(char)
}

/// The URI of a file, percent-encoded; none for a path that is not absolute.
fn file_uri(path: &std::path::Path) -> Option<String> {
    let text = path.is_absolute().then(|| path.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/"))?;
    let encoded = super::percent_encoded(&text);
    Some(if encoded.starts_with('/') { format!("file://{encoded}") } else { format!("file:///{encoded}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_wrap_and_long_ones_stay_whole() {
        assert_eq!(wrapped("one two three", 8), ["one two", "three"]);
        assert_eq!(wrapped("a https://example.org/long b", 8), ["a", "https://example.org/long", "b"]);
        assert_eq!(wrapped("", 8), [""]);
    }

    #[test]
    fn clipped_lines_keep_the_mask_and_fit() {
        let line = format!("{} = \"{MASK}\" {}", "n".repeat(80), "x".repeat(80));
        for room in 24..100 {
            let shown = clipped(&line, room);
            assert!(shown.contains(MASK) && shown.width() <= room, "{room}: {shown}");
        }
        assert_eq!(clipped("short ********", 20), "short ********");
        assert!(clipped(&format!("{}{MASK}", "名".repeat(50)), 30).width() <= 30);
    }

    #[test]
    fn sizes_read_like_speech() {
        assert_eq!(bytes(1), "1 byte");
        assert_eq!(bytes(999), "999 bytes");
        assert_eq!(bytes(4_200_000), "4.2 MB");
    }
}
