//! The second stage: what a match means in its text. Overlaps are resolved, pairs joined, allowed places set aside, and what is
//! left gets its exact location.

use super::allow::Allow;
use super::directive::{self, Markers};
use super::judge;
use super::text::Text;
use super::value::entropy_of;
use super::{Match, Scanner};
use crate::location::{LineIndex, Location, Origin, Position, Span, count_code_points};
use crate::report::{Allowed, Companion};
use crate::rule::{Confidence, Rule, Severity, Shape};
use crate::secret::{Fingerprint, FingerprintKey, Preview, Secret};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

/// How many characters of a line a snippet shows on either side of the secret.
const SNIPPET_MARGIN: usize = 60;
/// How far from a secret on its line a remark is looked for, in bytes.
const REMARK_MARGIN: usize = 1024;
/// A secret of at least so many bytes is covered wherever its text stands on the line.
const SHORTEST_REPEAT: usize = 4;
/// What stands in a snippet where a secret stood.
const MASK: &str = "********";

/// What the second stage works with.
pub struct Context<'a> {
    pub scanner: &'a Scanner,
    pub allow: &'a Allow,
    pub markers: Markers,
    pub key: &'a FingerprintKey,
}

/// A text or a part of one, and where it stands.
pub struct Piece<'a> {
    pub path: &'a str,
    pub origin: Origin,
    pub text: &'a Text<'a>,
    /// Whether the text as a whole is machine data, where names and values mean nothing.
    pub binary: bool,
    /// What stands before the piece, when it is not the first.
    pub base: Base,
}

/// How much of a text stands before a piece of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Base {
    /// Stored bytes, with the byte order mark.
    pub offset: u64,
    /// Whole lines.
    pub lines: u64,
    /// Code points of the line that the piece starts in.
    pub columns: u64,
}

/// A secret at one place.
#[derive(Debug)]
pub struct Sighting {
    pub rule: u32,
    pub severity: Severity,
    pub confidence: Confidence,
    pub probability: Option<f32>,
    pub secret: Secret,
    pub fingerprint: Fingerprint,
    pub preview: Preview,
    pub evidence: Vec<String>,
    pub companions: Vec<Companion>,
    pub location: Location,
}

/// What the second stage makes of the matches of a text.
#[derive(Debug, Default)]
pub struct Examined {
    pub sightings: Vec<Sighting>,
    pub allowed: Allowed,
}

/// Makes sightings of those of `matches` whose secrets start within `core`. The others count as surroundings.
pub fn examine(context: &Context<'_>, piece: &Piece<'_>, matches: Vec<Match>, core: Range<usize>) -> Examined {
    let scanner = context.scanner;
    let text = &*piece.text.bytes;
    let mut examined = Examined::default();
    let mut matches = matches;
    matches.retain(|found| scanner.applies_to(found, piece.path));
    if piece.binary {
        // Names and values mean nothing in machine data; formats do.
        matches.retain(|found| matches!(scanner.rule(found).shape, Shape::Format { .. }));
    }
    if matches.is_empty() {
        return examined;
    }
    let kept = most_specific(scanner, matches);
    let mut places = Places::new(piece, &kept);
    let paired = pairs(scanner, &places.lines, &kept);
    let absorbed: HashSet<usize> = paired.values().copied().collect();
    for (index, found) in kept.iter().enumerate() {
        let rule = scanner.rule(found);
        if absorbed.contains(&index) || !core.contains(&found.secret.start) {
            continue;
        }
        let secret = Secret::new(&text[found.secret.clone()]);
        let fingerprint = context.key.fingerprint(&secret);
        if context.allow.allows(&rule.id, piece.path, secret.expose(), fingerprint) {
            examined.allowed.configured += 1;
            continue;
        }
        if directive::allows(context.markers, places.line_of(found), places.line_above(found), &rule.id) {
            examined.allowed.inline += 1;
            continue;
        }
        let other = paired.get(&index).map(|&other| companion(scanner, text, &kept[other]));
        let severity = match &rule.companion {
            Some(pair) if other.is_some() => pair.severity,
            _ => rule.severity,
        };
        examined.sightings.push(Sighting {
            rule: found.rule,
            severity,
            confidence: found.probability.map_or(rule.confidence, confidence_of),
            probability: found.probability,
            preview: preview(found, &secret),
            evidence: evidence(rule, text, found, other.as_ref()),
            fingerprint,
            secret,
            companions: other.into_iter().collect(),
            location: places.locate(found),
        });
    }
    examined
}

/// The confidence that a probability comes to.
pub fn confidence_of(probability: f32) -> Confidence {
    match probability {
        p if p >= judge::HIGH => Confidence::High,
        p if p >= judge::MEDIUM => Confidence::Medium,
        _ => Confidence::Low,
    }
}

/// Of matches whose secrets overlap, the most specific one stays. The rest is sorted by place.
pub fn most_specific(scanner: &Scanner, mut matches: Vec<Match>) -> Vec<Match> {
    matches.sort_by(|a, b| {
        let rank = |found: &Match| specificity(scanner.rule(found));
        let length = |found: &Match| found.secret.len();
        let likely = |found: &Match| found.probability.unwrap_or(1.0);
        rank(b)
            .cmp(&rank(a))
            .then(likely(b).total_cmp(&likely(a)))
            .then(length(b).cmp(&length(a)))
            .then(a.secret.start.cmp(&b.secret.start))
            .then(a.rule.cmp(&b.rule))
    });
    // Kept matches never overlap, so their starts, in order, tell all neighbours.
    let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
    let mut kept: Vec<Match> = Vec::with_capacity(matches.len());
    for found in matches {
        let span = found.secret.clone();
        let overlaps = taken.range(..span.end.max(span.start + 1)).next_back().is_some_and(|(_, &end)| end > span.start);
        if !overlaps {
            taken.insert(span.start, span.end);
            kept.push(found);
        }
    }
    kept.sort_by_key(|found| found.secret.start);
    kept
}

/// How much a rule knows about what it finds: whose it is counts for more than where it stands, and a proof for more than a form.
pub fn specificity(rule: &Rule) -> (u8, Confidence) {
    let rank = match (&rule.shape, rule.provider.issuer, rule.checksum) {
        (Shape::Format { .. }, true, Some(_)) => 5,
        (Shape::Format { .. }, true, None) => 4,
        (Shape::Near { .. }, ..) => 3,
        (Shape::Format { .. }, false, Some(_)) => 2,
        (Shape::Format { .. }, false, None) => 1,
        (Shape::Assignment { .. }, ..) => 0,
    };
    (rank, rule.confidence)
}

/// For each secret, by its index, the nearest identifier that stands close enough to it.
fn pairs(scanner: &Scanner, lines: &LineIndex, kept: &[Match]) -> HashMap<usize, usize> {
    let mut identifiers: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, found) in kept.iter().enumerate() {
        identifiers.entry(scanner.rule(found).id.as_str()).or_default().push(index);
    }
    let mut pairs = HashMap::new();
    for (index, found) in kept.iter().enumerate() {
        let Some(pair) = &scanner.rule(found).companion else { continue };
        let Some(others) = identifiers.get(pair.rule.as_str()) else { continue };
        let line = lines.line(found.secret.start);
        let next = others.partition_point(|&other| other < index);
        let neighbours = [next.checked_sub(1), Some(next)].into_iter().flatten().filter_map(|at| others.get(at).copied());
        let close = |&other: &usize| lines.line(kept[other].secret.start).abs_diff(line) <= pair.within as usize;
        let distance = |&other: &usize| kept[other].secret.start.abs_diff(found.secret.start);
        if let Some(nearest) = neighbours.filter(close).min_by_key(distance) {
            pairs.insert(index, nearest);
        }
    }
    pairs
}

/// What a report says of the identifier beside a secret.
fn companion(scanner: &Scanner, text: &[u8], found: &Match) -> Companion {
    let secret = Secret::new(&text[found.secret.clone()]);
    Companion { rule: scanner.rule(found).id.clone(), preview: preview(found, &secret) }
}

/// The printable remnant: the part of the anchor that the secret starts with is no secret.
fn preview(found: &Match, secret: &Secret) -> Preview {
    let public = found.anchor.start == found.secret.start && found.anchor.end < found.secret.end;
    secret.preview(if public { found.anchor.len() } else { 0 })
}

/// Why a match is believed.
fn evidence(rule: &Rule, text: &[u8], found: &Match, companion: Option<&Companion>) -> Vec<String> {
    let secret = &text[found.secret.clone()];
    let anchor = String::from_utf8_lossy(&text[found.anchor.clone()]);
    let mut reasons = vec![match rule.shape {
        Shape::Format { .. } => format!("it has the format of this kind ({anchor}…)"),
        Shape::Near { .. } => format!("it has the form of this kind and stands close behind “{anchor}”"),
        Shape::Assignment { .. } => format!("it is the value of a name that says “{anchor}”"),
    }];
    if rule.checksum.is_some() {
        reasons.push("the proof that its format carries holds".into());
    }
    if let Some(companion) = companion {
        reasons.push(format!("its other half stands beside it ({} {})", companion.rule, companion.preview));
    }
    if let Some(probability) = found.probability {
        reasons.push(format!("judged {:.0} % likely from value, name and context", probability * 100.0));
    }
    reasons.push(format!("{} bytes with {:.1} bits of entropy each", secret.len(), entropy_of(secret)));
    reasons
}

/// Turns matches, in order, into exact places. A line may be as long as the text, so nothing is counted twice.
struct Places<'a> {
    piece: &'a Piece<'a>,
    lines: LineIndex,
    /// The secrets of the text, in order: no snippet shows any of them.
    masked: Vec<Range<usize>>,
    /// The last offset whose position was asked for, and that position.
    last: (usize, Position),
    /// Stored bytes before that offset, without the mark.
    stored: usize,
}

impl<'a> Places<'a> {
    fn new(piece: &'a Piece<'a>, kept: &[Match]) -> Self {
        let masked = kept.iter().map(|found| found.secret.clone()).collect();
        let last = (0, Position { line: 1, column: 1 });
        Self { piece, lines: LineIndex::new(&piece.text.bytes), masked, last, stored: 0 }
    }

    /// The place of `found`, which must not stand before the one asked for last.
    fn locate(&mut self, found: &Match) -> Location {
        let (start, stored_start) = self.advance(found.secret.start);
        let (end, stored_end) = self.advance(found.secret.end);
        Location {
            path: self.piece.path.to_owned(),
            origin: self.piece.origin.clone(),
            start,
            end,
            span: Span { start: stored_start, end: stored_end },
            snippet: self.snippet(&found.secret),
        }
    }

    /// The position of `offset` in the whole text, and its offset in the text as stored.
    fn advance(&mut self, offset: usize) -> (Position, u64) {
        let text = &*self.piece.text.bytes;
        let (last, Position { line, column }) = self.last;
        let here = self.lines.line(offset);
        let position = if here as u64 + 1 == line {
            Position { line, column: column + count_code_points(&text[last..offset]) }
        } else {
            self.lines.position(text, offset)
        };
        self.stored += self.piece.text.stored_length(last..offset);
        self.last = (offset, position);
        let Base { offset: before, lines, columns } = self.piece.base;
        let first = if here == 0 { columns } else { 0 };
        let whole = Position { line: position.line + lines, column: position.column + first };
        (whole, before + (self.piece.text.mark + self.stored) as u64)
    }

    /// The line that `found` starts in, as far as remarks are looked for.
    fn line_of(&self, found: &Match) -> &[u8] {
        let text = &*self.piece.text.bytes;
        let line = self.lines.range(text, self.lines.line(found.secret.start));
        let from = line.start.max(found.secret.start.saturating_sub(REMARK_MARGIN));
        let to = line.end.min(found.secret.end.saturating_add(REMARK_MARGIN));
        &text[from..to.max(from)]
    }

    /// The line above it, unless it is too long to be a remark.
    fn line_above(&self, found: &Match) -> Option<&[u8]> {
        let text = &*self.piece.text.bytes;
        let above = self.lines.line(found.secret.start).checked_sub(1)?;
        let line = self.lines.range(text, above);
        (line.len() <= REMARK_MARGIN).then(|| &text[line])
    }

    /// The line of `secret` with every secret on it covered, clipped around it.
    fn snippet(&self, secret: &Range<usize>) -> String {
        let text = &*self.piece.text.bytes;
        let line = self.lines.range(text, self.lines.line(secret.start));
        let from = char_boundary(text, line.start.max(secret.start.saturating_sub(SNIPPET_MARGIN)));
        let to = char_boundary(text, line.end.min(secret.end.saturating_add(SNIPPET_MARGIN)));
        let mut shown = String::new();
        if from > line.start {
            shown.push('…');
        }
        let mut at = from;
        for span in self.covered(from..to) {
            if span.end <= at {
                continue;
            }
            if span.start > at {
                shown.push_str(&String::from_utf8_lossy(&text[at..span.start]));
            }
            shown.push_str(MASK);
            at = span.end;
        }
        if at < to {
            shown.push_str(&String::from_utf8_lossy(&text[at..to]));
        }
        if to < line.end || secret.end > line.end {
            shown.push('…');
        }
        shown.trim().to_owned()
    }

    /// What must not be shown of `window`, in order: the secrets, and the same text once more where it is no match.
    fn covered(&self, window: Range<usize>) -> Vec<Range<usize>> {
        let text = &*self.piece.text.bytes;
        let first = self.masked.partition_point(|span| span.end <= window.start);
        let mut covered = Vec::new();
        for span in self.masked[first..].iter().take_while(|span| span.start < window.end) {
            covered.push(span.clone());
            let secret = &text[span.clone()];
            if secret.len() >= SHORTEST_REPEAT {
                // A repetition may be cut by the border of the window.
                let from = window.start.saturating_sub(secret.len());
                let around = &text[from..text.len().min(window.end + secret.len())];
                covered.extend(memchr::memmem::find_iter(around, secret).map(|at| from + at..from + at + secret.len()));
            }
        }
        covered.retain(|span| span.end > window.start && span.start < window.end);
        covered.sort_unstable_by_key(|span| (span.start, span.end));
        covered
    }
}

/// The last start of a character at or before `offset`.
fn char_boundary(text: &[u8], offset: usize) -> usize {
    let continues = |at: &usize| text.get(*at).is_some_and(|byte| byte & 0xC0 == 0x80);
    (offset.saturating_sub(3)..=offset).rev().find(|at| !continues(at)).unwrap_or(offset)
}

impl Base {
    /// The base of what follows the first `consumed` bytes of `piece`.
    pub fn after(piece: &Piece<'_>, consumed: usize) -> Self {
        let head = &piece.text.bytes[..consumed];
        let newlines = memchr::memchr_iter(b'\n', head).count() as u64;
        let columns = match memchr::memrchr(b'\n', head) {
            Some(newline) => count_code_points(&head[newline + 1..]),
            None => piece.base.columns + count_code_points(head),
        };
        let offset = piece.base.offset + (piece.text.mark + piece.text.stored_length(0..consumed)) as u64;
        Self { offset, lines: piece.base.lines + newlines, columns }
    }
}
