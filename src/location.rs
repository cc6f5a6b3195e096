//! Where in what was read a secret stands: origins, positions, and the index that turns byte offsets into lines.

use std::ops::Range;

/// Where the bytes of a blob came from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// A file of the working tree.
    File,
    /// Standard input.
    Stdin,
    /// The git index: what the next commit would hold.
    Index,
    /// Git history: the object id of the blob, commit or tag that holds the text.
    Object { id: String },
}

/// A line and a column, both counted from one; columns are Unicode code points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    pub line: u64,
    pub column: u64,
}

/// Bytes from `start` up to and without `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    pub start: u64,
    pub end: u64,
}

/// The exact place of one secret in one blob.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// The path as people know it: relative to the scanned root, separated by `/`.
    pub path: String,
    /// Where the blob came from.
    pub origin: Origin,
    /// First character of the secret.
    pub start: Position,
    /// One past the last character of the secret.
    pub end: Position,
    /// The bytes of the secret in the blob as it is stored.
    pub span: Span,
    /// The line with every secret on it masked, clipped to a readable length.
    pub snippet: String,
}

/// The starts of all lines of a text, for turning offsets into positions.
///
/// A line ends with LF or CRLF; a lone CR is a character like any other, as git sees it.
pub struct LineIndex {
    /// Offset of the first byte of each line.
    starts: Vec<usize>,
}

impl LineIndex {
    /// Indexes `text`, in one pass.
    pub fn new(text: &[u8]) -> Self {
        let mut starts = vec![0];
        starts.extend(memchr::memchr_iter(b'\n', text).map(|newline| newline + 1));
        Self { starts }
    }

    /// The line (from zero) that holds `offset`.
    pub fn line(&self, offset: usize) -> usize {
        self.starts.partition_point(|&start| start <= offset) - 1
    }

    /// The position of `offset`, an offset into the same `text`, in code points.
    pub fn position(&self, text: &[u8], offset: usize) -> Position {
        let line = self.line(offset);
        let column = count_code_points(&text[self.starts[line]..offset]);
        Position { line: line as u64 + 1, column: column + 1 }
    }

    /// The bytes of `line` (from zero) without its line end.
    pub fn range(&self, text: &[u8], line: usize) -> Range<usize> {
        let start = self.starts[line];
        let mut end = self.starts.get(line + 1).map_or(text.len(), |&next| next - 1);
        if end > start && text[end - 1] == b'\r' {
            end -= 1;
        }
        start..end
    }

    /// How many lines there are; an empty text has one.
    pub fn len(&self) -> usize {
        self.starts.len()
    }
}

/// Counts code points; a byte that is not UTF-8 counts as one, as a replacement character would.
pub fn count_code_points(bytes: &[u8]) -> u64 {
    if bytes.is_ascii() {
        return bytes.len() as u64;
    }
    bytes.utf8_chunks().map(|chunk| chunk.valid().chars().count() as u64 + u64::from(!chunk.invalid().is_empty())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, offset: usize) -> (u64, u64) {
        let position = LineIndex::new(text.as_bytes()).position(text.as_bytes(), offset);
        (position.line, position.column)
    }

    #[test]
    fn lines_and_columns_count_from_one() {
        assert_eq!(at("", 0), (1, 1));
        assert_eq!(at("ab\ncd", 2), (1, 3));
        assert_eq!(at("ab\ncd", 3), (2, 1));
        assert_eq!(at("ab\r\ncd", 5), (2, 2));
        assert_eq!(at("äö\nü=x", 8), (2, 3));
    }

    #[test]
    fn a_line_leaves_its_end_out() {
        let text = b"one\r\ntwo\n";
        let index = LineIndex::new(text);
        assert_eq!(&text[index.range(text, 0)], b"one");
        assert_eq!(&text[index.range(text, 1)], b"two");
        assert_eq!(&text[index.range(text, 2)], b"");
    }

    #[test]
    fn broken_utf8_counts_by_replacement_character() {
        assert_eq!(count_code_points(b"a\xffb"), 3);
    }
}
