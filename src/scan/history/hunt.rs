//! The first stage over a history: every object is read in the order of its deltas, and only what a delta brings in is looked at.
//!
//! An anchor that a delta copies is an anchor still, and what the rules made of it holds as long as the bytes within their reach
//! were copied with it. So a text inherits anchors and matches from the one it was made from; new bytes are searched for
//! anchors, and rules run again only where the seams between old and new come within their reach.

use crate::rule::{Confidence, Shape};
use crate::scan::examine::confidence_of;
use crate::scan::text::{self, Encoding, Text};
use crate::scan::{Anchor, Match, Scanner};
use crate::source::history::cache::Sample;
use crate::source::history::delta::Copied;
use crate::source::history::graph::{Numbers, Record, TreeNote};
use crate::source::history::objects::{Damage, Kind, Number};
use crate::source::history::sets::Mark;
use crate::source::history::walk::{Change, Visit, Visitor};
use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Rules look one byte farther than their reach, to see whether a word ends there; a few more do no harm.
const SLACK: usize = 8;

/// How texts are searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thoroughness {
    /// What a delta copies is not searched again.
    Changes,
    /// Every text is searched in full. Finds the same, and proves it.
    Everything,
}

/// Searches all objects.
pub struct Hunt<'a> {
    pub scanner: &'a Scanner,
    pub numbers: Numbers<'a>,
    pub candidates: Candidates,
    pub thoroughness: Thoroughness,
    /// Matches below this are not followed.
    pub least: Confidence,
    /// For each object, whether an earlier run has told all of it; none when there was no such run.
    pub known: Option<Vec<bool>>,
}

/// Different secrets met, by rule and value. Values are kept as keyed hashes, under a key that ends with the run.
pub struct Candidates {
    hashers: [RandomState; 2],
    known: Mutex<Known>,
}

/// The candidates met so far.
#[derive(Default)]
struct Known {
    /// By rule and hashes of the value.
    marks: HashMap<(u32, u64, u64), Mark>,
    /// For each mark, where it was met first.
    samples: Vec<Sample>,
}

impl Default for Candidates {
    fn default() -> Self {
        Self { hashers: [RandomState::new(), RandomState::new()], known: Mutex::default() }
    }
}

impl Candidates {
    /// The mark of the value at `place` of `text`, the decoded text of `object`, found by `rule`. A new one if it is new.
    pub fn mark(&self, rule: u32, text: &[u8], place: &Range<usize>, object: Number) -> Mark {
        let key = self.key(rule, &text[place.clone()]);
        let mut known = self.lock();
        let Known { marks, samples } = &mut *known;
        *marks.entry(key).or_insert_with(|| {
            // Texts are never longer than the limit, which 32 bits hold.
            samples.push(Sample { rule, object, start: place.start as u32, end: place.end as u32 });
            (samples.len() - 1) as Mark
        })
    }

    /// The mark of a value that was met before.
    pub fn find(&self, rule: u32, secret: &[u8]) -> Option<Mark> {
        self.lock().marks.get(&self.key(rule, secret)).copied()
    }

    /// Takes in the candidates of an earlier run, whose marks are their places in `samples`.
    pub fn recall(&self, samples: Vec<Sample>) {
        self.lock().samples = samples;
    }

    /// Learns the value of a candidate of an earlier run.
    pub fn learn(&self, mark: Mark, rule: u32, secret: &[u8]) {
        self.lock().marks.insert(self.key(rule, secret), mark);
    }

    /// For each mark, where it was met.
    pub fn samples(&self) -> Vec<Sample> {
        self.lock().samples.clone()
    }

    fn key(&self, rule: u32, secret: &[u8]) -> (u32, u64, u64) {
        (rule, self.hashers[0].hash_one(secret), self.hashers[1].hash_one(secret))
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a visited object leaves for its deltas.
pub enum Note {
    Text(TextNote),
    Tree(TreeNote),
    /// Nothing that can be inherited: only what it holds.
    Opaque(Arc<[Mark]>),
}

impl Note {
    /// What a text holds.
    fn marks(&self) -> Option<&Arc<[Mark]>> {
        match self {
            Self::Text(note) => Some(&note.marks),
            Self::Opaque(marks) => Some(marks),
            Self::Tree(_) => None,
        }
    }
}

/// The anchors and matches of a text, both sorted by place.
#[derive(Default)]
pub struct TextNote {
    anchors: Vec<Place>,
    found: Vec<Found>,
    marks: Arc<[Mark]>,
}

/// An anchor, in little space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    start: u32,
    literal: u32,
}

impl Place {
    fn anchor(self) -> Anchor {
        Anchor { start: self.start as usize, literal: self.literal }
    }

    /// The same anchor where `copy` took it.
    fn moved(self, copy: &Copied) -> Self {
        Self { start: (self.start as usize - copy.from + copy.to) as u32, ..self }
    }
}

/// What a rule found at an anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Found {
    place: Place,
    mark: Mark,
    /// Whether it holds in machine data, too.
    format: bool,
}

/// What a worker gathers.
#[derive(Default)]
pub struct Desk {
    pub record: Record,
    /// The texts with matches, and what matched.
    pub marked: Vec<(Number, Arc<[Mark]>)>,
    pub lost: Vec<(Number, Damage)>,
    pub objects: u64,
    pub bytes: u64,
    matches: Vec<Match>,
}

impl Visitor for Hunt<'_> {
    type Note = Note;
    type Desk = Desk;

    fn visit(&self, desk: &mut Desk, visit: Visit<'_, Note>) -> Note {
        let before = desk.record.measure();
        let note = self.look(desk, &visit);
        if self.known.as_ref().is_some_and(|known| known[visit.number as usize]) {
            // It was only read because others are made from it.
            desk.record.forget_since(before);
        } else if self.numbers.is_first(visit.number) {
            desk.objects += 1;
            desk.bytes += visit.text.len() as u64;
            if let Some(marks) = note.marks().filter(|marks| !marks.is_empty()) {
                desk.marked.push((visit.number, Arc::clone(marks)));
            }
        }
        note
    }

    fn lost(&self, desk: &mut Desk, number: Number, damage: Damage) {
        desk.lost.push((number, damage));
    }
}

impl Hunt<'_> {
    /// Records a commit, tag or tree, and searches any text.
    fn look(&self, desk: &mut Desk, visit: &Visit<'_, Note>) -> Note {
        let recorded = match visit.kind {
            Kind::Tree => {
                let base = visit.change.as_ref().and_then(|change| match change.note {
                    Note::Tree(note) => Some((change.base, note, change.copies)),
                    _ => None,
                });
                match desk.record.add_tree(&self.numbers, visit.number, visit.text, base) {
                    Ok(note) => return Note::Tree(note),
                    Err(damage) => Err(damage),
                }
            }
            Kind::Commit => desk.record.add_commit(&self.numbers, visit.number, visit.text),
            Kind::Tag => desk.record.add_tag(&self.numbers, visit.number, visit.text),
            Kind::Blob => Ok(()),
        };
        if let Err(damage) = recorded {
            desk.lost.push((visit.number, damage));
        }
        if visit.kind == Kind::Tree { Note::Opaque(Arc::default()) } else { self.search(desk, visit) }
    }

    /// Searches a text, and notes what it holds.
    fn search(&self, desk: &mut Desk, visit: &Visit<'_, Note>) -> Note {
        if text::detect(visit.text) != (Encoding::Bytes, 0) {
            let decoded = Text::new(visit.text);
            return Note::Opaque(self.search_whole(desk, visit.number, &decoded.bytes).marks);
        }
        Note::Text(match &visit.change {
            Some(Change { note: Note::Text(base), text, copies, .. }) if self.thoroughness == Thoroughness::Changes => {
                self.search_changes(desk, visit.number, visit.text, Ancestor { text, note: base, copies })
            }
            _ => self.search_whole(desk, visit.number, visit.text),
        })
    }

    fn search_whole(&self, desk: &mut Desk, number: Number, text: &[u8]) -> TextNote {
        let mut note = TextNote::default();
        self.add_anchors(text, 0..text.len(), &mut note.anchors);
        for index in 0..note.anchors.len() {
            self.evaluate(desk, number, text, note.anchors[index], &mut note.found);
        }
        note.marks = marks_of(text, &note.found, None);
        note
    }

    /// Searches what is new in a text.
    fn search_changes(&self, desk: &mut Desk, number: Number, text: &[u8], base: Ancestor<'_>) -> TextNote {
        let mut note = TextNote::default();
        let mut at = 0;
        let margin = self.scanner.longest_anchor().saturating_sub(1);
        for copy in base.copies {
            // An anchor that starts before this place is copied whole.
            let safe =
                if base.ends_with(copy, text) { copy.to + copy.length } else { copy.to + copy.length.saturating_sub(margin) };
            self.add_anchors(text, at..copy.to, &mut note.anchors);
            let anchors = base.note.anchors_within(copy.from, copy.from + (safe - copy.to));
            note.anchors.extend(anchors.iter().map(|place| place.moved(copy)));
            at = safe;
        }
        self.add_anchors(text, at..text.len(), &mut note.anchors);
        for copy in base.copies {
            let found = base.note.found_within(copy.from, copy.from + copy.length);
            let moved = found.iter().map(|found| Found { place: found.place.moved(copy), ..*found });
            note.found.extend(moved.filter(|found| self.is_untouched(found.place, copy, &base, text)));
        }
        let mut copies = base.copies.iter().peekable();
        for &place in &note.anchors {
            while copies.next_if(|copy| copy.to + copy.length <= place.start as usize).is_some() {}
            if !copies.peek().is_some_and(|copy| self.is_untouched(place, copy, &base, text)) {
                self.evaluate(desk, number, text, place, &mut note.found);
            }
        }
        note.found.sort_unstable();
        note.marks = marks_of(text, &note.found, Some(&base.note.marks));
        note
    }

    /// Whether all that rules look at around an anchor was copied by `copy`. A text's own start and end count as well.
    fn is_untouched(&self, place: Place, copy: &Copied, base: &Ancestor<'_>, text: &[u8]) -> bool {
        let anchor = place.anchor();
        let reach = self.scanner.reach(anchor).bytes() + SLACK;
        let end = anchor.start + self.scanner.anchor_length(anchor);
        let starts = anchor.start >= copy.to + if copy.to == 0 && copy.from == 0 { 0 } else { reach };
        let ends = if base.ends_with(copy, text) { end <= copy.to + copy.length } else { end + reach <= copy.to + copy.length };
        starts && ends
    }

    /// Appends the anchors that start within `core`, sorted.
    fn add_anchors(&self, text: &[u8], core: Range<usize>, anchors: &mut Vec<Place>) {
        if core.is_empty() {
            return;
        }
        let first = anchors.len();
        // Texts are never longer than the limit, which 32 bits hold.
        self.scanner.anchors(text, core, |anchor| anchors.push(Place { start: anchor.start as u32, literal: anchor.literal }));
        anchors[first..].sort_unstable();
    }

    /// Runs the rules of an anchor.
    fn evaluate(&self, desk: &mut Desk, number: Number, text: &[u8], place: Place, found: &mut Vec<Found>) {
        self.scanner.matches_at(text, place.anchor(), &mut desk.matches);
        for matched in desk.matches.drain(..) {
            let rule = self.scanner.rule(&matched);
            if matched.probability.map_or(rule.confidence, confidence_of) < self.least {
                continue;
            }
            let mark = self.candidates.mark(matched.rule, text, &matched.secret, number);
            found.push(Found { place, mark, format: matches!(rule.shape, Shape::Format { .. }) });
        }
    }
}

/// The text that another is a delta of.
#[derive(Clone, Copy)]
struct Ancestor<'a> {
    text: &'a [u8],
    note: &'a TextNote,
    copies: &'a [Copied],
}

impl Ancestor<'_> {
    /// Whether `copy` ends where both texts end.
    fn ends_with(&self, copy: &Copied, text: &[u8]) -> bool {
        copy.to + copy.length == text.len() && copy.from + copy.length == self.text.len()
    }
}

impl TextNote {
    /// The anchors that start between two offsets.
    fn anchors_within(&self, from: usize, to: usize) -> &[Place] {
        let first = self.anchors.partition_point(|place| (place.start as usize) < from);
        let count = self.anchors[first..].partition_point(|place| (place.start as usize) < to);
        &self.anchors[first..first + count]
    }

    /// What was found at anchors that start between two offsets.
    fn found_within(&self, from: usize, to: usize) -> &[Found] {
        let first = self.found.partition_point(|found| (found.place.start as usize) < from);
        let count = self.found[first..].partition_point(|found| (found.place.start as usize) < to);
        &self.found[first..first + count]
    }
}

/// The marks of what was found, sorted, each once; the very list of the `base` if it is the same. In machine data names and values
/// mean nothing, formats do.
fn marks_of(text: &[u8], found: &[Found], base: Option<&Arc<[Mark]>>) -> Arc<[Mark]> {
    if found.is_empty() {
        return base.filter(|base| base.is_empty()).cloned().unwrap_or_default();
    }
    let binary = text::is_binary(text);
    let mut marks: Vec<Mark> = found.iter().filter(|found| found.format || !binary).map(|found| found.mark).collect();
    marks.sort_unstable();
    marks.dedup();
    base.filter(|base| base[..] == marks[..]).cloned().unwrap_or_else(|| marks.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::{Checksum, RuleSet, template};
    use crate::source::history::objects::{Hash, ObjectStore};
    use std::path::Path;

    /// Numbers that look random and are the same in every run.
    struct Random(u64);

    impl Random {
        fn below(&mut self, bound: usize) -> usize {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) as usize % bound
        }

        /// Some bytes, now and then a secret or a part of one.
        fn bytes(&mut self) -> Vec<u8> {
            let seed = self.below(5).to_string();
            let fill =
                |text: &str| template::expand(text, &seed, &|text| Some(Checksum::Crc32Base62.complete(text))).expect("sound");
            let mut bytes = match self.below(9) {
                0 => fill("{{pem:RSA PRIVATE KEY}}\n"),
                1 => fill("token = \"ghp_{{base62:30}}{{checksum}}\"\n"),
                2 => fill("password: {{base62:20}}\n"),
                3 => fill("'{{jwt}}'"),
                4 => "x ".repeat(self.below(700)),
                5 => "\n".to_owned(),
                6 => format!("const NAME_{seed} = call(1, 2);\n").repeat(self.below(30)),
                _ => fill("ghp_{{base62:30}}{{checksum}}"),
            }
            .into_bytes();
            if self.below(3) == 0 {
                bytes.truncate(self.below(bytes.len() + 1));
            }
            bytes
        }

        /// A text made of copies of `base` and new bytes, and which parts are copies.
        fn derived(&mut self, base: &[u8]) -> (Vec<u8>, Vec<Copied>) {
            let (mut text, mut copies) = (Vec::new(), Vec::<Copied>::new());
            let mut from = 0;
            for _ in 0..1 + self.below(6) {
                if self.below(3) == 0 {
                    text.extend(self.bytes());
                }
                // Mostly onwards, as edits are; sometimes from anywhere.
                let start = if self.below(4) == 0 { self.below(base.len() + 1) } else { (from + self.below(60)).min(base.len()) };
                let whole = base.len() - start;
                let length = if self.below(3) == 0 { whole } else { self.below(whole + 1) };
                if length > 0 {
                    copies.push(Copied { from: start, to: text.len(), length });
                    text.extend_from_slice(&base[start..start + length]);
                }
                from = start + length;
            }
            (text, copies)
        }
    }

    #[test]
    fn what_is_inherited_is_what_a_search_finds() {
        let store = ObjectStore::open(Path::new("/nonexistent"), Hash::Sha1, &mut Vec::new()).expect("an empty store");
        let scanner = Scanner::new(RuleSet::built_in(), 0.5).expect("the built-in rules are sound");
        let hunt = Hunt {
            scanner: &scanner,
            numbers: Numbers::new(&store),
            candidates: Candidates::default(),
            thoroughness: Thoroughness::Changes,
            least: Confidence::Low,
            known: None,
        };
        let mut desk = Desk::default();
        let mut random = Random(11);
        let (mut inherited, mut found) = (0, 0);
        for _ in 0..60 {
            let mut base: Vec<u8> = (0..random.below(12)).flat_map(|_| random.bytes()).collect();
            let mut note = hunt.search_whole(&mut desk, 0, &base);
            for _ in 0..12 {
                let (text, copies) = random.derived(&base);
                let changed = hunt.search_changes(&mut desk, 0, &text, Ancestor { text: &base, note: &note, copies: &copies });
                let mut whole = hunt.search_whole(&mut desk, 0, &text);
                whole.found.sort_unstable();
                assert_eq!(changed.anchors, whole.anchors, "{copies:?}");
                assert_eq!(changed.found, whole.found, "{copies:?}\n{}", String::from_utf8_lossy(&text));
                assert_eq!(changed.marks, whole.marks);
                found += changed.found.len();
                inherited += usize::from(!changed.found.is_empty() && changed.found.len() == note.found.len());
                (base, note) = (text, changed);
                base.truncate(100_000);
                if base.len() == 100_000 {
                    note = hunt.search_whole(&mut desk, 0, &base);
                }
            }
        }
        assert!(found > 1000 && inherited > 20, "the texts hold secrets: {found} found, {inherited} inherited");
    }
}
