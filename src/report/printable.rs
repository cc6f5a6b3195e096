//! Outside text made safe to show: what stands in a path, a line of code or a rule must neither steer a terminal nor reorder
//! what people read.

use std::borrow::Cow;

/// `text` on one line, with control characters and invisible ones written out, such as `\u{1b}`.
pub fn line(text: &str) -> Cow<'_, str> {
    escape(text, is_unsafe)
}

/// Like [`line()`], but line ends stay what they are.
pub fn lines(text: &str) -> Cow<'_, str> {
    escape(text, |char| char != '\n' && is_unsafe(char))
}

fn escape(text: &str, wanted: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(&wanted) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for char in text.chars() {
        match char {
            _ if !wanted(char) => safe.push(char),
            '\t' | '\n' | '\r' => safe.extend(char.escape_default()),
            _ => safe.extend(char.escape_unicode()),
        }
    }
    Cow::Owned(safe)
}

/// Whether `char` steers a terminal, reorders text, or takes up no room where one would expect something.
fn is_unsafe(char: char) -> bool {
    char.is_control()
        || matches!(char,
            // Marks, embeddings, overrides and isolates of bidirectional text.
            '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
            // Line and paragraph separators.
            | '\u{2028}' | '\u{2029}'
            // Text that cannot be seen: zero-width space, word joiner and its kin, byte order mark, tags, soft hyphen.
            | '\u{200B}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}' | '\u{E0000}'..='\u{E007F}' | '\u{00AD}'
            | '\u{FFF9}'..='\u{FFFB}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_borrowed() {
        assert!(matches!(line("src/ünï 😀.rs"), Cow::Borrowed(_)));
    }

    #[test]
    fn nothing_steers_a_terminal_or_reorders_text() {
        assert_eq!(line("a\u{1b}[31mb\nc\td\u{9b}e"), "a\\u{1b}[31mb\\nc\\td\\u{9b}e");
        assert_eq!(line("x\u{202e}gpj.exe"), "x\\u{202e}gpj.exe");
        assert_eq!(lines("one\ntwo\r\u{7}"), "one\ntwo\\r\\u{7}");
    }
}
