//! Scans one blob, whole or piece by piece; both give the same sightings.

use super::examine::{Base, Context, Examined, Piece, examine};
use super::text::{Encoding, Text, detect, is_binary};
use crate::rule::Reach;
use crate::source::{Blob, Content};
use std::io::{self, Read};

/// How many stored bytes of a stream are examined at a time.
const STEP: usize = 8 << 20;
/// How many stored bytes on either side of a step are seen with it: twice the farthest reach, so that what overlaps a match at
/// the border is itself seen whole, and twice that for encodings of two bytes.
const MARGIN: usize = 4 * Reach::FAR;

/// Scans `blob`. Returns what was found and how many bytes were read.
///
/// # Errors
/// When a stream cannot be read; what was found before is lost with it.
pub fn scan_blob(context: &Context<'_>, blob: Blob<'_>) -> io::Result<(Examined, u64)> {
    match blob.content {
        Content::Whole(stored) => {
            let text = Text::new(stored);
            let length = text.bytes.len();
            let binary = is_binary(&text.bytes);
            let piece = Piece { path: blob.path, origin: blob.origin, text: &text, binary, base: Base::default() };
            let mut matches = Vec::new();
            context.scanner.matches(&text.bytes, 0..length, &mut matches);
            Ok((examine(context, &piece, matches, 0..length + 1), stored.len() as u64))
        }
        Content::Stream(reader) => {
            let origin = blob.origin;
            scan_stream(context, blob.path, &origin, reader)
        }
    }
}

/// Scans a stream in steps, each seen with a margin on both sides.
fn scan_stream(
    context: &Context<'_>,
    path: &str,
    origin: &crate::location::Origin,
    reader: &mut dyn Read,
) -> io::Result<(Examined, u64)> {
    let mut total = Examined::default();
    let mut window = Vec::with_capacity(STEP + 2 * MARGIN);
    let mut ended = fill(reader, &mut window, STEP + MARGIN)?;
    let (encoding, mark) = detect(&window);
    window.drain(..mark);
    let mut base = Base { offset: mark as u64, ..Base::default() };
    let mut read = (mark + window.len()) as u64;
    // Stored bytes at the start of the window that were examined in the step before.
    let mut behind = 0;
    let mut binary = None;
    loop {
        let step_end = if ended { window.len() } else { even(window.len().saturating_sub(MARGIN)) };
        let text = Text::decode(&window, encoding, 0);
        let from = decoded_length(&window[..behind], encoding);
        let to = decoded_length(&window[..step_end], encoding);
        let binary = *binary.get_or_insert_with(|| is_binary(&text.bytes));
        let piece = Piece { path, origin: origin.clone(), text: &text, binary, base };
        let mut matches = Vec::new();
        context.scanner.matches(&text.bytes, 0..text.bytes.len(), &mut matches);
        // One past the end at the end, so that an empty rest is not lost.
        let found = examine(context, &piece, matches, from..to + usize::from(ended));
        total.sightings.extend(found.sightings);
        total.allowed.inline += found.allowed.inline;
        total.allowed.configured += found.allowed.configured;
        if ended {
            return Ok((total, read));
        }
        let drop = even(step_end.saturating_sub(MARGIN));
        base = Base::after(&piece, decoded_length(&window[..drop], encoding));
        drop_front(&mut window, drop);
        behind = step_end - drop;
        let before = window.len();
        let room = behind + STEP + MARGIN - before;
        ended = fill(reader, &mut window, room)?;
        read += (window.len() - before) as u64;
    }
}

/// Reads up to `wanted` bytes more into `window`; says whether the stream ended.
fn fill(reader: &mut dyn Read, window: &mut Vec<u8>, wanted: usize) -> io::Result<bool> {
    let got = reader.take(wanted as u64).read_to_end(window)?;
    Ok(got < wanted)
}

/// How many bytes of text `stored` makes.
fn decoded_length(stored: &[u8], encoding: Encoding) -> usize {
    match encoding {
        Encoding::Bytes => stored.len(),
        _ => Text::decode(stored, encoding, 0).bytes.len(),
    }
}

/// Steps never split the two bytes of a UTF-16 unit.
fn even(length: usize) -> usize {
    length & !1
}

fn drop_front(window: &mut Vec<u8>, length: usize) {
    window.drain(..length);
}
