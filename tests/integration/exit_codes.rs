//! 0 is clean and complete, 1 is findings, 2 is everything that could not be done.

use crate::common::{Project, Run, TOKEN_RULE, token};

#[test]
fn nothing_found_is_0() {
    let project = Project::new();
    project.file("a.txt", "nothing here\n");
    project.scan().code(0);
}

#[test]
fn a_finding_is_1() {
    let project = Project::new();
    project.file("a.txt", token("a"));
    project.scan().code(1).has(TOKEN_RULE).has("a.txt");
}

#[test]
fn a_finding_below_the_bar_is_0_and_still_reported() {
    let project = Project::new();
    project.file("a.env", "password = \"kQ8vZp2xLm4RtYwN\"\n");
    project.scan().args(["--fail-on", "high"]).code(1);
    project.scan().args(["--fail-on", "critical"]).code(0).has("generic-password");
    project.scan().args(["--fail-on", "none"]).code(0).has("generic-password");
}

#[test]
fn a_missing_path_is_2_and_the_rest_is_scanned() {
    let project = Project::new();
    project.file("a.txt", token("a"));
    project.scan().args([".", "no-such-file"]).code(2).has("no-such-file").has(TOKEN_RULE);
    project.scan().arg("no-such-file").code(2);
}

#[test]
fn an_empty_folder_is_2() {
    let project = Project::new();
    project.scan().code(2);
    project.folder("empty").file("full/a.txt", "x").scan().arg("empty").code(2);
}

#[test]
fn nothing_but_ignored_files_is_2() {
    let project = Project::git();
    project.file(".git/info/exclude", "*\n").file("a.txt", token("a"));
    project.scan().code(2);
    project.scan().arg("--no-ignore").code(1);
}

#[test]
fn no_source_is_2() {
    let project = Project::new();
    project.file("a.txt", "x");
    project.scan().args(["--files", "none"]).code(2);
}

#[test]
fn a_file_over_the_limit_is_2_by_flag_and_by_configuration() {
    let project = Project::new();
    project.file("big.txt", "x".repeat(2000)).file("small.txt", "x");
    project.scan().code(0);
    project.scan().args(["--max-file-size", "1K"]).code(2).has("big.txt").lacks("small.txt:");
    project.file("keyward.toml", "[scan]\nmax-file-size = '1K'\n").scan().code(2).has("big.txt");
    project.scan().args(["--max-file-size", "2K"]).code(0);
}

#[test]
fn standard_input_is_scanned() {
    Run::new(["scan", "-"]).input("nothing here").code(0);
    Run::new(["scan", "-"]).input(format!("one\ntwo {}\n", token("a"))).code(1).finds_at("-:2:5");
}

#[test]
fn what_could_not_start_is_2() {
    let project = Project::new();
    project.file("a.txt", "x");
    project.scan().arg("--no-such-flag").code(2).says("--no-such-flag");
    project.run(["scna"]).code(2).says("scan");
    project.scan().args(["--max-file-size", "much"]).code(2);
    project.scan().args(["--config", "no-such.toml"]).code(2).says("no-such.toml");
    project.scan().args(["--rules", "no-such-folder"]).code(2).says("no-such-folder");
    project.scan().args(["-j", "0"]).code(2);
}

#[test]
fn help_and_version_are_0() {
    Run::new(["--help"]).code(0).has("scan");
    Run::new(["scan", "--help"]).code(0).has("Exit codes");
    Run::new(["--version"]).code(0).has(env!("CARGO_PKG_VERSION"));
}

#[cfg(unix)]
mod unreadable {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;
    use std::process::Command;
    use std::{env, fs};

    fn chmod(path: impl AsRef<Path>, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the mode can be set");
    }

    /// The scan of `project` by someone whom permissions bind, or none where there is no way to be one.
    fn unprivileged(project: &Project, program: &Project) -> Option<Run> {
        let is_root = fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
        if !is_root {
            return Some(project.scan());
        }
        let drop = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
        if !Command::new(drop[0]).args(&drop[1..]).arg("true").status().is_ok_and(|status| status.success()) {
            eprintln!("not shown: root reads everything here, and setpriv is missing");
            return None;
        }
        let copy = program.path().join("keyward");
        fs::copy(env!("CARGO_BIN_EXE_keyward"), &copy).expect("the program can be copied");
        chmod(program.path(), 0o755);
        chmod(&copy, 0o755);
        chmod(project.path(), 0o755);
        Some(project.scan().through(&drop, copy))
    }

    #[test]
    fn an_unreadable_file_is_2_and_the_rest_is_scanned() {
        let (project, program) = (Project::new(), Project::new());
        project.file("closed.txt", "x").file("open.txt", token("a"));
        chmod(project.path().join("closed.txt"), 0o000);
        let Some(run) = unprivileged(&project, &program) else { return };
        run.code(2).has("closed.txt").has(TOKEN_RULE);
    }

    #[test]
    fn an_unreadable_folder_is_2() {
        let (project, program) = (Project::new(), Project::new());
        project.file("closed/a.txt", "x").file("open.txt", "x");
        chmod(project.path().join("closed"), 0o000);
        let Some(run) = unprivileged(&project, &program) else { return };
        run.code(2).has("closed");
        chmod(project.path().join("closed"), 0o755);
    }
}
