//! Input that is made to hurt: it is scanned, or told as a problem, and the program ends.

use crate::common::{Project, Run, TOKEN_RULE, token, wait};
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;

#[test]
fn deep_folders() {
    let project = Project::new();
    let deep: PathBuf = std::iter::repeat_n("d", 500).collect();
    project.file(deep.join("a.txt"), token("a")).scan().code(1).has(TOKEN_RULE);
}

#[test]
fn deep_nesting_in_a_text() {
    let project = Project::new();
    let nested = format!("{}\"{}\"{}", "[{\"a\":".repeat(200_000), token("a"), "}]".repeat(200_000));
    project.file("a.json", &nested).file("b.xml", "<a>".repeat(300_000)).file("c.py", "(".repeat(500_000));
    project.scan().code(1).has(TOKEN_RULE);
}

#[test]
fn one_line_of_fifty_megabytes() {
    let project = Project::new();
    let mut line = Vec::with_capacity(50 << 20);
    let bait = b"password=\"a\\\";token: AKIA ghp_ sk_live_ -----BEGIN ";
    while line.len() < 50 << 20 {
        line.extend(bait);
        line.extend(std::iter::repeat_n(b'x', 100_000));
        line.push(b' ');
    }
    line.extend(token("a").as_bytes());
    project.file("line.txt", &line).scan().code(1).has(TOKEN_RULE).finds_at(&format!("line.txt:1:{}", line.len() - 39));
}

#[test]
fn many_anchors_and_quotes() {
    let project = Project::new();
    project
        .file("quotes.txt", "\"".repeat(1_000_000))
        .file("equals.txt", "password=".repeat(5_000))
        .file("keys.txt", "-----BEGIN PRIVATE KEY-----\n".repeat(1_000))
        .file("escapes.txt", "\\".repeat(1_000_000))
        .file("ghp.txt", "ghp_".repeat(100_000))
        .file("last.txt", token("a"));
    project.scan().code(1).has("last.txt:1:1");
}

#[test]
fn bytes_that_are_no_text() {
    let project = Project::new();
    let mut noise: Vec<u8> = (0..1_000_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    noise.extend(format!("\0{}\0", token("a")).bytes());
    project.file("noise.bin", &noise).file("zeros.bin", vec![0; 100_000]).file("ff.bin", vec![0xFF; 100_000]);
    project.file("odd-utf16.txt", b"\xFF\xFEa").file("lone-mark.txt", b"\xEF\xBB").file("empty.txt", "");
    project.scan().code(1).has("noise.bin");
}

#[test]
fn an_input_that_ends_at_once() {
    let mut child = Run::new(["scan", "-"]).start();
    drop(child.stdin.take());
    drop(child.stdout.take());
    wait(&mut child);
}

#[test]
fn a_reader_that_leaves_early() {
    let project = Project::new();
    for number in 0..2000 {
        project.file(format!("{number}.txt"), token(&number.to_string()));
    }
    for arguments in [["scan", "."], ["rules", "list"]] {
        let mut child = project.run(arguments).start();
        drop(child.stdin.take());
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("it is piped")).read_line(&mut line).expect("there is a line");
        wait(&mut child);
        let mut said = String::new();
        child.stderr.take().expect("it is piped").read_to_string(&mut said).expect("it can be read");
        assert!(!said.contains("panicked"), "{said}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_2() {
    let project = Project::new();
    project.file("a.txt", "x");
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
    let status = std::process::Command::new(env!("CARGO_BIN_EXE_keyward"))
        .args(["scan", "."])
        .current_dir(project.path())
        .stdout(full)
        .stderr(std::process::Stdio::null())
        .status()
        .expect("the program starts");
    assert_eq!(status.code(), Some(2));
}
