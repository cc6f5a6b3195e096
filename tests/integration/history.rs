//! Secrets in the history of a repository: every hiding place, what is said of each, and what happens when a part is missing.

use super::common::{Project, Run, TOKEN_RULE, token};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs git in `folder` as the person every test is; returns what it printed.
#[track_caller]
fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args([
        "-c",
        "user.name=Test",
        "-c",
        "user.email=test@example.invalid",
        "-c",
        "commit.gpgsign=false",
        "-c",
        "protocol.file.allow=always",
    ]);
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
    let output = command.args(arguments).current_dir(folder).output().expect("git is installed");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// The name of the commit that is checked out.
fn head(folder: &Path) -> String {
    git(folder, &["rev-parse", "HEAD"])
}

/// The findings of a report in JSON.
fn findings(report: &str) -> Vec<serde_json::Value> {
    let report: serde_json::Value = serde_json::from_str(report).expect("the report is JSON");
    report["findings"].as_array().expect("it has findings").clone()
}

/// The finding of the token of `seed`.
#[track_caller]
fn finding<'a>(findings: &'a [serde_json::Value], seed: &str) -> &'a serde_json::Value {
    let key = keyward::secret::FingerprintKey::default();
    let print = key.fingerprint(&keyward::secret::Secret::new(token(seed).as_bytes())).to_string();
    let mut matching = findings.iter().filter(|finding| finding["fingerprint"] == print.as_str());
    let found = matching.next().unwrap_or_else(|| panic!("the token {seed} was not found among {findings:#?}"));
    assert!(matching.next().is_none(), "the token {seed} was found twice");
    assert_eq!(found["rule"], TOKEN_RULE, "{seed}");
    found
}

/// A repository with a token in every place where one can hide, and for each the commit that first held it.
struct Hidden {
    project: Project,
    places: Vec<(&'static str, Option<String>)>,
}

impl Hidden {
    fn new() -> Self {
        let mut hidden = Self { project: Project::git(), places: Vec::new() };
        hidden.on_branches();
        hidden.in_words();
        hidden.out_of_reach();
        hidden
    }

    fn path(&self) -> PathBuf {
        self.project.path()
    }

    /// Commits all files; `place` is what the commit hides.
    fn commit(&mut self, place: &'static str) {
        self.project.commit(&[]);
        self.places.push((place, Some(head(&self.path()))));
    }

    fn write(&self, path: &str, place: &str) {
        self.project.file(path, format!("{}\nkey: {}\n", "a line of text\n".repeat(40), token(place)));
    }

    /// Commits, merges, renames, and files that patches do not show.
    fn on_branches(&mut self) {
        let path = self.path();
        self.write("root.txt", "root commit");
        self.commit("root commit");
        self.write("root.txt", "edited over");
        self.commit("edited over");
        self.project.file("root.txt", "clean\n").commit(&[]);
        self.project.file(".gitattributes", "*.lock -diff\n*.dat binary\n");
        self.write("yarn.lock", "no diff");
        self.commit("no diff");
        self.write("blob.dat", "marked binary");
        self.commit("marked binary");
        git(&path, &["mv", "yarn.lock", "renamed.lock"]);
        self.project.file(
            "renamed.lock",
            format!("{}key: {}\nmore: {}\n", "a line of text\n".repeat(40), token("no diff"), token("rename with edit")),
        );
        self.commit("rename with edit");
        git(&path, &["checkout", "--quiet", "-b", "side", "HEAD~2"]);
        self.write("side.txt", "side branch");
        self.commit("side branch");
        git(&path, &["checkout", "--quiet", "-b", "third", "HEAD~1"]);
        self.project.file("third.txt", "nothing\n").commit(&[]);
        git(&path, &["checkout", "--quiet", "main"]);
        git(&path, &["merge", "--quiet", "--no-commit", "--no-ff", "side", "third"]);
        self.write("evil.txt", "octopus merge only");
        self.commit("octopus merge only");
        self.project.file("evil.txt", "clean\n").commit(&[]);
        git(&path, &["checkout", "--quiet", "--orphan", "other-root"]);
        self.write("orphan.txt", "second root");
        self.commit("second root");
        git(&path, &["checkout", "--quiet", "main"]);
        git(&path, &["checkout", "--quiet", "-b", "remote-work"]);
        self.write("remote.txt", "remote branch");
        self.commit("remote branch");
        git(&path, &["checkout", "--quiet", "main"]);
        git(&path, &["update-ref", "refs/remotes/origin/work", "remote-work"]);
        git(&path, &["branch", "--quiet", "-D", "remote-work"]);
        git(&path, &["checkout", "--quiet", "-b", "pull"]);
        self.write("pull.txt", "pull request");
        self.commit("pull request");
        git(&path, &["checkout", "--quiet", "main"]);
        git(&path, &["update-ref", "refs/pull/7/head", "pull"]);
        git(&path, &["branch", "--quiet", "-D", "pull"]);
    }

    /// Messages of commits and tags, notes, the configuration.
    fn in_words(&mut self) {
        let path = self.path();
        git(&path, &["commit", "--quiet", "--allow-empty", "-m", &format!("Deploy\n\nwith {}", token("commit message"))]);
        self.places.push(("commit message", Some(head(&path))));
        git(&path, &["tag", "-a", "v1", "-m", &format!("Release with {}", token("tag message"))]);
        self.places.push(("tag message", Some(head(&path))));
        self.write("tagged.txt", "tag only");
        self.commit("tag only");
        git(&path, &["tag", "v2"]);
        git(&path, &["reset", "--quiet", "--hard", "HEAD~1"]);
        git(&path, &["notes", "add", "-m", &format!("reviewed with {}", token("note"))]);
        self.places.push(("note", Some(git(&path, &["rev-parse", "refs/notes/commits"]))));
        git(&path, &["remote", "add", "mirror", &format!("https://{}@github.com/invented/app.git", token("remote address"))]);
        self.places.push(("remote address", None));
    }

    /// What no branch and no tag leads to.
    fn out_of_reach(&mut self) {
        let path = self.path();
        self.write("stashed.txt", "stash");
        git(&path, &["add", "--all"]);
        git(&path, &["stash", "--quiet"]);
        // The index of a stash is a commit of its own, older than the stash itself.
        self.places.push(("stash", Some(git(&path, &["rev-parse", "refs/stash^2"]))));
        self.write("dropped.txt", "dropped commit");
        self.commit("dropped commit");
        git(&path, &["reset", "--quiet", "--hard", "HEAD~1"]);
        self.write("staged.txt", "staged only");
        git(&path, &["add", "staged.txt"]);
        fs::remove_file(path.join("staged.txt")).expect("it was written");
        self.places.push(("staged only", None));
        self.write("loose.txt", "dangling blob");
        git(&path, &["hash-object", "-w", "loose.txt"]);
        fs::remove_file(path.join("loose.txt")).expect("it was written");
        self.places.push(("dangling blob", None));
    }

    /// Expects every place once, with the right first commit.
    #[track_caller]
    fn expect_all(&self, report: &str) {
        let findings = findings(report);
        for (place, first) in &self.places {
            let found = finding(&findings, place);
            let id = found["exposure"]["first"]["id"].as_str();
            assert_eq!(id, first.as_deref(), "first commit of {place}: {found:#}");
        }
        assert_eq!(findings.len(), self.places.len(), "{findings:#?}");
    }
}

#[test]
fn every_hiding_place_is_found_once() {
    let hidden = Hidden::new();
    let path = hidden.path();
    let loose = hidden.project.scan().args(["--format", "json"]).code(1).stdout;
    hidden.expect_all(&loose);
    git(&path, &["repack", "-Ad", "--quiet"]);
    hidden.expect_all(&hidden.project.scan().args(["--format", "json"]).code(1).stdout);
    git(&path, &["repack", "-akdF", "--quiet", "--window=50", "--depth=50"]);
    hidden.expect_all(&hidden.project.scan().args(["--format", "json", "--exhaustive"]).code(1).stdout);
    hidden.expect_all(&hidden.project.scan().args(["--format", "json"]).code(1).stdout);
}

#[test]
fn a_finding_tells_its_past() {
    let hidden = Hidden::new();
    let report = findings(&hidden.project.scan().args(["--format", "json"]).code(1).stdout);
    let exposure = |place: &str| finding(&report, place)["exposure"].clone();
    let moved = exposure("no diff");
    assert_eq!(moved["paths"], serde_json::json!(["renamed.lock", "yarn.lock"]));
    assert_eq!((&moved["at_head"], &moved["unreachable"]), (&true.into(), &false.into()));
    assert_eq!(exposure("edited over")["at_head"], false);
    assert_eq!(exposure("remote branch")["pushed"], true);
    assert_eq!(exposure("tag only")["pushed"], false);
    assert_eq!(exposure("tag only")["refs"], serde_json::json!(["refs/tags/v2"]));
    assert_eq!(exposure("pull request")["refs"], serde_json::json!(["refs/pull/7/head"]));
    assert_eq!(exposure("dropped commit")["unreachable"], true);
    assert_eq!(exposure("root commit")["first"]["subject"], "A commit");
    assert_eq!(exposure("root commit")["first"]["author"], "Test <test@example.invalid>");
}

#[test]
fn out_of_reach_can_be_left_out() {
    let hidden = Hidden::new();
    let report = findings(&hidden.project.scan().args(["--format", "json", "--unreachable", "exclude"]).code(1).stdout);
    let key = keyward::secret::FingerprintKey::default();
    for (place, _) in &hidden.places {
        let print = key.fingerprint(&keyward::secret::Secret::new(token(place).as_bytes())).to_string();
        let found = report.iter().any(|finding| finding["fingerprint"] == print.as_str());
        let dropped = ["dropped commit", "staged only", "dangling blob"].contains(place);
        assert_eq!(found, !dropped, "{place}");
    }
}

#[test]
fn clones_of_all_kinds_are_read() {
    let hidden = Hidden::new();
    let path = hidden.path();
    let other = Project::new();
    let from = format!("file://{}", path.display());
    git(&other.path(), &["clone", "--quiet", "--bare", &from, "bare.git"]);
    git(&other.path(), &["clone", "--quiet", "--shared", path.to_str().expect("plain path"), "shared"]);
    git(&path, &["worktree", "add", "--quiet", other.path().join("linked").to_str().expect("plain path"), "side"]);
    for folder in ["bare.git", "shared", "linked"] {
        let report = findings(&other.scan().args(["--format", "json"]).arg(folder).code(1).stdout);
        finding(&report, "edited over");
        finding(&report, "octopus merge only");
    }
    git(&other.path(), &["clone", "--quiet", "--depth=2", &from, "shallow"]);
    other.scan().arg("shallow").code(2).has("shallow");
}

#[test]
fn ranges_branches_and_dates_select() {
    let project = Project::git();
    for (number, place) in ["one", "two", "three"].into_iter().enumerate() {
        project.file(format!("{place}.txt"), format!("key: {}\n", token(place)));
        project.git_command(&["add", "--all"]);
        let date = format!("2024-0{}-01T00:00:00Z", number + 1);
        let message = ["-c", "user.name=T", "-c", "user.email=t@example.invalid", "commit", "--quiet", "-m", "Add"];
        let mut command = Command::new("git");
        command.args(message).env("GIT_COMMITTER_DATE", &date).env("GIT_AUTHOR_DATE", &date).current_dir(project.path());
        assert!(command.status().expect("git is installed").success());
    }
    let found = |run: Run| findings(&run.args(["--files", "none", "--format", "json"]).code(1).stdout);
    let all = found(project.scan());
    assert_eq!(all.len(), 3);
    let range = found(project.scan().args(["--history", "HEAD~2..HEAD~1"]));
    finding(&range, "two");
    assert_eq!(range.len(), 1);
    assert_eq!(found(project.scan().args(["--since", "2024-02-15"])).len(), 1);
    assert_eq!(found(project.scan().args(["--branch", "main"])).len(), 3);
    project.scan().args(["--files", "none", "--history", "none"]).code(2);
    project.scan().args(["--files", "none", "--history", "HEAD..HEAD"]).code(2).has("no commit");
    project.scan().args(["--files", "none", "--history", "nowhere..HEAD"]).code(2).has("nowhere");
    project.scan().args(["--files", "none", "--branch", "nowhere"]).code(2).has("no such branch");
    project.scan().args(["--files", "none", "--since", "someday"]).code(2).has("no date");
}

#[test]
fn a_hole_is_a_problem_and_the_rest_is_scanned() {
    let project = Project::git();
    project.file("kept.txt", format!("key: {}\n", token("kept"))).commit(&[]);
    project.file("gone.txt", "some other content\n").commit(&[]);
    let blob = git(&project.path(), &["rev-parse", "HEAD:gone.txt"]);
    let object = project.path().join(".git/objects").join(&blob[..2]).join(&blob[2..]);
    fs::remove_file(&object).expect("it is a loose object");
    project.scan().code(2).has(&blob).has("gone.txt").has("kept.txt");
    fs::write(&object, b"no zlib stream").expect("it can be written");
    project.scan().code(2).has(&blob).has("kept.txt");
}

#[test]
fn a_damaged_pack_is_a_problem_and_the_rest_is_scanned() {
    let project = Project::git();
    project.file("kept.txt", format!("key: {}\n", token("kept"))).commit(&[]);
    for number in 0..30 {
        project.file("grows.txt", "line of text that repeats\n".repeat(number + 1)).commit(&[]);
    }
    project.git_command(&["repack", "-adf", "--quiet"]);
    let folder = project.path().join(".git/objects/pack");
    let packs = fs::read_dir(folder).expect("there is one").flatten().map(|entry| entry.path());
    let pack = packs.filter(|path| path.extension().is_some_and(|extension| extension == "pack")).next().expect("there is one");
    let sound = fs::read(&pack).expect("it can be read");
    let mut permissions = fs::metadata(&pack).expect("it is there").permissions();
    #[allow(clippy::permissions_set_readonly_false)]
    permissions.set_readonly(false);
    fs::set_permissions(&pack, permissions).expect("it is ours");
    for at in (12..sound.len()).step_by(sound.len() / 40 + 1) {
        let mut damaged = sound.clone();
        damaged[at] ^= 0x55;
        fs::write(&pack, damaged).expect("it can be written");
        // A flipped bit in a checksum that nothing reads may go unseen; a crash may not.
        let outcome = project.scan().outcome();
        assert!(matches!(outcome.code, Some(1 | 2)), "{outcome:?}");
    }
    fs::write(&pack, &sound[..sound.len() / 2]).expect("it can be written");
    project.scan().code(2).has("kept.txt");
}

#[test]
fn repositories_with_long_names_are_read() {
    let project = Project::new();
    git(&project.path(), &["init", "--quiet", "--object-format=sha256"]);
    project.file("a.txt", format!("key: {}\n", token("long"))).commit(&[]);
    project.file("a.txt", "clean\n").commit(&[]);
    project.scan().code(1).has("a.txt");
    git(&project.path(), &["repack", "-adf", "--quiet"]);
    project.scan().code(1).has("a.txt");
}

#[test]
fn nothing_of_a_hostile_repository_runs() {
    let project = Project::git();
    project.file("a.txt", format!("key: {}\n", token("bait"))).commit(&[]);
    let trap = project.path().join("sprung");
    let touch = format!("touch {}", trap.display());
    let config = format!(
        "[core]\n\tfsmonitor = {touch}\n\tsshCommand = {touch}\n\tpager = {touch}\n\thooksPath = {0}/hooks\n\tattributesFile = {0}/attributes\n[filter \"x\"]\n\tclean = {touch}\n\tsmudge = {touch}\n\tprocess = {touch}\n[diff \"x\"]\n\ttextconv = {touch}\n[include]\n\tpath = {0}/more\n",
        project.path().display()
    );
    project
        .file("attributes", "* filter=x diff=x\n")
        .file("more", "[alias]\n\tx = 1\n")
        .file(".git/info/attributes", "* filter=x diff=x\n");
    let before = fs::read_to_string(project.path().join(".git/config")).expect("it has one");
    project.file(".git/config", before + &config);
    project.scan().code(1);
    project.scan().args(["--history", "HEAD"]).code(1);
    assert!(!trap.exists(), "something of the repository was executed");
}

/// The bytes of every file of a cache.
fn cached(folder: &Path) -> Vec<Vec<u8>> {
    let files = fs::read_dir(folder).expect("the cache was written").flatten();
    files.map(|file| fs::read(file.path()).expect("it can be read")).collect()
}

#[test]
fn a_second_run_says_the_same() {
    let hidden = Hidden::new();
    let cache = Project::new();
    let folder = cache.path().join("cache");
    let scan = || hidden.project.scan().args(["--format", "json"]).env("KEYWARD_CACHE_DIR", folder.to_str().expect("plain path"));
    let first = scan().code(1).stdout;
    hidden.expect_all(&first);
    assert_eq!(cached(&folder).len(), 1, "one repository, one file");
    assert_eq!(scan().code(1).stdout, first, "nothing is new");
    for step in ["repack -Ad --quiet", "repack -adfF --quiet", "gc --quiet"] {
        git(&hidden.path(), &step.split(' ').collect::<Vec<_>>());
        let fresh = scan().arg("--no-cache").code(1).stdout;
        assert_eq!(scan().code(1).stdout, fresh, "after git {step}");
    }
    hidden.project.file("new.txt", format!("key: {}\n", token("new"))).commit(&[]);
    hidden.project.file("again.txt", format!("key: {}\n", token("edited over"))).commit(&[]);
    let fresh = scan().arg("--no-cache").code(1).stdout;
    finding(&findings(&fresh), "new");
    assert_eq!(scan().code(1).stdout, fresh, "two commits are new");
    assert_eq!(scan().code(1).stdout, fresh, "nothing is new again");
}

#[test]
fn a_cache_holds_no_secret_and_no_harm() {
    let hidden = Hidden::new();
    let cache = Project::new();
    let folder = cache.path().join("cache");
    let variable = folder.to_str().expect("plain path").to_owned();
    let scan = || hidden.project.scan().args(["--format", "json"]).env("KEYWARD_CACHE_DIR", &variable);
    let first = scan().code(1).stdout;
    for (place, _) in &hidden.places {
        let secret = token(place);
        let holds = |bytes: &Vec<u8>| bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
        assert!(!cached(&folder).iter().any(holds), "the cache holds the token of {place}");
    }
    let path = fs::read_dir(&folder).expect("it was written").flatten().next().expect("there is a file").path();
    let sound = fs::read(&path).expect("it can be read");
    for length in [0, 10, 20, sound.len() / 2, sound.len() - 1] {
        fs::write(&path, &sound[..length]).expect("it can be written");
        assert_eq!(scan().code(1).stdout, first, "cut off after {length} bytes");
    }
    let show = |verb: &str| Run::new(["cache", verb]).env("KEYWARD_CACHE_DIR", &variable).code(0);
    show("show").has("1 repositories");
    show("clear").has("1 repositories");
    show("show").has("0 repositories");
    fs::write(&folder.with_file_name("file"), b"").expect("it can be written");
    let blocked = hidden
        .project
        .scan()
        .args(["--format", "json"])
        .env("KEYWARD_CACHE_DIR", folder.with_file_name("file").to_str().expect("plain path"));
    assert_eq!(blocked.code(1).stdout, first, "without a place for a cache");
}

#[test]
fn a_folder_means_its_own_history() {
    let project = Project::git();
    project
        .file("in/a.txt", format!("key: {}\n", token("inside")))
        .file("out/b.txt", format!("key: {}\n", token("outside")))
        .commit(&[]);
    project.file("in/a.txt", "clean\n").file("out/b.txt", "clean\n").commit(&[]);
    project.scan().arg("in").code(0);
    let report = findings(&project.scan().args(["in", "--history", "all", "--format", "json"]).code(1).stdout);
    finding(&report, "inside");
    assert_eq!(report.len(), 1);
}
