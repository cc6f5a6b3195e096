//! Texts against rules: which bytes look like which credential.
//!
//! Work is done in two stages. [`Scanner::matches`] is local: whether there is a match at an anchor depends on the bytes within
//! the rule's reach of it and on nothing else, so a text can be scanned in pieces, and a history by what each delta adds.
//! [`examine::examine`] takes the matches of a whole text and does what needs more: overlaps, companions, paths, directives.

pub mod allow;
pub mod assignment;
pub mod blob;
pub mod check;
pub mod collect;
mod detector;
pub mod directive;
pub mod examine;
pub mod history;
pub mod judge;
mod prefilter;
pub mod text;
pub mod value;

use crate::rule::{Confidence, Reach, Rule, RuleSet, Shape};
use assignment::{Candidate, Operator};
use detector::{Detector, PatternError};
use globset::{Glob, GlobSet, GlobSetBuilder};
use prefilter::Prefilter;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::ops::Range;

/// One place in a text where a rule holds. Offsets into the text it was found in.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    /// Index of the rule in the scanner's rule set.
    pub rule: u32,
    /// The literal that led here.
    pub anchor: Range<usize>,
    /// The credential.
    pub secret: Range<usize>,
    /// The credential with what the pattern matched around it.
    pub whole: Range<usize>,
    /// How likely the judge thinks this is a credential; none where the format itself decides.
    pub probability: Option<f32>,
}

/// A place in a text where some rule's literal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Anchor {
    /// Offset of its first byte.
    pub start: usize,
    /// Which literal, by its number in the scanner.
    pub literal: u32,
}

/// Rules made ready to run. Built once, shared by all threads.
pub struct Scanner {
    rules: RuleSet,
    detectors: Vec<Detector>,
    prefilter: Prefilter,
    /// For each literal of the prefilter, the rules it leads to.
    triggers: Vec<Vec<u32>>,
    /// For each literal, how far the rules look that it leads to.
    reaches: Vec<Reach>,
    /// For each rule, the paths it is limited to.
    paths: Vec<PathFilter>,
    /// Judged values below this probability are no matches.
    cut: f32,
}

/// Why rules cannot be run.
#[derive(Debug)]
pub struct ScannerError {
    rule: String,
    source: PatternError,
}

impl std::fmt::Display for ScannerError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "rule {}: {}", self.rule, self.source)
    }
}

impl std::error::Error for ScannerError {}

impl Scanner {
    /// Makes `rules` ready. Patterns compile when first needed; [`Scanner::compile`] shows a mistake before.
    ///
    /// `cut` is the least probability at which a judged value is a match.
    ///
    /// # Errors
    /// Names the first rule whose path globs cannot be read.
    pub fn new(rules: RuleSet, cut: f32) -> Result<Self, ScannerError> {
        let mut literals: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        for (index, rule) in rules.rules().iter().enumerate() {
            for literal in anchors_of(rule) {
                literals.entry(literal.to_ascii_lowercase()).or_default().push(index as u32);
            }
        }
        let (literals, triggers): (Vec<String>, Vec<Vec<u32>>) = literals.into_iter().unzip();
        let detectors = rules.rules().iter().map(Detector::new).collect();
        let paths = rules.rules().iter().map(PathFilter::new).collect::<Result<_, _>>()?;
        let is_far = |&rule: &u32| rules.rules()[rule as usize].reach == Reach::Far;
        let reaches = triggers.iter().map(|led| if led.iter().any(is_far) { Reach::Far } else { Reach::Near }).collect();
        Ok(Self { prefilter: Prefilter::new(&literals), triggers, reaches, detectors, paths, rules, cut })
    }

    /// Compiles the pattern of the rule with this index now.
    ///
    /// # Errors
    /// When it is no regular expression, or can match more than the rule's reach.
    pub fn compile(&self, rule: u32) -> Result<(), ScannerError> {
        let id = &self.rules.rules()[rule as usize].id;
        self.detectors[rule as usize].compile().map_err(|source| ScannerError { rule: id.clone(), source })
    }

    /// The rules, by the index that a [`Match`] holds.
    pub fn rules(&self) -> &RuleSet {
        &self.rules
    }

    /// Whether the rule of `found` applies to files at `path`.
    pub fn applies_to(&self, found: &Match, path: &str) -> bool {
        self.rule_applies_to(found.rule, path)
    }

    /// Whether the rule with this index applies to files at `path`.
    pub fn rule_applies_to(&self, rule: u32, path: &str) -> bool {
        self.paths[rule as usize].admits(path)
    }

    /// The rule of `found`.
    pub fn rule(&self, found: &Match) -> &Rule {
        &self.rules.rules()[found.rule as usize]
    }

    /// A digest of all that decides what matches: rules, judge, this version of the program, and the `least` confidence followed.
    pub fn signature(&self, least: Confidence) -> [u8; 32] {
        // Rules came from bytes of this very form.
        let rules = postcard::to_allocvec(self.rules.rules()).expect("rules hold plain data only");
        let digest =
            Sha256::new().chain_update(env!("CARGO_PKG_VERSION")).chain_update(judge::MODEL).chain_update(self.cut.to_le_bytes());
        digest.chain_update([least as u8]).chain_update(rules).finalize().into()
    }

    /// Appends the matches of `text` whose anchors start within `core`, in no particular order.
    ///
    /// What lies outside `core` is looked at only as far as the reach of a rule.
    pub fn matches(&self, text: &[u8], core: Range<usize>, out: &mut Vec<Match>) {
        let first = out.len();
        self.anchors(text, core, |anchor| self.matches_at(text, anchor, out));
        distinct(out, first);
    }

    /// Calls `found` for every anchor that starts within `core`, in no particular order, each once. Whether there is one depends
    /// on its own bytes alone.
    pub fn anchors(&self, text: &[u8], core: Range<usize>, mut found: impl FnMut(Anchor)) {
        self.prefilter.find(text, core, |hit| found(Anchor { start: hit.position, literal: hit.literal }));
    }

    /// Appends the matches of all rules at `anchor`; another anchor may lead to the same ones. They depend on the bytes within
    /// [`Scanner::reach`] of the anchor alone.
    pub fn matches_at(&self, text: &[u8], anchor: Anchor, out: &mut Vec<Match>) {
        let place = anchor.start..anchor.start + self.anchor_length(anchor);
        if is_drumming(text, &place) {
            return;
        }
        let mut candidates = Vec::new();
        let mut read = false;
        for &rule in &self.triggers[anchor.literal as usize] {
            let detector = &self.detectors[rule as usize];
            if let Detector::Pattern(pattern) = detector {
                pattern.matches(text, rule, &place, out);
                continue;
            }
            if !read {
                assignment::candidates(text, place.clone(), &mut candidates);
                read = true;
            }
            match detector {
                Detector::Pattern(_) => {}
                Detector::Assignment(check) => {
                    out.extend(candidates.iter().filter_map(|candidate| self.judge(text, rule, check, &place, candidate)));
                }
                Detector::Listed(check, listed) => {
                    let known = candidates.iter().filter(|candidate| {
                        let value = &text[candidate.value.clone()];
                        candidate.operator != Operator::Nearby && listed.holds(value) && check.holds(value)
                    });
                    out.extend(known.map(|candidate| match_of(rule, &place, candidate, None)));
                }
            }
        }
    }

    /// How many bytes an anchor has.
    pub fn anchor_length(&self, anchor: Anchor) -> usize {
        self.prefilter.literal(anchor.literal).len()
    }

    /// How many bytes the longest anchor has.
    pub fn longest_anchor(&self) -> usize {
        self.prefilter.longest()
    }

    /// How far from an anchor the rules look that it leads to.
    pub fn reach(&self, anchor: Anchor) -> Reach {
        self.reaches[anchor.literal as usize]
    }

    /// The match that `candidate` makes for `rule`, if the judge believes it.
    fn judge(
        &self,
        text: &[u8],
        rule: u32,
        check: &detector::ValueCheck,
        anchor: &Range<usize>,
        candidate: &Candidate,
    ) -> Option<Match> {
        if !check.holds(&text[candidate.value.clone()]) {
            return None;
        }
        let probability = judge::probability(text, candidate);
        (probability >= self.cut).then(|| match_of(rule, anchor, candidate, Some(probability)))
    }

    /// Calls `visit` with every value beside a telling name, believed or not, and the rule that it would be found by.
    pub fn candidates(&self, text: &[u8], mut visit: impl FnMut(&Rule, &Candidate)) {
        let mut candidates = Vec::new();
        self.prefilter.find(text, 0..text.len(), |hit| {
            let anchor = hit.position..hit.position + self.prefilter.literal(hit.literal).len();
            for &rule in &self.triggers[hit.literal as usize] {
                if let Detector::Assignment(_) = self.detectors[rule as usize] {
                    candidates.clear();
                    assignment::candidates(text, anchor.clone(), &mut candidates);
                    candidates.iter().for_each(|candidate| visit(&self.rules.rules()[rule as usize], candidate));
                }
            }
        });
    }
}

/// The match that `candidate` makes for `rule`.
fn match_of(rule: u32, anchor: &Range<usize>, candidate: &Candidate, probability: Option<f32>) -> Match {
    let whole = candidate.name.start.min(candidate.value.start)..candidate.value.end.max(candidate.name.end);
    Match { rule, anchor: anchor.clone(), secret: candidate.value.clone(), whole, probability }
}

/// How often an anchor may stand in the [`Reach::NEAR`] bytes before itself. Even a bare list of the shortest keys holds fewer.
const MOST_REPEATS: usize = 26;

/// Whether the same anchor comes again and again just before `anchor`: filler, or a text made to keep a scanner busy.
fn is_drumming(text: &[u8], anchor: &Range<usize>) -> bool {
    let same = &text[anchor.clone()];
    let stands_at = |start: Option<usize>| start.is_some_and(|start| &text[start..start + same.len()] == same);
    let repeats = |period: usize| (1..=3).all(|times| stands_at(anchor.start.checked_sub(times * period)));
    if (1..=4).any(repeats) {
        return true;
    }
    let before = &text[anchor.start.saturating_sub(Reach::NEAR)..anchor.start];
    before.len() > MOST_REPEATS * same.len() && memchr::memmem::find_iter(before, same).nth(MOST_REPEATS - 1).is_some()
}

/// The paths a rule is limited to.
struct PathFilter {
    only: Option<GlobSet>,
    never: Option<GlobSet>,
}

impl PathFilter {
    fn new(rule: &Rule) -> Result<Self, ScannerError> {
        let set = |globs: &[String]| -> Result<Option<GlobSet>, ScannerError> {
            if globs.is_empty() {
                return Ok(None);
            }
            let wrong = |error: globset::Error| ScannerError { rule: rule.id.clone(), source: PatternError::from_glob(&error) };
            let mut builder = GlobSetBuilder::new();
            for glob in globs {
                builder.add(Glob::new(glob).map_err(wrong)?);
            }
            builder.build().map(Some).map_err(wrong)
        };
        Ok(Self { only: set(&rule.paths)?, never: set(&rule.exclude_paths)? })
    }

    fn admits(&self, path: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.is_match(path))
            && !self.never.as_ref().is_some_and(|never| never.is_match(path))
    }
}

/// The literals that lead to `rule`.
fn anchors_of(rule: &Rule) -> &[String] {
    match &rule.shape {
        Shape::Format { anchors, .. } => anchors,
        Shape::Near { words, .. } => words,
        Shape::Assignment { names, .. } => names,
    }
}

/// Leaves one of several matches of one rule for one secret: several anchors may lead to it.
fn distinct(matches: &mut Vec<Match>, first: usize) {
    let key = |found: &Match| (found.secret.start, found.secret.end, found.rule, found.anchor.start);
    matches[first..].sort_by_key(key);
    let mut tail = matches.split_off(first);
    tail.dedup_by(|later, earlier| later.rule == earlier.rule && later.secret == earlier.secret);
    matches.append(&mut tail);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::check::expand;

    /// A small generator of numbers that look random and are always the same.
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, limit: usize) -> usize {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) as usize % limit
        }
    }

    /// Examples of all rules, cut, joined and mixed with what stands around them in files.
    fn texts(scanner: &Scanner, count: usize) -> Vec<Vec<u8>> {
        let rules = scanner.rules().rules();
        let mut numbers = Numbers(11);
        let fillers = ["\n", " ", "\"", "key=", "\r\n", "https://", "ü", "# comment\n", "password: ", "\0", "-----", "=", "'"];
        let text = |numbers: &mut Numbers| {
            let mut text = Vec::new();
            for _ in 0..1 + numbers.below(6) {
                let rule = &rules[numbers.below(rules.len())];
                let number = numbers.below(rule.examples.len());
                let example = expand(rule, number, &rule.examples[number]).expect("the built-in examples expand").into_bytes();
                let cut = if numbers.below(4) == 0 { numbers.below(example.len()) } else { example.len() };
                text.extend_from_slice(&example[..cut]);
                (0..numbers.below(4)).for_each(|_| text.extend_from_slice(fillers[numbers.below(fillers.len())].as_bytes()));
            }
            text
        };
        (0..count).map(|_| text(&mut numbers)).collect()
    }

    fn matches(scanner: &Scanner, text: &[u8], cores: &[Range<usize>]) -> Vec<Match> {
        let mut found = Vec::new();
        cores.iter().for_each(|core| scanner.matches(text, core.clone(), &mut found));
        distinct(&mut found, 0);
        found
    }

    #[test]
    fn a_text_in_pieces_has_the_matches_of_the_whole() {
        let scanner = Scanner::new(RuleSet::built_in(), 0.5).expect("the built-in rules can be used");
        let mut numbers = Numbers(5);
        for text in texts(&scanner, 600) {
            let cut = numbers.below(text.len() + 1);
            let other = cut + numbers.below(text.len() - cut + 1);
            let whole = matches(&scanner, &text, &[0..text.len()]);
            let pieces = matches(&scanner, &text, &[other..text.len(), 0..cut, cut..other]);
            assert_eq!(whole, pieces, "{:?} cut at {cut} and {other}", String::from_utf8_lossy(&text));
        }
    }

    #[test]
    fn nothing_that_a_plain_regex_finds_is_lost() {
        let scanner = Scanner::new(RuleSet::built_in(), 0.5).expect("the built-in rules can be used");
        let rules = scanner.rules().rules();
        let plain: Vec<(usize, regex::bytes::Regex)> = (0..)
            .zip(rules)
            .filter_map(|(index, rule)| match &rule.shape {
                Shape::Format { pattern, .. } => {
                    let regex = regex::bytes::RegexBuilder::new(pattern).unicode(false).build();
                    Some((index, regex.expect("the built-in patterns compile")))
                }
                _ => None,
            })
            .collect();
        let mut compared = 0;
        for text in texts(&scanner, 300) {
            let found = matches(&scanner, &text, &[0..text.len()]);
            for (rule, regex) in &plain {
                for captures in regex.captures_iter(&text) {
                    let secret = captures.name("secret").or(captures.get(0)).map_or(0..0, |group| group.range());
                    if detector::ValueCheck::of(&rules[*rule]).holds(&text[secret.clone()]) {
                        compared += 1;
                        let known = found.iter().any(|found| found.rule as usize == *rule && found.secret == secret);
                        assert!(known, "{} {:?}", rules[*rule].id, String::from_utf8_lossy(&text));
                    }
                }
            }
        }
        assert!(compared > 100, "only {compared} matches were compared");
    }
}
