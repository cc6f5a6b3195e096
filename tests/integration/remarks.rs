//! Remarks in scanned texts that allow a finding.

use crate::common::{Project, TOKEN_RULE, token};

fn project(before: &str, after: &str) -> Project {
    let project = Project::new();
    project.file("a.txt", format!("{before}{}{after}\n", token("a")));
    project
}

#[test]
fn on_the_same_line_or_the_line_above() {
    project("", " # keyward:allow a test key").scan().code(0);
    project("# keyward:allow\n", "").scan().code(0);
    project("# keyward:allow\n\n", "").scan().code(1);
    project("", "\n# keyward:allow").scan().code(1);
    project("", "").scan().code(1);
}

#[test]
fn a_rule_narrows_it() {
    project("", &format!(" # keyward:allow {TOKEN_RULE} rotated")).scan().code(0);
    project("", " # keyward:allow aws-access-key-id rotated").scan().code(1);
}

#[test]
fn other_scanners_remarks_count_until_switched_off() {
    for marker in ["gitleaks:allow", "pragma: allowlist secret", "trufflehog:ignore", "ggignore"] {
        let project = project("", &format!(" # {marker}"));
        project.scan().code(0);
        project.file("keyward.toml", "[scan]\ninline-ignores = 'own'\n").scan().code(1);
    }
    let project = project("", " # keyward:allow");
    project.file("keyward.toml", "[scan]\ninline-ignores = 'own'\n").scan().code(0);
    project.file("keyward.toml", "[scan]\ninline-ignores = 'none'\n").scan().code(1);
    project.file("keyward.toml", "").scan().arg("--no-inline-ignores").code(1);
}
