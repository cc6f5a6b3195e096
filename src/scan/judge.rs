//! How likely the value beside a telling name is a credential.
//!
//! A candidate becomes some dozens of small integers ([`features`]): the shape of the value, the words of the name, how the two
//! are joined and what stands around them. A table of small decision trees, trained offline (`benches/judge`), turns them into
//! a probability. Everything is local, so the verdict on a place does not depend on how a text is cut up for scanning, and
//! everything is integers up to the last sum, so it is the same on every machine.

mod lexicon;
mod model;
mod shape;

use super::assignment::{Candidate, Operator};
use crate::rule::Reach;
use lexicon::NameGroup;
pub use model::MODEL;
use shape::Shape;
use std::ops::Range;

/// The least probability of a finding of low confidence.
pub const LOW: f32 = 0.2;
/// The least probability of a finding of medium confidence, what is reported by default: where precision and recall on the
/// development set balance best (`docs/accuracy.md`).
pub const MEDIUM: f32 = 0.42;
/// The least probability of a finding of high confidence.
pub const HIGH: f32 = 0.85;

/// How many features a candidate has.
pub const FEATURES: usize = FEATURE_NAMES.len();

/// What the features are called, in order.
pub const FEATURE_NAMES: [&str; 110] = [
    // The value.
    "length",
    "distinct",
    "entropy",
    "lower",
    "upper",
    "digits",
    "symbols",
    "blanks",
    "lower_share",
    "upper_share",
    "digit_share",
    "symbol_share",
    "changes_share",
    "longest_lower",
    "longest_digits",
    "longest_letters",
    "hex",
    "base64",
    "padding",
    "uuid",
    "first",
    "last",
    "dashes",
    "underscores",
    "dots",
    "slashes",
    "colons",
    "at_signs",
    "percents",
    "dollars",
    "brackets",
    "stars",
    "plus",
    "equals",
    "commas",
    "backslashes",
    "beyond_ascii",
    "most_frequent",
    "longest_repeat",
    "longest_count",
    "likeness",
    "likeness_least",
    "likeness_sum",
    "filler_share",
    "filler_words",
    "filler_all",
    "vowels",
    "consonants",
    "identifier",
    "humps",
    "dotted",
    "url",
    "path",
    "extension",
    "letters_then_digits",
    "same_as_name",
    "holds_name",
    "year",
    "sentence",
    "trailing_code",
    "case_pattern",
    "alternating",
    "structure",
    "basic_pair",
    // The name.
    "kind",
    "name_account",
    "name_api",
    "name_public",
    "name_crypto",
    "name_client",
    "name_session",
    "name_id",
    "name_place",
    "name_measure",
    "name_text",
    "name_field",
    "name_digest",
    "name_verb",
    "name_index",
    "name_vendor",
    "name_sample",
    "words_after",
    "words_before",
    "name_length",
    "name_case",
    "name_before",
    "name_first",
    "name_dotted",
    "keyword_at_end",
    "letters_after",
    // How they are joined.
    "operator",
    "quote",
    "gap",
    "blank_before",
    "blank_after",
    "wrapper",
    "after",
    "after_next",
    // The line and its surroundings.
    "line_before",
    "line_after",
    "line_first",
    "line_last",
    "comment",
    "quotes_before",
    "strings_between",
    "test_words",
    "repeats",
    "user_near",
    "call_line",
    "interpolated",
];

/// The probability, from zero to one, that the value of `candidate` is a credential.
pub fn probability(text: &[u8], candidate: &Candidate) -> f32 {
    model::evaluate(&features(text, candidate))
}

/// What the judge sees of a candidate. Looks at most [`Reach::NEAR`] bytes to either side of the keyword.
pub fn features(text: &[u8], candidate: &Candidate) -> [i16; FEATURES] {
    let window = candidate.keyword.start.saturating_sub(Reach::NEAR)..text.len().min(candidate.keyword.end + Reach::NEAR);
    let value = &text[candidate.value.clone()];
    let mut row = Row { cells: [0; FEATURES], filled: 0 };
    let shape = Shape::of(value);
    shape.fill(value, &text[candidate.name.clone()], |cell| row.push(cell));
    name_features(text, candidate, &mut row);
    joint_features(text, candidate, &mut row);
    line_features(text, candidate, &window, &mut row);
    debug_assert_eq!(row.filled, FEATURES);
    row.cells
}

/// The features of one candidate, being filled in.
struct Row {
    cells: [i16; FEATURES],
    filled: usize,
}

impl Row {
    fn push(&mut self, cell: i32) {
        self.cells[self.filled] = cell.clamp(-30_000, 30_000) as i16;
        self.filled += 1;
    }
}

/// What the words of the name say.
fn name_features(text: &[u8], candidate: &Candidate, row: &mut Row) {
    let name = &text[candidate.name.clone()];
    // A word that stands before the name (`curl`) counts as its start.
    let within = |at: usize| at.clamp(candidate.name.start, candidate.name.end) - candidate.name.start;
    let keyword = within(candidate.keyword.start)..within(candidate.keyword.end);
    let words = lexicon::name_words(name, &keyword);
    row.push(words.kind as i32);
    for group in NameGroup::ALL {
        row.push(i32::from(words.groups[group as usize]));
    }
    row.push(words.after);
    row.push(words.before);
    row.push(name.len() as i32);
    let lower = name.iter().any(u8::is_ascii_lowercase);
    let upper = name.iter().any(u8::is_ascii_uppercase);
    row.push(match (lower, upper) {
        (false, true) => 0,
        (true, false) => 1,
        (true, true) if name[0].is_ascii_uppercase() => 2,
        _ => 3,
    });
    row.push(byte_class(candidate.name.start.checked_sub(1).map_or(b'\n', |at| text[at])));
    row.push(byte_class(name[0]));
    row.push(name.iter().filter(|&&byte| byte == b'.').count() as i32);
    row.push(i32::from(keyword.end == name.len()));
    row.push(name[keyword.end..].iter().take_while(|byte| byte.is_ascii_alphabetic()).count() as i32);
}

/// How name and value are joined.
fn joint_features(text: &[u8], candidate: &Candidate, row: &mut Row) {
    let gap = candidate.name.end.min(candidate.value.start)..candidate.value.start;
    let between = &text[gap];
    row.push(candidate.operator as i32);
    row.push(candidate.quote as i32);
    row.push(between.len() as i32);
    let blank = |byte: Option<&u8>| i32::from(byte.is_some_and(u8::is_ascii_whitespace));
    row.push(blank(between.first()));
    let value_side = between.iter().rev().find(|byte| !matches!(byte, b'"' | b'\'' | b'`' | b'\\'));
    row.push(blank(value_side));
    row.push(lexicon::wrapper(&text[candidate.wrapper.clone()]));
    let after = |offset: usize| byte_class(text.get(candidate.value.end + offset).copied().unwrap_or(b'\n'));
    row.push(after(0));
    row.push(after(1));
}

/// What stands in the line, and near it.
fn line_features(text: &[u8], candidate: &Candidate, window: &Range<usize>, row: &mut Row) {
    let first = candidate.name.start.min(candidate.value.start);
    let head = &text[window.start..first];
    let line_start = window.start + memchr::memrchr(b'\n', head).map_or(0, |at| at + 1);
    let end = candidate.value.end.min(window.end);
    let tail = &text[end..window.end];
    let line_end = end + memchr::memchr(b'\n', tail).unwrap_or(tail.len());
    let before = &text[line_start..first];
    let after = &text[end..line_end];
    row.push(before.len().min(200) as i32);
    row.push(after.len().min(200) as i32);
    let starts = text[line_start..line_end].iter().find(|byte| !byte.is_ascii_whitespace());
    row.push(byte_class(starts.copied().unwrap_or(b'\n')));
    let ends = text[line_start..line_end].iter().rev().find(|byte| !byte.is_ascii_whitespace());
    row.push(byte_class(ends.copied().unwrap_or(b'\n')));
    let trimmed = before.trim_ascii_start();
    let comment = [b"//".as_slice(), b"#", b"*", b"--", b"/*", b"<!--", b";", b"%"].iter().any(|mark| trimmed.starts_with(mark));
    row.push(i32::from(comment));
    row.push(before.iter().filter(|byte| matches!(byte, b'"' | b'\'' | b'`')).count() as i32);
    let between = &text[candidate.name.end.min(candidate.value.start)..candidate.value.start];
    let strings = between.iter().filter(|byte| matches!(byte, b'"' | b'\'' | b'`')).count() as i32;
    row.push(strings);
    row.push(lexicon::count_test_words(before));
    let value = &text[candidate.value.clone()];
    let around = memchr::memmem::find_iter(&text[window.clone()], value).take(6).count() as i32;
    row.push(around);
    row.push(i32::from(lexicon::holds_user(&text[first.saturating_sub(160).max(window.start)..first])));
    let call =
        before.iter().filter(|&&byte| byte == b'(').count() as i32 - before.iter().filter(|&&byte| byte == b')').count() as i32;
    row.push(call.clamp(-3, 3));
    let interpolated = candidate.operator != Operator::Nearby && has_interpolation(value);
    row.push(i32::from(interpolated));
}

/// Whether something is put into the value at run time: `${a}`, `#{a}`, `{a}`, `%s`, `{{a}}`, `$a`.
fn has_interpolation(value: &[u8]) -> bool {
    let pairs = value
        .windows(2)
        .any(|pair| matches!(pair, b"${" | b"#{" | b"{{" | b"$(" | b"%s" | b"%d" | b"%v" | b"{}" | b"<%" | b"%{"));
    let braces = memchr::memchr(b'{', value).is_some_and(|open| {
        let inner =
            value[open + 1..].iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.')).count();
        inner > 0 && value.get(open + 1 + inner) == Some(&b'}')
    });
    pairs || braces
}

/// A small number for the role of a byte.
fn byte_class(byte: u8) -> i32 {
    match byte {
        b'\n' | b'\r' => 0,
        b' ' | b'\t' => 1,
        b'a'..=b'z' => 2,
        b'A'..=b'Z' => 3,
        b'0'..=b'9' => 4,
        b'"' => 5,
        b'\'' => 6,
        b'`' => 7,
        b',' => 8,
        b';' => 9,
        b')' => 10,
        b'(' => 11,
        b'{' => 12,
        b'}' => 13,
        b'[' => 14,
        b']' => 15,
        b'<' => 16,
        b'>' => 17,
        b'\\' => 18,
        b'#' => 19,
        b'/' => 20,
        b'*' => 21,
        b'-' => 22,
        b'_' => 23,
        b'.' => 24,
        b'$' => 25,
        b'@' => 26,
        b':' => 27,
        b'=' => 28,
        b'&' => 29,
        b'%' => 30,
        b'+' => 31,
        b'!' => 32,
        b'|' => 33,
        b'~' | b'^' | b'?' => 34,
        _ => 35,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::assignment::candidates;

    /// The best probability of a value beside `keyword` in `text`.
    fn judged(text: &str, keyword: &str) -> f32 {
        let start = text.to_ascii_lowercase().find(keyword).expect("the text holds the keyword");
        let mut found = Vec::new();
        candidates(text.as_bytes(), start..start + keyword.len(), &mut found);
        found.iter().map(|candidate| probability(text.as_bytes(), candidate)).fold(0.0, f32::max)
    }

    #[test]
    fn random_and_human_chosen_passwords_are_believed() {
        for value in ["q8Zr2LmW0pXv7TtB", "Harbor4521!", "violet-anchor-82", "x7#kP!9wQz$2"] {
            let text = format!("db_password: \"{value}\"");
            assert!(judged(&text, "pass") >= MEDIUM, "{text}: {}", judged(&text, "pass"));
        }
    }

    #[test]
    fn fillers_names_and_texts_are_not() {
        for text in [
            "password: \"password\"",
            "password = user.password;",
            "password = os.environ[\"DB_PASSWORD\"]",
            "password: \"Enter your password\"",
            "key: \"background-color\"",
            "token = \"test-token\"",
        ] {
            let keyword = ["pass", "key", "token"].into_iter().find(|keyword| text.starts_with(keyword)).expect("one starts it");
            assert!(judged(text, keyword) < MEDIUM, "{text}: {}", judged(text, keyword));
        }
    }

    #[test]
    fn only_the_reach_counts() {
        let line = "password = \"Harbor4521!\"";
        let near = format!("{}\n{line}\n{}", "x ".repeat(400), "y ".repeat(400));
        let far = format!("user = 'Harbor4521!'\n{near}token = 'Harbor4521!'");
        assert_eq!(judged(&near, "pass").to_bits(), judged(&far, "pass").to_bits());
    }
}
