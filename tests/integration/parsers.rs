//! What the fuzz targets run, on a corpus that is always the same: nothing panics, and pieces say what the whole says.

use keyward::rule::{RuleSet, file};
use keyward::scan::Scanner;

/// Texts that configurations and rule files are made of.
const SEEDS: [&str; 6] = [
    "[scan]\nconfidence = 'low'\nmax-file-size = '10M'\n",
    "[rules]\n'generic-*' = false\n[rules.generic-password]\nseverity = 'low'\n",
    "[[allow]]\nreason = 'x'\npath = ['a/**', '*.md']\nvalue = '^a+$'\n",
    include_str!("../../rules/github.toml"),
    include_str!("../../rules/generic.toml"),
    "\u{feff}a = [1, {b = \"\\u00e4\"}]\r\n",
];

/// A generator of numbers that are random and always the same.
struct Noise(u64);

impl Noise {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below.max(1)
    }
}

/// `text` with some characters left out, doubled and swapped for ones that mean something.
fn bend(text: &str, noise: &mut Noise) -> String {
    const SIGNS: [char; 14] = ['[', ']', '=', '"', '\'', '\n', '{', '}', '\\', '(', '*', '\u{0}', 'ä', '9'];
    let mut characters: Vec<char> = text.chars().take(4000).collect();
    for _ in 0..=noise.next(6) {
        let at = noise.next(characters.len());
        match noise.next(3) {
            0 if !characters.is_empty() => drop(characters.remove(at)),
            1 => characters.insert(at, SIGNS[noise.next(SIGNS.len())]),
            _ => characters.truncate(at.max(10)),
        }
    }
    characters.into_iter().collect()
}

#[test]
fn bent_configurations_and_rule_files_are_read_or_refused() {
    let mut noise = Noise(1);
    let mut refused = 0;
    for round in 0..600 {
        let text = bend(SEEDS[round % SEEDS.len()], &mut noise);
        refused += usize::from(keyward::config::check(&text).is_err());
        if let Err(error) = file::parse(&text) {
            assert!(!error.to_string().is_empty());
        }
    }
    assert!(refused > 100, "only {refused} were refused: they are hardly bent");
}

#[test]
fn any_bytes_are_scanned_and_pieces_find_what_the_whole_finds() {
    let scanner = Scanner::new(RuleSet::built_in(), 0.5).expect("the built-in rules run");
    let mut noise = Noise(2);
    let words: Vec<String> = scanner
        .rules()
        .rules()
        .iter()
        .flat_map(|rule| {
            rule.examples.iter().enumerate().filter_map(|(at, text)| keyward::scan::check::expand(rule, at, text).ok())
        })
        .collect();
    let mut found = 0;
    for _ in 0..60 {
        let mut text = Vec::new();
        for _ in 0..noise.next(8) {
            let word = &words[noise.next(words.len())];
            let bent = if noise.next(3) == 0 { bend(word, &mut noise) } else { word.clone() };
            text.extend(bent.bytes());
            text.extend((0..noise.next(40)).map(|_| noise.next(256) as u8));
        }
        found += assert_pieces_agree(&scanner, &text, noise.next(text.len()));
    }
    assert!(found > 50, "only {found} matches: the corpus says little");
}

/// Holds what is found in `text` against what is found in its two parts around `cut`; returns how much it is.
fn assert_pieces_agree(scanner: &Scanner, text: &[u8], cut: usize) -> usize {
    let (mut whole, mut pieces) = (Vec::new(), Vec::new());
    scanner.matches(text, 0..text.len(), &mut whole);
    scanner.matches(text, 0..cut, &mut pieces);
    scanner.matches(text, cut..text.len(), &mut pieces);
    let key = |found: &keyward::scan::Match| (found.secret.start, found.secret.end, found.rule);
    let keys = |matches: &[keyward::scan::Match]| {
        let mut keys: Vec<_> = matches.iter().map(key).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    };
    assert_eq!(keys(&whole), keys(&pieces), "cut at {cut} of {:?}", String::from_utf8_lossy(text));
    whole.len()
}
