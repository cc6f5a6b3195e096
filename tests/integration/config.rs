//! `keyward.toml`: where it is looked for, what it changes, and what is said about mistakes.

use crate::common::{Project, Run, TOKEN_RULE, token};

const OFF: &str = "[rules]\ngithub-personal-access-token = false\n";

#[test]
fn it_is_found_upwards_from_the_scanned_path() {
    let (project, elsewhere) = (Project::new(), Project::new());
    project.file("keyward.toml", OFF).file("sub/deep/a.txt", token("a"));
    elsewhere.scan().arg(project.path().join("sub/deep/a.txt")).code(0);
    elsewhere.scan().arg(project.path().join("sub")).code(0);
}

#[test]
fn the_search_ends_at_the_root_of_the_repository() {
    let project = Project::new();
    project.file("keyward.toml", OFF).folder("repository/.git").file("repository/a.txt", token("a"));
    project.scan().arg("repository").code(1);
}

#[test]
fn two_that_differ_are_refused() {
    let project = Project::new();
    project.file("a/keyward.toml", OFF).file("a/a.txt", "x").file("b/keyward.toml", "").file("b/b.txt", "x");
    project.scan().args(["a", "b"]).code(2).says("both apply").says("--config");
    project.scan().args(["a", "b", "--config", "a/keyward.toml"]).code(0);
}

#[test]
fn a_flag_beats_the_file() {
    let project = Project::new();
    project.file("a.txt", token("a")).file("keyward.toml", "[scan]\nfail-on = 'none'\n");
    project.scan().code(0).has(TOKEN_RULE);
    project.scan().args(["--fail-on", "low"]).code(1);
}

#[test]
fn allow_entries_set_findings_aside() {
    let project = Project::new();
    let (kept, allowed) = (token("kept"), token("allowed"));
    project.file("fixtures/a.txt", &allowed).file("src/a.txt", &kept);
    project.file("keyward.toml", "[[allow]]\nreason = 'made up'\npath = 'fixtures/**'\n");
    project.scan().code(1).has("src/a.txt").lacks("fixtures/a.txt");
    // The same from below: paths are relative to the file.
    project.scan().arg("fixtures").code(0);
    let value = format!("[[allow]]\nreason = 'made up'\nvalue = '^{kept}$'\nrule = '{TOKEN_RULE}'\n");
    project.file("keyward.toml", value).scan().code(1).has("fixtures/a.txt").lacks("src/a.txt");
}

#[test]
fn an_allowed_secret_stays_allowed_where_it_moves_and_another_in_its_place_is_found() {
    let project = Project::new();
    let secret = token("one");
    let key = keyward::secret::FingerprintKey::default();
    let fingerprint = key.fingerprint(&keyward::secret::Secret::new(secret.as_bytes()));
    project.file("keyward.toml", format!("[[allow]]\nreason = 'revoked'\nfingerprint = '{fingerprint}'\n"));
    project.file("a.txt", &secret).scan().code(0);
    project.file("a.txt", format!("\r\n\r\n  moved = {secret}\r\n")).scan().code(0);
    project.file("a.txt", token("another")).scan().code(1);
    // Under a key of one's own every fingerprint is another.
    project.file("a.txt", &secret).scan().env("KEYWARD_FINGERPRINT_KEY", "own").code(1);
    project.scan().env("KEYWARD_FINGERPRINT_KEY", "").code(0);
}

#[test]
fn an_added_rule_finds_beside_the_others() {
    let project = Project::new();
    let rule = r#"
[[rule]]
provider = { id = "acme", name = "Acme", url = "https://acme.example" }
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
    project.file("keyward.toml", rule).file("a.txt", format!("acme_0f3k9d7s6b2q1z8x {}", token("a")));
    project.scan().code(1).has("acme-api-key").has(TOKEN_RULE);
    project.run(["rules", "show", "acme-api-key"]).code(0).has("Acme API key");
}

#[test]
fn marks_and_line_ends_are_fine_and_other_encodings_are_told() {
    let project = Project::new();
    project.file("a.txt", token("a")).file("keyward.toml", format!("\u{feff}{}", OFF.replace('\n', "\r\n")));
    project.scan().code(0);
    let wide: Vec<u8> = format!("\u{feff}{OFF}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    project.file("keyward.toml", wide).scan().code(2).says("UTF-16").says("UTF-8");
    project.file("keyward.toml", b"# caf\xe9\n").scan().code(2).says("line 1 is not UTF-8");
}

#[test]
fn mistakes_are_told_with_their_place() {
    let project = Project::new();
    project.file("a.txt", token("a")).file("keyward.toml", "[scan]\nconfidense = 'low'\n");
    project.scan().code(2).says("keyward.toml:2:1: ").says("did you mean `confidence`?");
    project.run(["config", "show"]).code(2).says("keyward.toml:2:1: ");
    project.run(["rules", "list"]).code(2).says("keyward.toml:2:1: ");
    project.folder("conf").scan().args(["--config", "conf"]).code(2).says("folder");
}

#[test]
fn what_is_shown_is_a_configuration_that_says_the_same() {
    let project = Project::new();
    let text = "[scan]\nmax-file-size = '2M'\n[rules.generic-password]\nseverity = 'low'\n[[allow]]\nreason = 'r'\npath = 'x'\n";
    project.file("keyward.toml", text);
    let shown = project.run(["config", "show"]).code(0).has("max-file-size = 2097152").has("severity = \"low\"").stdout;
    let again = Project::new();
    again.file("keyward.toml", &shown);
    let body = |text: &str| text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(body(&shown), body(&again.run(["config", "show"]).code(0).stdout));
    Run::new(["config", "show"]).dir(Project::new().path()).code(0).has("the defaults");
}

#[cfg(unix)]
#[test]
fn a_pipe_in_its_place_does_not_hang() {
    let project = Project::new();
    project.file("a.txt", "x");
    let made =
        std::process::Command::new("mkfifo").arg(project.path().join("keyward.toml")).status().expect("mkfifo is installed");
    assert!(made.success());
    project.scan().code(0);
}
