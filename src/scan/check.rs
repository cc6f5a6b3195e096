//! Proves rules by their own examples.

use super::examine::most_specific;
use super::{Match, Scanner};
use crate::rule::{Rule, Shape, template};
use std::fmt;

/// What is wrong with a rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    pub rule: String,
    pub kind: FaultKind,
}

/// The ways a rule can be wrong.
#[derive(Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Its pattern or globs cannot be used.
    Broken(String),
    /// An example or non-example has a placeholder that does not exist.
    Template(String),
    /// It does not find this example of its own.
    Misses(String),
    /// Other rules take this example of its own from it.
    Outranked { example: String, by: String },
    /// It finds this non-example.
    Finds(String),
    /// Its companion is no rule.
    NoCompanion(String),
    /// A path that its examples would stand at cannot be made from its globs.
    NoPath,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.rule)?;
        match &self.kind {
            FaultKind::Broken(reason) => f.write_str(reason),
            FaultKind::Template(reason) => f.write_str(reason),
            FaultKind::Misses(example) => write!(f, "does not find its example {example}"),
            FaultKind::Outranked { example, by } => write!(f, "loses its example to {by}: {example}"),
            FaultKind::Finds(example) => write!(f, "finds its non-example {example}"),
            FaultKind::NoCompanion(rule) => write!(f, "its companion {rule} is no rule"),
            FaultKind::NoPath => f.write_str("no path can be made from its globs; write one as **/name"),
        }
    }
}

/// An example that a second rule finds too, beside the one it belongs to.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Overlap {
    pub rule: String,
    pub also: String,
}

/// What checking a set of rules comes to.
#[derive(Debug, Default)]
pub struct Checked {
    pub rules: usize,
    pub examples: usize,
    pub faults: Vec<Fault>,
    pub overlaps: Vec<Overlap>,
}

/// Runs every example and non-example of every rule of `scanner`.
pub fn check(scanner: &Scanner) -> Checked {
    let mut checked = Checked { rules: scanner.rules().rules().len(), ..Checked::default() };
    for (index, rule) in scanner.rules().rules().iter().enumerate() {
        let mut faults = Vec::new();
        if let Err(reason) = scanner.compile(index as u32) {
            faults.push(FaultKind::Broken(reason.to_string()));
        }
        if let Some(companion) = rule.companion.as_ref().filter(|companion| scanner.rules().find(&companion.rule).is_none()) {
            faults.push(FaultKind::NoCompanion(companion.rule.clone()));
        }
        match sample_path(rule) {
            Some(path) => check_examples(scanner, index as u32, &path, &mut faults, &mut checked),
            None => faults.push(FaultKind::NoPath),
        }
        checked.faults.extend(faults.into_iter().map(|kind| Fault { rule: rule.id.clone(), kind }));
    }
    checked.overlaps.sort();
    checked.overlaps.dedup();
    checked
}

fn check_examples(scanner: &Scanner, index: u32, path: &str, faults: &mut Vec<FaultKind>, checked: &mut Checked) {
    let rule = &scanner.rules().rules()[index as usize];
    for (number, example) in rule.examples.iter().chain(&rule.non_examples).enumerate() {
        checked.examples += 1;
        let text = match expand(rule, number, example) {
            Ok(text) => text,
            Err(reason) => {
                faults.push(FaultKind::Template(reason));
                continue;
            }
        };
        let found = matches_at(scanner, text.as_bytes(), path);
        let own = found.iter().any(|found| found.rule == index);
        if number >= rule.examples.len() {
            if own {
                faults.push(FaultKind::Finds(example.clone()));
            }
            continue;
        }
        let specific = |found: &&Match| specific_shape(scanner.rule(found));
        let also = found.iter().filter(specific).filter(|found| found.rule != index).map(|found| scanner.rule(found).id.clone());
        checked.overlaps.extend(also.map(|also| Overlap { rule: rule.id.clone(), also }));
        if !own {
            faults.push(FaultKind::Misses(example.clone()));
        } else if specific_shape(rule) {
            let winners = most_specific(scanner, found);
            if !winners.iter().any(|winner| winner.rule == index) {
                let by: Vec<_> = winners.iter().map(|winner| scanner.rule(winner).id.as_str()).collect();
                faults.push(FaultKind::Outranked { example: example.clone(), by: by.join(", ") });
            }
        }
    }
}

/// Whether `rule` knows more than a telling name. One that does not gives way to any other, and losing to it is no fault.
fn specific_shape(rule: &Rule) -> bool {
    !matches!(rule.shape, Shape::Assignment { .. })
}

/// What stands in the place of `example`, the `number`th of `rule`.
///
/// # Errors
/// Names the placeholder that does not exist.
pub fn expand(rule: &Rule, number: usize, example: &str) -> Result<String, String> {
    let checksum = |token: &str| rule.checksum.map(|checksum| checksum.complete(token));
    template::expand(example, &format!("{} {number}", rule.id), &checksum).map_err(|error| error.to_string())
}

fn matches_at(scanner: &Scanner, text: &[u8], path: &str) -> Vec<Match> {
    let mut found = Vec::new();
    scanner.matches(text, 0..text.len(), &mut found);
    found.retain(|found| scanner.applies_to(found, path));
    found
}

/// A path that the rule applies to: its first glob with every star filled in.
fn sample_path(rule: &Rule) -> Option<String> {
    let Some(glob) = rule.paths.first() else { return Some("src/config.txt".into()) };
    let plain = glob.trim_start_matches("**/").replace("**", "x").replace('*', "x");
    let plain = match (plain.find('{'), plain.find('}')) {
        (Some(open), Some(close)) => {
            let first = plain[open + 1..close].split(',').next().unwrap_or_default();
            format!("{}{first}{}", &plain[..open], &plain[close + 1..])
        }
        _ => plain,
    };
    (!plain.contains(['?', '[', '{'])).then_some(plain)
}
