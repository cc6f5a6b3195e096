//! Any bytes can be scanned, and two pieces of a text hold what the whole holds.
#![no_main]

use keyward::rule::RuleSet;
use keyward::scan::{Match, Scanner};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static SCANNER: LazyLock<Scanner> = LazyLock::new(|| Scanner::new(RuleSet::built_in(), 0.5).expect("the built-in rules run"));

/// What makes two matches the same.
fn keys(matches: &[Match]) -> Vec<(usize, usize, u32)> {
    let mut keys: Vec<_> = matches.iter().map(|found| (found.secret.start, found.secret.end, found.rule)).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

fuzz_target!(|input: (u16, &[u8])| {
    let (cut, text) = input;
    let cut = usize::from(cut).min(text.len());
    let (mut whole, mut pieces) = (Vec::new(), Vec::new());
    SCANNER.matches(text, 0..text.len(), &mut whole);
    SCANNER.matches(text, 0..cut, &mut pieces);
    SCANNER.matches(text, cut..text.len(), &mut pieces);
    assert_eq!(keys(&whole), keys(&pieces));
});
