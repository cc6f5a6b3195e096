//! Text as rules see it: UTF-8 or ASCII bytes, whatever the file was stored in.

use std::borrow::Cow;
use std::ops::Range;

/// How a text is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Bytes as they are: ASCII, UTF-8 and its kin.
    Bytes,
    Utf16Little,
    Utf16Big,
}

/// Bytes made readable for the rules.
pub struct Text<'a> {
    pub bytes: Cow<'a, [u8]>,
    pub encoding: Encoding,
    /// How many stored bytes stand before the text: a byte order mark.
    pub mark: usize,
}

impl<'a> Text<'a> {
    /// Decodes `stored` after what its first bytes say.
    pub fn new(stored: &'a [u8]) -> Self {
        let (encoding, mark) = detect(stored);
        Self::decode(&stored[mark..], encoding, mark)
    }

    /// Decodes `stored`, which is known to be of `encoding`; `mark` bytes stood before it.
    pub fn decode(stored: &'a [u8], encoding: Encoding, mark: usize) -> Self {
        let bytes = match encoding {
            Encoding::Bytes => Cow::Borrowed(stored),
            Encoding::Utf16Little => Cow::Owned(transcode(stored, u16::from_le_bytes)),
            Encoding::Utf16Big => Cow::Owned(transcode(stored, u16::from_be_bytes)),
        };
        Self { bytes, encoding, mark }
    }

    /// How many stored bytes `span` of the text takes. It must start and end between characters.
    pub fn stored_length(&self, span: Range<usize>) -> usize {
        match self.encoding {
            Encoding::Bytes => span.len(),
            // Every part of the text was made from UTF-16, a lone surrogate from two bytes as the replacement character is.
            _ => 2 * String::from_utf8_lossy(&self.bytes[span]).chars().map(char::len_utf16).sum::<usize>(),
        }
    }
}

/// The encoding of a text that starts with `head`, and the length of its byte order mark.
pub fn detect(head: &[u8]) -> (Encoding, usize) {
    match head {
        [0xEF, 0xBB, 0xBF, ..] => (Encoding::Bytes, 3),
        [0xFF, 0xFE, 0, 0, ..] => (Encoding::Bytes, 0),
        [0xFF, 0xFE, ..] => (Encoding::Utf16Little, 2),
        [0xFE, 0xFF, ..] => (Encoding::Utf16Big, 2),
        _ => (detect_without_mark(head), 0),
    }
}

/// UTF-16 of mostly ASCII text has a zero in every second byte, and hardly one in the others.
fn detect_without_mark(head: &[u8]) -> Encoding {
    let head = &head[..head.len().min(4096) & !1];
    if head.len() < 8 || memchr::memchr(0, head).is_none() {
        return Encoding::Bytes;
    }
    let zeros = |first: usize| head.iter().skip(first).step_by(2).filter(|&&byte| byte == 0).count();
    let (even, odd, half) = (zeros(0), zeros(1), head.len() / 2);
    if odd * 10 >= half * 7 && even * 20 <= half {
        Encoding::Utf16Little
    } else if even * 10 >= half * 7 && odd * 20 <= half {
        Encoding::Utf16Big
    } else {
        Encoding::Bytes
    }
}

fn transcode(stored: &[u8], unit: fn([u8; 2]) -> u16) -> Vec<u8> {
    let units = stored.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    let mut bytes = Vec::with_capacity(stored.len() / 2);
    let mut buffer = [0; 4];
    for decoded in char::decode_utf16(units) {
        let char = decoded.unwrap_or(char::REPLACEMENT_CHARACTER);
        bytes.extend_from_slice(char.encode_utf8(&mut buffer).as_bytes());
    }
    bytes
}

/// Whether `text` is no text: it holds a zero byte where text files have none.
pub fn is_binary(text: &[u8]) -> bool {
    memchr::memchr(0, &text[..text.len().min(8192)]).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(unit).collect()
    }

    #[test]
    fn utf16_is_known_with_and_without_its_mark() {
        let text = "password = ünï😀 = x";
        for (unit, mark) in [(u16::to_le_bytes as fn(u16) -> [u8; 2], [0xFF, 0xFE]), (u16::to_be_bytes, [0xFE, 0xFF])] {
            let bare = utf16(text, unit);
            assert_eq!(&*Text::new(&bare).bytes, text.as_bytes());
            let marked = [&mark[..], &bare].concat();
            let decoded = Text::new(&marked);
            assert_eq!((&*decoded.bytes, decoded.mark), (text.as_bytes(), 2));
            let at = text.find('x').unwrap_or(0);
            assert_eq!(decoded.stored_length(0..at), bare.len() - 2);
        }
    }

    #[test]
    fn other_bytes_stay_as_they_are() {
        assert_eq!(Text::new(b"\xEF\xBB\xBFkey").mark, 3);
        assert_eq!(Text::new(b"\x00\x01\x00\x02\x09\x08\x00\x00").encoding, Encoding::Bytes);
        assert_eq!(Text::new(b"").encoding, Encoding::Bytes);
    }
}
