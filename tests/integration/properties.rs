//! What holds for any text.

use keyward::location::LineIndex;
use keyward::rule::{RuleSet, file};
use keyward::scan::value::is_placeholder;
use keyward::scan::{Match, Scanner};
use keyward::secret::{Fingerprint, FingerprintKey, Secret};
use proptest::collection::vec;
use proptest::prelude::*;
use std::sync::LazyLock;

/// A rule whose matches a loop over a regular expression finds as well.
const RULE: &str = r#"
[provider]
id = "acme"
name = "Acme"
url = "https://acme.example"

[[rule]]
id = "acme-api-key"
name = "Acme API key"
severity = "high"
confidence = "high"
anchors = ["acme_", "emca-"]
pattern = '\b(?<secret>(?:acme_|emca-)[0-9a-z]{8,12})\b'
documentation = "https://acme.example/keys"
revoke = "Delete it."
rotate = "Make another."
examples = ['acme_{{base36:8}}']
non_examples = ['acme_key']
"#;

static SCANNER: LazyLock<Scanner> = LazyLock::new(|| {
    let rules = file::parse(RULE).expect("the rule is one");
    Scanner::new(RuleSet::new(rules).expect("it is alone"), 0.5).expect("it runs")
});

/// Texts that are full of what lines and characters can be.
fn text() -> impl Strategy<Value = String> {
    let part = prop_oneof!["\n", "\r\n", "\r", "[a-z ]{0,5}", "ä", "🔑", "\u{feff}", "\u{0}", "\t"];
    vec(part, 0..40).prop_map(|parts| parts.concat())
}

/// Texts in which the rule matches, nearly matches, and matches against its neighbours.
fn bait() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        "acme_",
        "emca-",
        "ACME_",
        "acme_[0-9a-z]{7,13}",
        "emca-[0-9a-z]{8}",
        "[0-9a-z]{1,9}",
        " ",
        "\n",
        "_",
        "-",
        "é"
    ];
    vec(part, 0..30).prop_map(|parts| parts.concat())
}

fn secrets(matches: &[Match]) -> Vec<std::ops::Range<usize>> {
    let mut secrets: Vec<_> = matches.iter().map(|found| found.secret.clone()).collect();
    secrets.sort_by_key(|secret| secret.start);
    secrets
}

proptest! {
    #[test]
    fn positions_count_lines_and_code_points(text in text()) {
        let index = LineIndex::new(text.as_bytes());
        for (offset, _) in text.char_indices() {
            let before = &text[..offset];
            let line = before.matches('\n').count() as u64 + 1;
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count() as u64 + 1;
            let found = index.position(text.as_bytes(), offset);
            prop_assert_eq!((found.line, found.column), (line, column));
        }
    }

    #[test]
    fn the_matcher_finds_what_a_loop_over_the_pattern_finds(text in bait()) {
        let pattern = r"\b(?<secret>(?:acme_|emca-)[0-9a-z]{8,12})\b";
        let pattern = regex::bytes::RegexBuilder::new(pattern).unicode(false).build().expect("it is a pattern");
        let naive: Vec<_> = pattern
            .captures_iter(text.as_bytes())
            .filter_map(|captures| captures.name("secret").map(|secret| secret.range()))
            .filter(|secret| !is_placeholder(&text.as_bytes()[secret.clone()]))
            .collect();
        let mut found = Vec::new();
        SCANNER.matches(text.as_bytes(), 0..text.len(), &mut found);
        prop_assert_eq!(secrets(&found), naive);
    }

    #[test]
    fn pieces_find_what_the_whole_finds(text in bait(), cut in any::<prop::sample::Index>()) {
        let cut = cut.index(text.len() + 1);
        let (mut whole, mut pieces) = (Vec::new(), Vec::new());
        SCANNER.matches(text.as_bytes(), 0..text.len(), &mut whole);
        SCANNER.matches(text.as_bytes(), 0..cut, &mut pieces);
        SCANNER.matches(text.as_bytes(), cut..text.len(), &mut pieces);
        prop_assert_eq!(secrets(&whole), secrets(&pieces));
    }

    #[test]
    fn previews_show_a_quarter_at_most(secret in "[ -~]{1,80}", prefix in 0..100usize) {
        let shown = Secret::new(secret.as_bytes()).preview(prefix).to_string();
        let head = shown.strip_suffix("********").expect("a preview ends in stars");
        prop_assert!(head.len() <= secret.len() / 4 && head.len() <= prefix);
        prop_assert!(secret.replace(' ', "").starts_with(head) || head.is_empty());
    }

    #[test]
    fn fingerprints_read_back_and_tell_secrets_and_keys_apart(one in "[ -~]{1,40}", other in "[ -~]{1,40}") {
        let key = FingerprintKey::new(b"key");
        let print = |key: &FingerprintKey, text: &str| key.fingerprint(&Secret::new(text.as_bytes()));
        let own = print(&key, &one);
        prop_assert_eq!(Fingerprint::parse(&own.to_string()), Some(own));
        prop_assert_eq!(own == print(&key, &other), one == other);
        prop_assert_ne!(own, print(&FingerprintKey::new(b"another"), &one));
    }
}
