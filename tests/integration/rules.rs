//! `keyward rules`: what is looked for, and the proof that it is found.

use crate::common::{Project, Run, TOKEN_RULE};

const FILE: &str = r#"
[provider]
id = "acme"
name = "Acme"
url = "https://acme.example"

[[rule]]
id = "acme-api-key"
name = "Acme API key"
severity = "high"
confidence = "high"
anchors = ["acme_"]
pattern = '\b(?<secret>acme_[0-9a-z]{16})\b'
documentation = "https://acme.example/keys"
revoke = "Delete it."
rotate = "Make another."
examples = ['acme_{{base36:16}}']
non_examples = ['acme_key']
"#;

#[test]
fn the_built_in_rules_prove_themselves() {
    Run::new(["rules", "check"]).dir(Project::new().path()).code(0).has(" 0 faults");
}

#[test]
fn they_are_listed_and_shown() {
    let here = Project::new();
    here.run(["rules", "list"]).code(0).has(TOKEN_RULE).has("generic-password");
    here.run(["rules", "show", TOKEN_RULE]).code(0).has("GitHub").has("critical").has("revoke").has("ghp_");
    here.run(["rules", "show", "no-such-rule"]).code(2).says("no-such-rule").says("keyward rules list");
}

#[test]
fn more_are_read_from_a_folder_or_a_file() {
    let project = Project::new();
    project.file("rules/acme.toml", FILE).file("a.txt", "acme_0f3k9d7s6b2q1z8x");
    project.run(["rules", "check", "--rules", "rules"]).code(0).has(" rules, ").lacks("acme-api-key:");
    project.run(["rules", "show", "acme-api-key", "--rules", "rules/acme.toml"]).code(0);
    project.scan().args(["--rules", "rules", "a.txt"]).code(1).has("acme-api-key");
    project.scan().arg("a.txt").code(0);
    project.folder("none").scan().args(["--rules", "none"]).code(2).says("no .toml file");
}

#[test]
fn a_rule_that_cannot_prove_itself_is_1() {
    let project = Project::new();
    project.file("acme.toml", FILE.replace("acme_{{base36:16}}", "acme_{{base36:15}}"));
    project.run(["rules", "check", "--rules", "acme.toml"]).code(1).has("acme-api-key").has("does not find its example");
    project.file("acme.toml", FILE.replace("'acme_key'", "'acme_{{base36:16}}'"));
    project.run(["rules", "check", "--rules", "acme.toml"]).code(1).has("finds its non-example");
}

#[test]
fn mistakes_in_a_file_are_2_and_name_it() {
    let project = Project::new();
    project.file("acme.toml", FILE.replace("severity", "sevrity"));
    project.run(["rules", "list", "--rules", "acme.toml"]).code(2).says("acme.toml").says("sevrity");
    project.file("acme.toml", FILE.replace("acme-api-key", TOKEN_RULE).replace("\"acme\"", "\"github\""));
    project.run(["rules", "list", "--rules", "acme.toml"]).code(2).says(TOKEN_RULE);
}
