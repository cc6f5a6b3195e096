//! Where a finding stands: line and column from one, whatever the encoding and the line ends.

use crate::common::{Project, token};

/// The text with each unit as two bytes.
fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

#[test]
fn line_ends_and_marks() {
    let secret = token("a");
    let project = Project::new();
    project
        .file("lf.txt", format!("one\ntwo\nkey {secret}\n"))
        .file("crlf.txt", format!("one\r\ntwo\r\nkey {secret}\r\n"))
        .file("bom.txt", format!("\u{feff}{secret}"))
        .file("umlaut.txt", format!("äöü\näöü🔑 {secret}"));
    project.scan().code(1).finds_at("lf.txt:3:5").finds_at("crlf.txt:3:5").finds_at("bom.txt:1:1").finds_at("umlaut.txt:2:6");
}

#[test]
fn two_byte_encodings_with_and_without_a_mark() {
    let text = format!("first line\r\nüñï {}\r\n", token("a"));
    let marked = format!("\u{feff}{text}");
    let project = Project::new();
    project
        .file("le.txt", utf16(&text, u16::to_le_bytes))
        .file("be.txt", utf16(&text, u16::to_be_bytes))
        .file("le-bom.txt", utf16(&marked, u16::to_le_bytes))
        .file("be-bom.txt", utf16(&marked, u16::to_be_bytes));
    project.scan().code(1).finds_at("le.txt:2:5").finds_at("be.txt:2:5").finds_at("le-bom.txt:2:5").finds_at("be-bom.txt:2:5");
}

#[test]
fn one_line_of_many_megabytes_has_exact_columns() {
    let project = Project::new();
    // Around where large files are cut in pieces, and at both ends.
    const MEGABYTE: usize = 1 << 20;
    let mut text = vec![b' '; 20 * MEGABYTE];
    let places =
        [0, 8 * MEGABYTE - 40, 8 * MEGABYTE - 17, 8 * MEGABYTE, 8 * MEGABYTE + 262_100, 16 * MEGABYTE + 3, 20 * MEGABYTE - 40];
    for place in places {
        text[place..place + 40].copy_from_slice(token(&place.to_string()).as_bytes());
        // Neighbours would be part of one word.
        if let Some(after) = text.get_mut(place + 40) {
            *after = b' ';
        }
    }
    let places = [0, 8 * MEGABYTE + 262_100, 16 * MEGABYTE + 3, 20 * MEGABYTE - 40].into_iter();
    let mut outcome = project.file("line.txt", &text).scan().code(1);
    for place in places {
        outcome = outcome.finds_at(&format!("line.txt:1:{}", place + 1));
    }
}

#[test]
fn a_stream_and_a_file_agree() {
    let text = format!("{}\n{} {}\n", "x\n".repeat(3_000_000), "y".repeat(100), token("a"));
    let project = Project::new();
    project.file("big.txt", &text).scan().code(1).finds_at("big.txt:3000002:102");
    project.scan().arg("-").input(text).code(1).finds_at("-:3000002:102");
}

#[test]
fn several_in_a_line_have_their_own_places() {
    let project = Project::new();
    project.file("a.txt", format!("{} {}\n", token("a"), token("b")));
    project.scan().code(1).finds_at("a.txt:1:1").finds_at("a.txt:1:42");
}

#[test]
fn no_secret_is_printed() {
    let project = Project::new();
    let (first, second) = (token("a"), token("b"));
    project.file("a.txt", format!("{first} {second}\n")).file("b.env", "password = \"kQ8vZp2xLm4RtYwN\"\n");
    let outcome = project.scan().code(1);
    for secret in [first.as_str(), second.as_str(), "kQ8vZp2xLm4RtYwN"] {
        assert!(!outcome.stdout.contains(&secret[8..]) && !outcome.stderr.contains(&secret[8..]), "{}", outcome.stdout);
    }
}
