//! Any text is a rule file or is refused; rules that are read can be made ready to run, or are refused then.
#![no_main]

use keyward::rule::{RuleSet, file};
use keyward::scan::Scanner;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(rules) = file::parse(text) else { return };
    let count = rules.len();
    let Ok(rules) = RuleSet::new(rules) else { return };
    let Ok(scanner) = Scanner::new(rules, 0.5) else { return };
    for rule in 0..count {
        // Whether its pattern can be used is for the rule to know; finding out must not break anything.
        let _ = scanner.compile(rule as u32);
    }
});
