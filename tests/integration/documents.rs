//! Documents that are written by the program, or hold what it must understand: they cannot go stale.
//!
//! `UPDATE_DOCS=1 cargo test` rewrites the written ones.

use crate::common::Run;
use keyward::rule::{RuleSet, Shape};
use std::fs;
use std::path::{Path, PathBuf};

fn path_of(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn read(name: &str) -> String {
    fs::read_to_string(path_of(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Holds the file against what it should say, or rewrites it when asked to.
#[track_caller]
fn assert_current(name: &str, wanted: &str) {
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(path_of(name), wanted).expect("documents can be written");
    }
    let found = fs::read_to_string(path_of(name)).unwrap_or_default().replace("\r\n", "\n");
    assert!(found == wanted, "{name} is out of date; `UPDATE_DOCS=1 cargo test` rewrites it");
}

/// What stands between the fences of `language` in a document.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    text.split(&fence).skip(1).filter_map(|rest| rest.split_once("```").map(|(block, _)| block.to_owned())).collect()
}

#[test]
fn the_command_line_is_described_as_it_is() {
    assert_current("docs/cli.md", &keyward::commands::reference::markdown());
}

#[test]
fn the_rules_are_listed_as_they_are() {
    let rules = RuleSet::built_in();
    let mut page = format!(
        "# Rules\n\n{} rules of {} providers, written from the files under [`rules/`](../rules); `keyward rules show ID` says more of each.\n",
        rules.rules().len(),
        rules.rules().iter().map(|rule| &rule.provider.id).collect::<std::collections::BTreeSet<_>>().len(),
    );
    page.push_str("\n| id | name | severity | shape |\n|---|---|---|---|\n");
    for rule in rules.rules() {
        let shape = match rule.shape {
            Shape::Format { .. } if rule.checksum.is_some() => "own format, proven",
            Shape::Format { .. } => "own format",
            Shape::Near { .. } => "near a name",
            Shape::Assignment { .. } => "assignment",
        };
        page.push_str(&format!("| `{}` | {} | {} | {shape} |\n", rule.id, rule.name.replace('|', "\\|"), rule.severity));
    }
    assert_current("docs/rules-index.md", &page);
}

#[test]
fn every_configuration_in_the_documents_is_one() {
    let mut count = 0;
    for name in ["docs/configuration.md", "README.md"] {
        for block in blocks(&read(name), "toml") {
            count += 1;
            keyward::config::check(&block).unwrap_or_else(|error| panic!("{name}: {error}\n{block}"));
        }
    }
    assert!(count >= 8, "only {count} examples were seen");
}

#[test]
fn every_mistake_in_the_documents_is_told_as_they_say() {
    // A block of a configuration with a mistake, and behind it the block of what is said.
    let text = read("docs/configuration.md");
    let (wrong, told) = (blocks(&text, "toml,mistake"), blocks(&text, "text"));
    assert!(!wrong.is_empty() && wrong.len() <= told.len());
    for (wrong, told) in wrong.iter().zip(&told) {
        let error = keyward::config::check(wrong).expect_err("it is shown as a mistake").to_string();
        assert_eq!(format!("error: {error}"), told.trim_end());
    }
}

#[test]
fn the_output_in_the_readme_is_what_is_printed() {
    let readme = read("README.md");
    let (start, end) = ("<!-- demo -->\n```text\n", "```\n<!-- /demo -->");
    let (before, rest) = readme.split_once(start).expect("README.md has the block of the demo");
    let (shown, after) = rest.split_once(end).expect("README.md has the end of the block");
    let report = Run::new(["scan", "fixtures/demo", "--color", "never"]).dir(env!("CARGO_MANIFEST_DIR")).code(1).stdout;
    // How long it took is another each time.
    let stable = |text: &str| text.lines().map(without_time).collect::<Vec<_>>().join("\n");
    if std::env::var_os("UPDATE_DOCS").is_some() && stable(shown) != stable(&report) {
        fs::write(path_of("README.md"), format!("{before}{start}{report}{end}{after}")).expect("README.md can be written");
        return;
    }
    assert_eq!(stable(shown), stable(&report), "`UPDATE_DOCS=1 cargo test` rewrites it");
}

/// The line with every time in it as `…`.
fn without_time(line: &str) -> String {
    let is_time = |word: &str| {
        let word = word.trim_end_matches(['.', ',', ';', ')']);
        let number = word.trim_end_matches(|c: char| c.is_alphabetic() || c == 'µ');
        ["s", "ms", "µs"].contains(&&word[number.len()..]) && number.parse::<f64>().is_ok()
    };
    let words: Vec<&str> = line.split(' ').collect();
    let unit =
        |at: usize| words.get(at + 1).is_some_and(|next| ["s", "ms", "µs"].contains(&next.trim_end_matches(['.', ',', ';'])));
    let shown = words
        .iter()
        .enumerate()
        .map(|(at, word)| if is_time(word) || (unit(at) && word.parse::<f64>().is_ok()) { "…" } else { word });
    shown.collect::<Vec<_>>().join(" ")
}

#[test]
fn completions_and_the_manual_page_are_printed() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        Run::new(["completions", shell]).code(0).has("keyward").has("max-file-size");
    }
    let page = Run::new(["man"]).code(0).has(".TH keyward 1").has("max\\-file\\-size").has("KEYWARD SCAN");
    assert!(page.stdout.lines().count() > 100);
}
