//! Finds what is assigned to a telling name: `password = "…"`, `"token": "…"`, `--secret=…`.

use std::ops::Range;

/// A value under a name. Offsets into the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The whole name that the keyword is part of.
    pub name: Range<usize>,
    pub value: Range<usize>,
    pub quoted: bool,
}

/// Appends what is assigned to the name that holds `keyword`.
pub fn candidates(text: &[u8], keyword: Range<usize>, out: &mut Vec<Candidate>) {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let before = text[keyword.start.saturating_sub(64)..keyword.start].iter().rev().take_while(|byte| is_name(byte)).count();
    let after = text[keyword.end..].iter().take(64).take_while(|byte| is_name(byte)).count();
    let name = keyword.start - before..keyword.end + after;
    let mut at = name.end;
    let mut operator = false;
    let mut quote = None;
    for &byte in text[at..].iter().take(16) {
        match byte {
            b'=' | b':' if quote.is_none() => operator = true,
            b'"' | b'\'' | b'`' if operator => quote = Some(byte),
            b'"' | b'\'' | b']' | b' ' | b'\t' | b'>' => {}
            _ => break,
        }
        at += 1;
        if quote.is_some() {
            break;
        }
    }
    if !operator {
        return;
    }
    let ends = |byte: &u8| match quote {
        Some(quote) => *byte == quote || *byte == b'\n',
        None => byte.is_ascii_whitespace() || matches!(byte, b',' | b';' | b'"' | b'\'' | b')' | b'}' | b'&' | b'<'),
    };
    let length = text[at..].iter().take(256).take_while(|byte| !ends(byte)).count();
    if (4..256).contains(&length) {
        out.push(Candidate { name, value: at..at + length, quoted: quote.is_some() });
    }
}
