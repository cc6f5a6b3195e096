//! Which files are read.

use crate::common::{Project, Run, TOKEN_RULE, token};

#[test]
fn git_ignored_files_are_left_out_unless_tracked() {
    let project = Project::git();
    project
        .file(".gitignore", "build/\n*.log\n")
        .file("build/out.txt", token("build"))
        .file("a.log", token("log"))
        .file("forced.log", token("forced"))
        .file("main.txt", token("main"))
        .commit(&["forced.log"]);
    let files = project.scan().args(["--history", "none"]);
    let outcome = files.code(1).has("forced.log").has("main.txt").lacks("build/out.txt").lacks("a.log:");
    assert_eq!(outcome.stdout.matches("forced.log:").count(), 1, "{}", outcome.stdout);
}

#[test]
fn no_ignore_reads_them_all_but_never_the_repository_itself() {
    let project = Project::git();
    project
        .file(".gitignore", "build/\n")
        .file("build/out.txt", token("build"))
        .file(".git/description", token("git"))
        .file("sub/.git/config", token("nested"));
    project.scan().arg("--no-ignore").code(1).has("build/out.txt").lacks(".git/");
}

#[test]
fn ignore_files_mean_nothing_outside_a_repository() {
    let project = Project::new();
    project.file(".gitignore", "*\n").file(".ignore", "*\n").file("a.txt", token("a"));
    project.scan().code(1).has("a.txt");
}

#[test]
fn other_tools_ignore_files_mean_nothing() {
    let project = Project::git();
    project.file(".ignore", "*\n").file(".rgignore", "*\n").file("a.txt", token("a"));
    project.scan().code(1).has("a.txt");
}

#[test]
fn hidden_files_and_dependencies_are_read() {
    let project = Project::git();
    project
        .file(".env", token("env"))
        .file(".config/deep/.hidden", token("hidden"))
        .file("node_modules/pkg/index.js", token("module"))
        .file("package-lock.json", token("lock"))
        .commit(&[]);
    let files = project.scan().args(["--history", "none"]);
    files.code(1).has(".env").has(".config/deep/.hidden").has("node_modules/pkg/index.js").has("package-lock.json");
}

#[test]
fn an_ignored_file_that_is_named_is_read() {
    let project = Project::git();
    project.file(".gitignore", "*.log\n").file("a.log", token("a"));
    project.scan().arg("a.log").code(1).has("a.log");
}

#[test]
fn a_subfolder_obeys_the_rules_above_it_and_keeps_its_full_name() {
    let project = Project::git();
    project.file(".gitignore", "*.log\n").file("sub/a.log", token("log")).file("sub/b.txt", token("b"));
    project.scan().arg("sub").code(1).has("sub/b.txt").lacks("a.log");
    Run::new(["scan", "."]).dir(project.path().join("sub")).code(1).has("sub/b.txt");
}

#[test]
fn several_roots_are_one_report() {
    let project = Project::new();
    project.file("a/one.txt", token("a")).file("b/two.txt", token("b")).file("c/three.txt", token("c"));
    project.scan().args(["a", "b/two.txt"]).code(1).has("a/one.txt").has("b/two.txt").lacks("three.txt");
}

#[test]
fn overlapping_roots_count_once() {
    let project = Project::new();
    project.file("a/one.txt", token("a"));
    let once = project.scan().arg("a").code(1);
    let twice = project.scan().args(["a", "a/one.txt", "./a/../a"]).code(1);
    assert_eq!(twice.stdout.matches("one.txt:").count(), once.stdout.matches("one.txt:").count());
}

#[test]
fn one_secret_in_two_files_is_one_finding() {
    let project = Project::new();
    project.file("a.txt", token("same")).file("b.txt", token("same"));
    let outcome = project.scan().code(1).has("a.txt").has("b.txt");
    assert_eq!(outcome.stdout.matches(TOKEN_RULE).count(), 1, "{}", outcome.stdout);
}

#[test]
fn paths_elsewhere_and_odd_names_are_read() {
    let (here, there) = (Project::new(), Project::new());
    there.file("with space/ä ö.txt", token("a"));
    here.scan().arg(there.path()).code(1).has("ä ö.txt");
    here.scan().arg(there.path().join("with space/ä ö.txt")).code(1);
}

#[test]
fn reports_are_the_same_whatever_the_threads() {
    let project = Project::new();
    for number in 0..300 {
        let own = token(&format!("own {number}"));
        let shared = token(&format!("shared {}", number % 7));
        project.file(format!("f{}/{number}.txt", number % 20), format!("one {own}\ntwo {shared}\n"));
    }
    let stable = |outcome: crate::common::Outcome| outcome.stdout;
    let first = stable(project.scan().args(["-j", "1", "."]).code(1));
    for threads in ["2", "8", "8", "3"] {
        assert_eq!(first, stable(project.scan().args(["-j", threads, "."]).code(1)), "with {threads} threads");
    }
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::symlink;
    use std::process::Command;

    #[test]
    fn links_are_not_followed_and_loops_end() {
        let (project, elsewhere) = (Project::new(), Project::new());
        elsewhere.file("secret.txt", token("elsewhere"));
        project.file("a/b.txt", "x");
        symlink("..", project.path().join("a/up")).expect("links can be made");
        symlink("self", project.path().join("self")).expect("links can be made");
        symlink(elsewhere.path(), project.path().join("out")).expect("links can be made");
        symlink(elsewhere.path().join("secret.txt"), project.path().join("file")).expect("links can be made");
        symlink("nowhere", project.path().join("dangling")).expect("links can be made");
        project.scan().code(0);
        project.scan().arg("out").code(1).has("secret.txt");
    }

    #[test]
    fn a_name_that_is_no_text_is_read() {
        let project = Project::new();
        let name = std::ffi::OsStr::from_bytes(b"line\nbreak\xff.txt");
        project.file(name, token("a"));
        let outcome = project.scan().code(1);
        assert!(!outcome.stdout.contains("line\nbreak"), "a line break in a name breaks the report\n{}", outcome.stdout);
    }

    #[test]
    fn a_pipe_never_hangs_a_scan() {
        let project = Project::new();
        project.file("a.txt", token("a"));
        let made = Command::new("mkfifo").arg(project.path().join("pipe")).status().expect("mkfifo is installed");
        assert!(made.success());
        project.scan().code(1);
        project.scan().arg("pipe").code(2);
    }
}
