//! One rule, ready to run: what it does at an anchor.

use super::Match;
use super::value::{entropy_of, is_placeholder};
use crate::rule::{Checksum, Reach, Rule, Shape};
use regex_automata::meta::Regex;
use regex_automata::util::{captures::Captures, syntax};
use regex_automata::{Anchored, Input};
use regex_syntax::hir::{Hir, literal::Extractor};
use std::fmt;
use std::ops::Range;
use std::sync::OnceLock;

/// How far behind the word of a [`Shape::Near`] rule its value may start.
const NEAR_VALUE: usize = 128;

/// How far before its anchor a match may start, whatever the reach: each anchor costs a search from there.
const LOOK_BACK: usize = 4096;

/// A rule, ready to run.
pub enum Detector {
    /// A pattern searched for around the anchor.
    Pattern(Pattern),
    /// A value for the judge, after these tests.
    Assignment(ValueCheck),
    /// A value that is known beforehand; no judge is asked.
    Listed(ValueCheck, Listed),
}

/// The values that an assignment rule lists.
pub struct Listed {
    source: String,
    compiled: OnceLock<Option<Regex>>,
}

impl Listed {
    /// Whether the whole of `value` is one of them.
    pub fn holds(&self, value: &[u8]) -> bool {
        // A list that does not compile was reported when the rules were loaded.
        let compiled = self.compiled.get_or_init(|| Self::compile(&self.source).ok());
        compiled.as_ref().is_some_and(|regex| regex.is_match(value))
    }

    fn compile(source: &str) -> Result<Regex, PatternError> {
        Regex::builder()
            .syntax(syntax::Config::new().unicode(false).utf8(false))
            .build(&format!(r"\A(?:{source})\z"))
            .map_err(|error| PatternError(format!("its value is no regular expression: {error}")))
    }
}

impl Detector {
    /// Makes `rule` ready; its pattern compiles when first needed.
    pub fn new(rule: &Rule) -> Self {
        let check = ValueCheck::of(rule);
        let (source, place) = match &rule.shape {
            Shape::Format { pattern, anchors } => (pattern.clone(), Place::Around(anchors.clone())),
            Shape::Near { value, .. } => (format!(r"(?:[^0-9A-Za-z_])(?<secret>{value})(?:[^0-9A-Za-z_]|\z)"), Place::Behind),
            Shape::Assignment { value: Some(value), .. } => {
                return Self::Listed(check, Listed { source: value.clone(), compiled: OnceLock::new() });
            }
            Shape::Assignment { value: None, .. } => return Self::Assignment(check),
        };
        Self::Pattern(Pattern { source, place, reach: rule.reach, check, compiled: OnceLock::new() })
    }

    /// Compiles the pattern now.
    ///
    /// # Errors
    /// When it is not a regular expression, or is unbounded in a way that no reach covers.
    pub fn compile(&self) -> Result<(), PatternError> {
        match self {
            Self::Pattern(pattern) => Compiled::new(&pattern.source, &pattern.place).map(drop),
            Self::Listed(_, listed) => Listed::compile(&listed.source).map(drop),
            Self::Assignment(_) => Ok(()),
        }
    }
}

/// The tests a value must pass whatever rule found it.
pub struct ValueCheck {
    entropy: Option<f32>,
    checksum: Option<Checksum>,
    placeholders: Placeholders,
}

/// Who turns stand-ins for a credential away.
#[derive(PartialEq)]
enum Placeholders {
    /// The check does.
    Refused,
    /// The judge does.
    Judged,
}

impl ValueCheck {
    /// The tests that `rule` asks for.
    pub fn of(rule: &Rule) -> Self {
        let placeholders = match rule.shape {
            // The judge knows default passwords and placeholders better than a list of words does.
            Shape::Assignment { .. } => Placeholders::Judged,
            _ => Placeholders::Refused,
        };
        Self { entropy: rule.entropy, checksum: rule.checksum, placeholders }
    }

    /// Whether `value` passes.
    pub fn holds(&self, value: &[u8]) -> bool {
        self.entropy.is_none_or(|floor| entropy_of(value) >= floor)
            && self.checksum.is_none_or(|checksum| checksum.holds(value))
            && (self.placeholders == Placeholders::Judged || !is_placeholder(value))
    }
}

/// A regular expression tied to anchors.
pub struct Pattern {
    source: String,
    place: Place,
    reach: Reach,
    check: ValueCheck,
    compiled: OnceLock<Option<Compiled>>,
}

/// Where the match lies, seen from the anchor.
enum Place {
    /// Around it: the match contains one of these literals.
    Around(Vec<String>),
    /// Behind it, close by.
    Behind,
}

/// A compiled pattern.
struct Compiled {
    regex: Regex,
    /// The group that holds the credential; zero for the whole match.
    group: usize,
    start: Start,
}

/// How the anchor must be written.
#[derive(Clone, Copy, PartialEq)]
enum Case {
    /// As the rule has it.
    Exact,
    /// In any case.
    Any,
}

/// Where a match starts.
#[derive(Clone, Copy)]
enum Start {
    /// At the anchor.
    AtAnchor(Case),
    /// At most this many bytes before it.
    Before(usize),
    /// Behind the anchor.
    Behind,
}

/// Why a pattern cannot be used.
#[derive(Debug)]
pub struct PatternError(String);

impl PatternError {
    /// The error that a path glob is.
    pub fn from_glob(error: &globset::Error) -> Self {
        Self(format!("its path glob cannot be read: {error}"))
    }
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Pattern {
    /// Appends the matches that belong to `anchor`.
    pub fn matches(&self, text: &[u8], rule: u32, anchor: &Range<usize>, out: &mut Vec<Match>) {
        // A pattern that does not compile was reported when the rules were loaded.
        let Some(compiled) = self.compiled.get_or_init(|| Compiled::new(&self.source, &self.place).ok()) else { return };
        let reach = self.reach.bytes();
        let end = text.len().min(anchor.end + reach);
        match compiled.start {
            Start::AtAnchor(case) => {
                let other_case =
                    case == Case::Exact && !self.anchors().iter().any(|known| known.as_bytes() == &text[anchor.clone()]);
                if other_case || (self.reach == Reach::Far && is_inside_run(text, anchor.start)) {
                    return;
                }
                let input = Input::new(&text[..end]).span(anchor.start..end).anchored(Anchored::Yes);
                if let Some(whole) = compiled.search(&input) {
                    self.accept(text, rule, anchor, compiled.found(&input, whole), out);
                }
            }
            Start::Before(most) => {
                let start = anchor.start.saturating_sub(most.min(reach).min(LOOK_BACK));
                let mut input = Input::new(&text[..end]).span(start..end);
                while let Some(whole) = compiled.search(&input).filter(|whole| whole.start <= anchor.start) {
                    if whole.end >= anchor.end {
                        self.accept(text, rule, anchor, compiled.found(&input, whole), out);
                        break;
                    }
                    input.set_start(whole.end.max(whole.start + 1));
                }
            }
            Start::Behind => {
                let end = second_newline(&text[..end], anchor.end);
                let mut input = Input::new(&text[..end]).span(anchor.end..end);
                while let Some(whole) = compiled.search(&input) {
                    let found = compiled.found(&input, whole);
                    let next = found.secret.end;
                    if found.secret.start > anchor.end + NEAR_VALUE || self.accept(text, rule, anchor, found, out) {
                        break;
                    }
                    input.set_start(next);
                }
            }
        }
    }

    /// The literals that lead here; none for a pattern that stands behind its words.
    fn anchors(&self) -> &[String] {
        match &self.place {
            Place::Around(anchors) => anchors,
            Place::Behind => &[],
        }
    }

    /// Appends `found` if its credential passes the tests; says whether it did.
    fn accept(&self, text: &[u8], rule: u32, anchor: &Range<usize>, found: Found, out: &mut Vec<Match>) -> bool {
        let holds = self.check.holds(&text[found.secret.clone()]);
        if holds {
            let Found { secret, whole } = found;
            out.push(Match { rule, anchor: anchor.clone(), secret, whole, probability: None });
        }
        holds
    }
}

/// What a search found.
struct Found {
    secret: Range<usize>,
    whole: Range<usize>,
}

impl Compiled {
    fn new(source: &str, place: &Place) -> Result<Self, PatternError> {
        let words = |error: &dyn fmt::Display| PatternError(format!("its pattern is no regular expression: {error}"));
        let config = syntax::Config::new().unicode(false).utf8(false);
        let hir = regex_automata::util::syntax::parse_with(source, &config).map_err(|error| words(&error))?;
        let regex = Regex::builder()
            .configure(Regex::config().utf8_empty(false).nfa_size_limit(Some(32 << 20)))
            .build_from_hir(&hir)
            .map_err(|error| words(&error))?;
        let group = regex.group_info().to_index(regex_automata::PatternID::ZERO, "secret").unwrap_or(0);
        let start = match place {
            Place::Behind => Start::Behind,
            Place::Around(anchors) => match start_at_anchor(&hir, anchors) {
                Some(case) => Start::AtAnchor(case),
                None => Start::Before(hir.properties().maximum_len().unwrap_or(usize::MAX)),
            },
        };
        Ok(Self { regex, group, start })
    }

    /// The leftmost match of `input`.
    fn search(&self, input: &Input<'_>) -> Option<Range<usize>> {
        self.regex.search(input).map(|found| found.range())
    }

    /// Where in the match `whole` of `input` the credential stands.
    fn found(&self, input: &Input<'_>, whole: Range<usize>) -> Found {
        if self.group == 0 {
            return Found { secret: whole.clone(), whole };
        }
        let mut captures: Captures = self.regex.create_captures();
        let narrowed = input.clone().span(whole.clone()).anchored(Anchored::Yes);
        self.regex.search_captures(&narrowed, &mut captures);
        let secret = captures.get_group(self.group).map_or(whole.clone(), |group| group.range());
        Found { secret, whole }
    }
}

/// How every match of `hir` starts with one of `anchors`; none when it may start otherwise.
fn start_at_anchor(hir: &Hir, anchors: &[String]) -> Option<Case> {
    let prefixes = Extractor::new().extract(hir);
    let literals = prefixes.literals().filter(|literals| !literals.is_empty())?;
    let heads = |same: &dyn Fn(&[u8], &[u8]) -> bool| {
        let begins = |literal: &[u8]| {
            anchors.iter().any(|anchor| literal.get(..anchor.len()).is_some_and(|head| same(head, anchor.as_bytes())))
        };
        literals.iter().all(|literal| begins(literal.as_bytes()))
    };
    if heads(&|head, anchor| head == anchor) {
        Some(Case::Exact)
    } else {
        heads(&<[u8]>::eq_ignore_ascii_case).then_some(Case::Any)
    }
}

/// Whether `at` stands within a run of the characters that tokens are made of. A long token that is looked for at its start is
/// not looked for again at every place where its first letters happen to recur.
fn is_inside_run(text: &[u8], at: usize) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    text.get(at).is_some_and(u8::is_ascii_alphanumeric) && at.checked_sub(1).is_some_and(|before| is_part(text[before]))
}

/// Where the second line end behind `from` stands: the end of the line after the one that holds `from`.
fn second_newline(text: &[u8], from: usize) -> usize {
    memchr::memchr_iter(b'\n', &text[from..]).nth(1).map_or(text.len(), |at| from + at)
}
