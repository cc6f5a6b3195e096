//! `keyward explain`: why each value in a file is believed to be a secret, or is not.

use crate::cli;
use crate::config::{Config, Lookup};
use crate::error::Error;
use crate::location::{LineIndex, Origin};
use crate::rule::{Rule, Shape};
use crate::scan::Scanner;
use crate::scan::assignment::Candidate;
use crate::scan::examine::{Base, Context, Piece, Sighting, confidence_of, examine};
use crate::scan::judge;
use crate::scan::text::{Text, is_binary};
use crate::secret::Secret;
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{self, Read as _, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Runs `keyward explain`.
///
/// # Errors
/// When a file cannot be read, or there is no such line.
pub fn run(arguments: &cli::Explain) -> Result<u8, Error> {
    let config = Config::load(&Lookup { near: &arguments.targets, ..Lookup::default() })?;
    let scanner = Scanner::new(config.rules.clone(), super::scan::CUT).map_err(Error::new)?;
    let context = Context { scanner: &scanner, allow: &config.allow, markers: config.markers, key: &config.key };
    let mut out = io::BufWriter::new(io::stdout().lock());
    for target in &arguments.targets {
        if arguments.features {
            write_features(&context, target, &mut out)?;
            continue;
        }
        let (path, line) = split(target);
        let stored = read(&path)?;
        let found = Explained::new(&context, &path.to_string_lossy(), &stored);
        if line.is_some_and(|line| line > found.lines.len() as u64) {
            return Err(Error::new(format!("{} has no line {}", path.display(), line.unwrap_or(0))));
        }
        found.write(&scanner, line, arguments.all_features, &mut out).map_err(Error::new)?;
    }
    out.flush().map_err(Error::new)?;
    Ok(0)
}

/// The file and the line that `target` names.
fn split(target: &Path) -> (PathBuf, Option<u64>) {
    let text = target.to_string_lossy();
    match text.rsplit_once(':').and_then(|(path, line)| Some((path, line.parse().ok()?))) {
        Some((path, line)) if !target.exists() => (PathBuf::from(path), Some(line)),
        _ => (target.to_owned(), None),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let mut stored = Vec::new();
    let done = match path.as_os_str() == "-" {
        true => io::stdin().read_to_end(&mut stored).map(drop),
        false => std::fs::read(path).map(|bytes| stored = bytes),
    };
    done.map_err(|error| Error::new(format!("{} cannot be read: {error}", path.display())))?;
    Ok(stored)
}

/// What a text holds: values beside names, and what is reported of it.
struct Explained<'a> {
    text: Text<'a>,
    lines: LineIndex,
    /// By where the value starts and ends; the most telling of several is kept.
    candidates: BTreeMap<(usize, usize), Judged>,
    sightings: Vec<Sighting>,
}

/// A candidate with its verdict.
struct Judged {
    rule: String,
    candidate: Candidate,
    probability: f32,
}

impl<'a> Explained<'a> {
    fn new(context: &Context<'_>, path: &str, stored: &'a [u8]) -> Self {
        let text = Text::new(stored);
        let lines = LineIndex::new(&text.bytes);
        let mut candidates: BTreeMap<(usize, usize), Judged> = BTreeMap::new();
        context.scanner.candidates(&text.bytes, |rule, candidate| {
            let probability = judge::probability(&text.bytes, candidate);
            let key = (candidate.value.start, candidate.value.end);
            if candidates.get(&key).is_none_or(|known| known.probability < probability) {
                candidates.insert(key, Judged { rule: rule.id.clone(), candidate: candidate.clone(), probability });
            }
        });
        let mut matches = Vec::new();
        context.scanner.matches(&text.bytes, 0..text.bytes.len(), &mut matches);
        let binary = is_binary(&text.bytes);
        let piece = Piece { path, origin: Origin::File, text: &text, binary, base: Base::default() };
        let sightings = examine(context, &piece, matches, 0..text.bytes.len() + 1).sightings;
        Self { lines, candidates, sightings, text }
    }

    fn write(&self, scanner: &Scanner, only: Option<u64>, all: bool, out: &mut dyn Write) -> io::Result<()> {
        let wanted = |line: u64| only.is_none_or(|only| only == line);
        let rules = scanner.rules().rules();
        for sighting in self.sightings.iter().filter(|sighting| wanted(sighting.location.start.line)) {
            let rule = &rules[sighting.rule as usize];
            if matches!(rule.shape, Shape::Assignment { .. }) {
                continue;
            }
            let start = sighting.location.start;
            writeln!(out, "{}:{}  {}  reported by {}", start.line, start.column, sighting.preview, rule.id)?;
            for reason in &sighting.evidence {
                writeln!(out, "    {reason}")?;
            }
        }
        for judged in self.candidates.values() {
            let position = self.lines.position(&self.text.bytes, judged.candidate.value.start);
            if wanted(position.line) {
                self.write_candidate(judged, rules, all, out)?;
            }
        }
        Ok(())
    }

    fn write_candidate(&self, judged: &Judged, rules: &[Rule], all: bool, out: &mut dyn Write) -> io::Result<()> {
        let Judged { rule, candidate, probability } = judged;
        let text = &*self.text.bytes;
        let position = self.lines.position(text, candidate.value.start);
        let secret = Secret::new(&text[candidate.value.clone()]);
        let name = String::from_utf8_lossy(&text[candidate.name.clone()]);
        let verdict = self.verdict(candidate, *probability, rules);
        writeln!(out, "{}:{}  {}  candidate of {rule}", position.line, position.column, secret.preview(0))?;
        let bytes = candidate.value.len();
        writeln!(out, "    name {name:?}, joined by {:?}, quoted {:?}, {bytes} bytes", candidate.operator, candidate.quote)?;
        writeln!(out, "    probability {probability:.3} ({} confidence): {verdict}", confidence_of(*probability))?;
        let features = judge::features(text, candidate);
        let shown = judge::FEATURE_NAMES.iter().zip(features).filter(|(_, cell)| all || *cell != 0);
        let cells: Vec<String> = shown.map(|(name, cell)| format!("{name} {cell}")).collect();
        for row in cells.chunks(8) {
            writeln!(out, "    {}", row.join(" · "))?;
        }
        Ok(())
    }

    /// What became of a candidate.
    fn verdict(&self, candidate: &Candidate, probability: f32, rules: &[Rule]) -> String {
        let start = (self.text.mark + self.text.stored_length(0..candidate.value.start)) as u64;
        let end = (self.text.mark + self.text.stored_length(0..candidate.value.end)) as u64;
        let over =
            self.sightings.iter().find(|sighting| sighting.location.span.start < end && sighting.location.span.end > start);
        match over {
            Some(sighting) if sighting.location.span.start == start && sighting.probability == Some(probability) => {
                format!("reported by {}", rules[sighting.rule as usize].id)
            }
            Some(sighting) => format!("not reported: {} says more of the same text", rules[sighting.rule as usize].id),
            None if probability < super::scan::CUT => "not reported: too unlikely".into(),
            None => "not reported: it is allowed, or overlaps another".into(),
        }
    }
}

/// Writes the candidates of all files below `root` as JSON lines: path, line, column and length in characters counted from one and
/// zero, the rule and the features. What other rules report follows, with its first and last line.
fn write_features(context: &Context<'_>, root: &Path, out: &mut dyn Write) -> Result<(), Error> {
    let mut files = Vec::new();
    collect(root, &mut files).map_err(|error| Error::new(format!("{} cannot be read: {error}", root.display())))?;
    files.sort();
    for path in files {
        let stored = read(&path)?;
        let found = Explained::new(context, &path.to_string_lossy(), &stored);
        let text = &*found.text.bytes;
        if is_binary(text) {
            continue;
        }
        let length = |range: Range<usize>| String::from_utf8_lossy(&text[range]).chars().count();
        for judged in found.candidates.values() {
            let candidate = &judged.candidate;
            let position = found.lines.position(text, candidate.value.start);
            let row = json!({
                "file": path.to_string_lossy(), "line": position.line, "column": position.column - 1,
                "length": length(candidate.value.clone()), "rule": judged.rule, "probability": judged.probability,
                "features": judge::features(text, candidate).to_vec(),
            });
            writeln!(out, "{row}").map_err(Error::new)?;
        }
        for sighting in &found.sightings {
            let rule = &context.scanner.rules().rules()[sighting.rule as usize];
            if !matches!(rule.shape, Shape::Assignment { .. }) {
                let (first, last) = (sighting.location.start, sighting.location.end.line);
                let row = json!({
                    "file": path.to_string_lossy(), "line": first.line, "column": first.column - 1, "last": last, "rule": rule.id,
                    "confidence": sighting.confidence,
                });
                writeln!(out, "{row}").map_err(Error::new)?;
            }
        }
    }
    Ok(())
}

/// All files below `root`, links not followed.
fn collect(root: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if root.is_file() {
        files.push(root.to_owned());
        return Ok(());
    }
    for entry in std::fs::read_dir(root)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            collect(&entry.path(), files)?;
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    Ok(())
}
