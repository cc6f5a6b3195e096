//! Reports: every format is what its readers expect, says the same each time, and keeps secrets to itself.

use crate::common::{Outcome, Project, Run, token, wait};
use keyward::rule::{RuleSet, template};
use keyward::scan::check;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// All formats, by the word for `--format` and the name of a file that asks for it.
const FORMATS: [(&str, &str); 7] = [
    ("text", "r.txt"),
    ("json", "r.json"),
    ("jsonl", "r.jsonl"),
    ("sarif", "r.sarif"),
    ("csv", "r.csv"),
    ("junit", "r.xml"),
    ("gitlab", "gl-secret-detection-report.json"),
];

/// A password that judges believe; another for each `seed`.
fn password(seed: &str) -> String {
    template::expand("{{base62:24}}", seed, &|_| None).expect("the template is well-formed")
}

/// Findings with one and with many places, two secrets on a line, odd paths and encodings, and text that attacks terminals.
fn mixed() -> Project {
    let project = Project::new();
    let (shared, first, second) = (password("shared"), password("first"), password("second"));
    for number in 0..8 {
        project.file(format!("copies/{number}.py"), format!("import x\n\tpassword = \"{shared}\"\n"));
    }
    project.file("one line.env", format!("DB_PASSWORD=\"{first}\"; SMTP_PASSWORD=\"{second}\"\n"));
    project.file("ünï/a%b #c.yml", format!("password: \"{}\"\n", password("odd path")));
    project.file("formula.py", format!("=cmd password=\"{}\", \"quoted\"\n", password("formula")));
    project.file("markup.xml", format!("<a b=\"&amp;\"> password=\"{}\" ]]></a>\n", password("markup")));
    project.file("attack.txt", format!("\u{1b}[31mred\u{7}\u{202e} password = \"{}\"\n", password("attack")));
    let utf16: Vec<u8> =
        format!("\u{feff}host=x\r\npassword=\"{}\"\r\n", password("wide")).encode_utf16().flat_map(u16::to_le_bytes).collect();
    project.file("wide.txt", utf16);
    project
}

/// The report of `project` in `format`, of a scan that finds something.
fn report(project: &Project, format: &str) -> String {
    project.scan().args(["--format", format]).env("SOURCE_DATE_EPOCH", "1700000000").code(1).stdout
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("it is JSON")
}

/// Fails with everything that `schema` objects to.
#[track_caller]
fn assert_valid(schema: &Value, document: &Value) {
    let validator = jsonschema::validator_for(schema).expect("the schema is one");
    let errors: Vec<String> =
        validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}

fn schema(path: &str) -> Value {
    json(&fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("the schema can be read"))
}

#[test]
fn json_keeps_to_its_published_schema() {
    let schema = schema("docs/schema/report-v1.json");
    let project = mixed();
    let document = json(&report(&project, "json"));
    assert_valid(&schema, &document);
    assert_eq!(document["summary"]["findings"], 8);
    assert_eq!(document["summary"]["locations"], 15);
    assert_eq!(document["findings"].as_array().map(Vec::len), Some(8));
    let incomplete = project.scan().args([".", "nowhere", "--format", "json"]).code(2);
    let document = json(&incomplete.stdout);
    assert_valid(&schema, &document);
    assert_eq!(document["summary"]["complete"], false);
    assert_eq!(document["summary"]["problems"]["missing"], 1);
    let mut wrong = document;
    wrong["findings"] = Value::from(1);
    assert!(!jsonschema::is_valid(&schema, &wrong), "the schema lets everything pass");
}

#[test]
fn json_lines_keep_to_their_schema_and_end_with_the_summary() {
    let schema = schema("docs/schema/report-line-v1.json");
    let text = mixed().scan().args([".", "nowhere", "--format", "jsonl"]).code(2).stdout;
    let lines: Vec<Value> = text.lines().map(json).collect();
    lines.iter().for_each(|line| assert_valid(&schema, line));
    let kinds: Vec<&str> = lines.iter().filter_map(|line| line["type"].as_str()).collect();
    let mut expected = vec!["rule"; 1];
    expected.extend(["finding"; 8]);
    expected.extend(["problem", "summary"]);
    assert_eq!(kinds, expected);
}

#[test]
fn gitlab_takes_its_report() {
    let schema = schema("tests/integration/gitlab-15.schema.json");
    let project = mixed();
    let document = json(&report(&project, "gitlab"));
    assert_valid(&schema, &document);
    assert_eq!(document["scan"]["start_time"], "2023-11-14T22:13:20");
    let found = document["vulnerabilities"].as_array().expect("a list");
    let ids: BTreeSet<&str> = found.iter().filter_map(|it| it["id"].as_str()).collect();
    assert_eq!((found.len(), ids.len()), (15, 15), "one for each place, with an id of its own");
    let incomplete = json(&project.scan().args([".", "nowhere", "--format", "gitlab"]).code(2).stdout);
    assert_valid(&schema, &incomplete);
    assert_eq!(incomplete["scan"]["status"], "failure");
}

#[test]
fn ids_survive_moved_lines() {
    let (a, b) = (token("a"), token("b"));
    let line = format!("a=\"{a}\"; b=\"{b}\"; again=\"{a}\"\n");
    let project = Project::new();
    let ids = |text: &str, key: &[&str]| -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        collect(&json(text), key, &mut found);
        found
    };
    project.file("x.py", &line);
    let (sarif, gitlab) = (report(&project, "sarif"), report(&project, "gitlab"));
    project.file("x.py", format!("\n# moved\n\n{line}"));
    let (later_sarif, later_gitlab) = (report(&project, "sarif"), report(&project, "gitlab"));
    for name in ["primaryLocationLineHash", "keywardSecret/v1"] {
        let before = ids(&sarif, &[name]);
        assert_eq!(before.len(), 2, "two secrets on a line differ by {name}");
        assert_eq!(before, ids(&later_sarif, &[name]));
    }
    let before = ids(&gitlab, &["id"]);
    assert!(before.iter().filter(|id| id.len() == 36).count() == 3, "{before:?}");
    assert_eq!(before, ids(&later_gitlab, &["id"]));
}

/// All strings that stand under a name in `names`, however deep.
fn collect(value: &Value, names: &[&str], found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if names.contains(&name.as_str()) {
                    found.extend(value.as_str().map(str::to_owned));
                }
                collect(value, names, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, names, found)),
        _ => {}
    }
}

#[test]
fn sarif_names_every_place_by_a_uri_below_the_root() {
    let document = json(&report(&mixed(), "sarif"));
    let run = &document["runs"][0];
    let results = run["results"].as_array().expect("results");
    let mut places = 0;
    for result in results {
        let index = result["ruleIndex"].as_u64().expect("an index") as usize;
        assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
        let related = result["relatedLocations"].as_array().cloned().unwrap_or_default();
        for place in result["locations"].as_array().expect("locations").iter().chain(&related) {
            let artifact = &place["physicalLocation"]["artifactLocation"];
            let uri = artifact["uri"].as_str().expect("a URI");
            assert!(uri.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~/%".contains(&byte)), "{uri}");
            assert_eq!(artifact["uriBaseId"], "%SRCROOT%");
            places += 1;
        }
    }
    assert_eq!(places, 15);
    let mut uris = BTreeSet::new();
    collect(&document, &["uri"], &mut uris);
    assert!(uris.contains("%C3%BCn%C3%AF/a%25b%20%23c.yml"), "{uris:?}");
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
}

#[test]
fn sarif_tells_problems_as_notifications() {
    let document = json(&mixed().scan().args([".", "nowhere", "--format", "sarif"]).code(2).stdout);
    let run = &document["runs"][0];
    let invocation = &run["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let notification = &invocation["toolExecutionNotifications"][0];
    assert_eq!(notification["descriptor"]["id"], "missing");
    assert_eq!(run["tool"]["driver"]["notifications"][0]["id"], "missing");
    assert_eq!(notification["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "nowhere");
}

#[test]
fn csv_has_a_line_for_each_place_and_no_formulas() {
    let text = mixed().scan().args([".", "nowhere", "--format", "csv"]).code(2).stdout;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().expect("a header").clone();
    let column = |name: &str| header.iter().position(|it| it == name).expect("the column exists");
    let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().expect("every line has all columns");
    assert_eq!(rows.iter().filter(|row| &row[0] == "finding").count(), 15);
    assert_eq!(rows.iter().filter(|row| &row[0] == "problem").count(), 1);
    assert!(rows.iter().flatten().all(|cell| !cell.starts_with(['=', '+', '-', '@', '\t', '\r'])));
    let snippet = rows.iter().find(|row| &row[column("path")] == "formula.py").map(|row| row[column("snippet")].to_owned());
    assert_eq!(snippet.as_deref(), Some("'=cmd password=\"********\", \"quoted\""));
    assert_eq!(text.lines().count(), rows.len() + 1);
}

#[test]
fn junit_is_xml_with_a_test_for_each_secret_and_problem() {
    let text = mixed().scan().args([".", "nowhere", "--format", "junit"]).code(2).stdout;
    let document = roxmltree::Document::parse(&text).expect("it is XML");
    let suites = document.root_element();
    let count = |tag: &str| document.descendants().filter(|node| node.has_tag_name(tag)).count().to_string();
    assert_eq!(suites.attribute("tests"), Some(count("testcase").as_str()));
    assert_eq!(suites.attribute("failures"), Some("8"));
    assert_eq!((count("failure"), count("error")), ("8".to_owned(), "1".to_owned()));
    let names: BTreeSet<_> =
        document.descendants().filter_map(|node| node.attribute("name").filter(|_| node.has_tag_name("testcase"))).collect();
    assert_eq!(names.len(), 9, "each test has a name of its own");
    let clean = Project::new();
    clean.file("x", "nothing");
    let text = clean.scan().args(["--format", "junit"]).code(0).stdout;
    let document = roxmltree::Document::parse(&text).expect("it is XML");
    assert_eq!(document.descendants().filter(|node| node.has_tag_name("testcase")).count(), 1);
}

#[test]
fn text_is_sanitised_and_abbreviates_many_places() {
    let outcome = mixed().scan().code(1).has("copies/0.py:2:14").has("… and 3 more places in 3 files").lacks("copies/5.py");
    let outcome =
        outcome.has("8 secrets in 15 places").has("revoke").has("\\u{1b}[31mred\\u{7}\\u{202e} password = \"********\"");
    assert!(!outcome.stdout.contains(['\u{1b}', '\u{7}', '\u{202e}']));
    assert_eq!(outcome.stderr, "", "standard error is silent without a terminal");
}

#[test]
fn color_is_a_matter_of_flags_and_environment() {
    let project = mixed();
    let colored = |run: Run| {
        let text = run.code(1).stdout;
        assert!(!text.contains("\u{1b}[31mred") && !text.contains("\u{1b}]8;"), "{text}");
        text.contains("\u{1b}[")
    };
    assert!(!colored(project.scan()));
    assert!(colored(project.scan().args(["--color", "always"])));
    assert!(colored(project.scan().env("CLICOLOR_FORCE", "1")));
    assert!(!colored(project.scan().args(["--color", "never"]).env("CLICOLOR_FORCE", "1")));
    assert!(!colored(project.scan().env("NO_COLOR", "1")));
    assert!(!project.scan().args(["--color", "always", "--format", "json"]).code(1).stdout.contains('\u{1b}'));
}

#[test]
fn nothing_unread_is_called_clean() {
    let project = Project::new();
    project.file("x", "nothing");
    project.scan().code(0).has("clean: no secrets found").has("1 file, 7 bytes");
    let outcome = project.scan().args([".", "nowhere"]).code(2).has("NOT EXAMINED").has("incomplete: 1 problem (1 missing)");
    outcome.lacks("clean");
    for (format, _) in FORMATS {
        project.scan().args([".", "nowhere", "--format", format]).code(2).has("nowhere").lacks("clean");
    }
}

#[test]
fn reports_are_the_same_whatever_the_threads() {
    let project = mixed();
    for (format, _) in FORMATS {
        let runs = ["1", "2", "4", "8"].map(|threads| {
            let run = project.scan().args(["--format", format, "--threads", threads]);
            run.env("SOURCE_DATE_EPOCH", "1700000000").code(1).stdout
        });
        assert!(runs.iter().all(|run| *run == runs[0]), "{format} differs");
    }
}

#[test]
fn files_hold_what_standard_output_would() {
    let project = mixed();
    let folder = Project::new();
    let mut run = project.scan().args(["--quiet", "--format", "csv"]).env("SOURCE_DATE_EPOCH", "1700000000");
    for (_, name) in FORMATS {
        run = run.arg("--output").arg(folder.path().join(name));
    }
    folder.file("r.json", "what stood there before, which is longer than nothing");
    let outcome = run.code(1);
    assert_eq!(outcome.stdout, report(&project, "csv"));
    for (format, name) in FORMATS {
        let written = fs::read_to_string(folder.path().join(name)).expect("it was written");
        assert_eq!(written, report(&project, format), "{name}");
    }
    let names: Vec<_> =
        fs::read_dir(folder.path()).expect("it can be listed").map(|entry| entry.expect("an entry").file_name()).collect();
    assert_eq!(names.len(), FORMATS.len(), "nothing else is left: {names:?}");
}

#[test]
fn mistakes_in_names_are_told_before_the_scan() {
    let project = mixed();
    for (name, word) in
        [("report.docx", "extension"), ("report", "extension"), ("no/such/r.json", "no folder"), ("copies", "extension")]
    {
        let outcome = project.scan().args(["--output", name]).code(2).says("--output").says(word).says("help:");
        assert_eq!(outcome.stdout, "", "nothing was scanned");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_cannot_be_written_loses_no_finding() {
    let project = mixed();
    let folder = Project::new();
    std::os::unix::fs::symlink("/dev/full", folder.path().join("full.json")).expect("links can be made");
    let run = project.scan().arg("--output").arg(folder.path().join("full.json"));
    let outcome = run.arg("--output").arg(folder.path().join("good.sarif")).code(2);
    outcome.has("8 secrets in 15 places").says("cannot write the report to").says("full.json");
    assert!(fs::read_to_string(folder.path().join("good.sarif")).is_ok_and(|text| text.len() > 1000));
    let full = fs::File::options().write(true).open("/dev/full").expect("it is there");
    let child = std::process::Command::new(env!("CARGO_BIN_EXE_keyward"))
        .args(["scan", "."])
        .current_dir(project.path())
        .stdout(full)
        .output();
    let output = child.expect("the program starts");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write the report to standard output"));
}

#[test]
fn a_reader_that_has_enough_changes_no_verdict() {
    let project = mixed();
    for (format, _) in FORMATS {
        let mut child = project.scan().args(["--format", format]).start();
        drop(child.stdin.take());
        drop(child.stdout.take());
        let code = wait(&mut child);
        let mut said = String::new();
        std::io::Read::read_to_string(&mut child.stderr.take().expect("it is piped"), &mut said).expect("it is text");
        assert_eq!((code, said.as_str()), (Some(1), ""), "{format}");
    }
}

#[cfg(unix)]
#[test]
fn a_file_with_secrets_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let project = mixed();
    let folder = Project::new();
    let mode = |name: &str| fs::metadata(folder.path().join(name)).expect("it was written").permissions().mode() & 0o777;
    project.scan().arg("--output").arg(folder.path().join("masked.json")).code(1);
    project.scan().arg("--show-secrets").arg("--output").arg(folder.path().join("shown.json")).code(1);
    assert_eq!(mode("shown.json"), 0o600);
    // Whatever the mask of the user is, it leaves more than that to a file without secrets.
    assert_ne!(mode("masked.json") & 0o400, 0);
}

/// What no output may hold.
struct Canaries {
    project: Project,
    /// Secrets that this test made up, by their file.
    planted: BTreeMap<String, String>,
}

/// One file with a secret of its own making for each way of telling it.
fn canaries() -> Canaries {
    let project = Project::new();
    let mut planted = BTreeMap::new();
    let shapes = [
        ("quoted.py", "password = \"@\"\n"),
        ("bare.env", "DB_PASSWORD=@\n"),
        ("deep.json", "{\"a\": {\"client_secret\": \"@\"}}\n"),
        ("space path/ü.yml", "api_key: \"@\"\n"),
    ];
    for (path, shape) in shapes {
        let secret = password(path);
        project.file(path, shape.replace('@', &secret));
        planted.insert(path.to_owned(), secret);
    }
    // A secret stays one where it is no match: inside another word, in another encoding of the line, cut off by a remark.
    for (path, shape) in [("token.txt", "@\n"), ("again.js", "const key = '@'; // was x@x, _@\n"), ("wide/ü #%.md", "`@`\r\n")] {
        let token = token(path);
        project.file(path, shape.replace('@', &token));
        planted.insert(path.to_owned(), token);
    }
    Canaries { project, planted }
}

impl Canaries {
    /// Fails if `outcome` tells a planted secret, or either half of one.
    #[track_caller]
    fn assert_silent(&self, what: &str, text: &str) {
        for (path, secret) in &self.planted {
            let (first, second) = secret.split_at(secret.len() / 2);
            for part in [secret.as_str(), first, second] {
                assert!(!text.contains(part), "{what} tells (a part of) the secret in {path}");
            }
        }
    }

    #[track_caller]
    fn assert_run_silent(&self, what: &str, outcome: &Outcome) {
        self.assert_silent(&format!("{what}: stdout"), &outcome.stdout);
        self.assert_silent(&format!("{what}: stderr"), &outcome.stderr);
    }
}

#[test]
fn no_output_tells_a_secret_unless_asked_to() {
    let canaries = canaries();
    for (format, name) in FORMATS {
        let folder = Project::new();
        let file = folder.path().join(name);
        let scan = || canaries.project.scan().args(["--confidence", "low", "--format", format]).arg("--output").arg(&file);
        let written = || fs::read_to_string(&file).expect("it was written");
        canaries.assert_run_silent(format, &scan().args(["--color", "always"]).code(1));
        canaries.assert_silent(name, &written());
        let shown = scan().arg("--show-secrets").code(1).stdout;
        // Whether a bare password is one is a matter of judgement; a token with its checksum is one.
        for text in [shown, written()] {
            let (tokens, passwords): (Vec<_>, Vec<_>) = canaries.planted.values().partition(|it| it.starts_with("ghp_"));
            let shown = |secrets: &[&String]| secrets.iter().filter(|it| text.contains(it.as_str())).count();
            assert_eq!(shown(&tokens), tokens.len(), "{format} does not show all tokens");
            assert!(shown(&passwords) > passwords.len() / 2, "{format} shows {} passwords", shown(&passwords));
        }
    }
}

#[test]
fn no_output_tells_a_secret_of_any_rule() {
    let project = Project::new();
    for rule in RuleSet::built_in().rules().iter().filter(|rule| rule.paths.is_empty()) {
        let text = check::expand(rule, 0, &rule.examples[0]).expect("built-in examples are well-formed");
        project.file(&rule.id, text);
    }
    let folder = Project::new();
    let mut run = project.scan().args(["--confidence", "low", "--format", "json", "--show-secrets"]);
    let all = json(&run.code(1).stdout);
    run = project.scan().args(["--confidence", "low"]);
    for (_, name) in FORMATS {
        run = run.arg("--output").arg(folder.path().join(name));
    }
    let outcome = run.code(1);
    assert_eq!(outcome.stderr, "");
    let written = FORMATS.map(|(_, name)| fs::read_to_string(folder.path().join(name)).expect("it was written"));
    let mut checked = 0;
    for finding in all["findings"].as_array().expect("findings") {
        let secret = finding["secret"].as_str().expect("it is shown");
        // The latter half: a format may begin like the address of its documentation. Short ones occur by chance.
        let half = secret.char_indices().nth(secret.chars().count() / 2).map_or("", |(at, _)| &secret[at..]);
        if half.len() < 8 {
            continue;
        }
        checked += 1;
        for ((_, name), text) in FORMATS.iter().zip(&written) {
            assert!(!text.contains(half), "{name} tells (a part of) the secret in {}", finding["locations"][0]["path"]);
        }
    }
    assert!(checked > 100, "only {checked} secrets were found");
}

#[test]
fn no_error_tells_a_secret() {
    let canaries = canaries();
    let folder = Project::new();
    let project = &canaries.project;
    let config = folder.path().join("keyward.toml");
    let secret = &canaries.planted["quoted.py"];
    fs::write(&config, "unknown = 1\n").expect("it can be written");
    let runs = [
        project.scan().args([".", "nowhere"]),
        project.scan().args(["--max-file-size", "1"]),
        project.scan().args(["--output", "no/such/folder/r.json"]),
        project.scan().args(["--threads", "x"]),
        project.scan().arg("--rules").arg(project.path().join("quoted.py")),
        project.scan().arg("--config").arg(&config),
        Run::new(["scan", "-"]).dir(folder.path()).input(format!("password = \"{secret}\"\n")),
        project.scan().args(["--format", "quoted.py"]),
    ];
    for (number, run) in runs.into_iter().enumerate() {
        canaries.assert_run_silent(&format!("run {number}"), &run.outcome());
    }
}
