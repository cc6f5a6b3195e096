//! Finds every occurrence of some hundreds of literals in one pass, faster than an automaton.
//!
//! A bitmap holds the hashes of four-byte grams of the literals. The pass hashes the grams at every second position of the
//! text (eight at a time where the processor has AVX2) and tests them; a literal of five bytes or more has two neighbouring
//! grams in the bitmap, so one of them falls on a tested position whatever its own. What passes is compared byte by byte, so
//! the result is exact: all occurrences of all literals, overlapping ones too, without regard to ASCII case.

use std::ops::Range;

/// log2 of the number of bits in the bitmap: 256 KiB, which the second-level cache holds.
const BITS: u32 = 21;
/// Turns on the bit that tells upper from lower case in each byte. Other pairs fall together too; comparison tells them apart.
const FOLD: u32 = 0x2020_2020;
/// Spreads a gram over the bitmap (Fibonacci hashing).
const SPREAD: u32 = 0x9E37_79B1;

/// An occurrence of a literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// Offset of its first byte.
    pub position: usize,
    /// Which literal, by its index in the list the prefilter was built from.
    pub literal: u32,
}

/// A compiled set of literals.
pub struct Prefilter {
    literals: Vec<Box<[u8]>>,
    /// One bit for each hash of a gram; 32-bit words, as the gather instruction reads them.
    bitmap: Box<[u32]>,
    /// For each word of the bitmap, how many bits are set before it.
    rank: Box<[u32]>,
    /// For each set bit, where its entries start.
    starts: Vec<u32>,
    entries: Vec<Entry>,
    longest: usize,
    vector: bool,
}

/// A gram of a literal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    /// The gram itself, folded: another gram may have the same hash.
    gram: u32,
    literal: u32,
    /// Where the gram starts, relative to the literal; -1 for a gram that starts one byte before.
    offset: i8,
}

impl Prefilter {
    /// Compiles `literals`, each of three bytes or more.
    pub fn new<S: AsRef<str>>(literals: &[S]) -> Self {
        let literals: Vec<Box<[u8]>> = literals.iter().map(|s| s.as_ref().as_bytes().into()).collect();
        let mut grams: Vec<(u32, Entry)> = Vec::new();
        for (index, literal) in literals.iter().enumerate() {
            add_grams(literal, index as u32, &mut grams);
        }
        grams.sort_unstable();
        grams.dedup();
        let mut bitmap = vec![0u32; 1 << (BITS - 5)].into_boxed_slice();
        let mut starts = Vec::new();
        let mut entries = Vec::with_capacity(grams.len());
        for (hash, entry) in grams {
            let (word, bit) = (hash as usize >> 5, 1 << (hash & 31));
            if bitmap[word] & bit == 0 {
                bitmap[word] |= bit;
                starts.push(entries.len() as u32);
            }
            entries.push(entry);
        }
        starts.push(entries.len() as u32);
        let mut before = 0;
        let rank = bitmap
            .iter()
            .map(|word| {
                let here = before;
                before += word.count_ones();
                here
            })
            .collect();
        let longest = literals.iter().map(|literal| literal.len()).max().unwrap_or(0);
        Self { literals, bitmap, rank, starts, entries, longest, vector: has_vector_unit() }
    }

    /// The literal with this index.
    pub fn literal(&self, index: u32) -> &[u8] {
        &self.literals[index as usize]
    }

    /// How many bytes the longest literal has.
    pub fn longest(&self) -> usize {
        self.longest
    }

    /// Calls `found` for every occurrence that starts within `core`, in no particular order, each once.
    pub fn find(&self, text: &[u8], core: Range<usize>, mut found: impl FnMut(Hit)) {
        // A literal that starts in the core is seen by a gram up to one byte before it.
        let from = core.start.saturating_sub(1);
        let to = (core.end + self.longest).min(text.len());
        let mut seen = |at: usize, hash: u32| self.verify(text, at, hash, &core, &mut found);
        let done = self.find_wide(text, from, to, &mut seen);
        self.find_narrow(text, done, to, &mut seen);
    }

    /// Tests many grams a step with the vector unit; returns where it stopped, short of the end.
    #[cfg(target_arch = "x86_64")]
    fn find_wide(&self, text: &[u8], from: usize, to: usize, seen: &mut impl FnMut(usize, u32)) -> usize {
        if !self.vector {
            return from;
        }
        // SAFETY: `vector` is only set when the processor has AVX2.
        unsafe { avx2::find(&self.bitmap, text, from, to, seen) }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn find_wide(&self, _: &[u8], from: usize, _: usize, _: &mut impl FnMut(usize, u32)) -> usize {
        let _ = self.vector;
        from
    }

    /// Tests one gram a step; past the end of the text stand zeros.
    fn find_narrow(&self, text: &[u8], from: usize, to: usize, seen: &mut impl FnMut(usize, u32)) {
        let mut at = from;
        while at < to {
            let hash = hash(gram_at(text, at));
            if self.bitmap[hash as usize >> 5] >> (hash & 31) & 1 == 1 {
                seen(at, hash);
            }
            at += 2;
        }
    }

    /// Compares the literals whose gram hashes to `hash` with the text around the gram at `at`.
    #[inline]
    fn verify(&self, text: &[u8], at: usize, hash: u32, core: &Range<usize>, found: &mut impl FnMut(Hit)) {
        let (word, bit) = (hash as usize >> 5, hash & 31);
        let below = self.bitmap[word] & ((1u32 << bit) - 1);
        let slot = (self.rank[word] + below.count_ones()) as usize;
        let gram = gram_at(text, at) | FOLD;
        for entry in &self.entries[self.starts[slot] as usize..self.starts[slot + 1] as usize] {
            if entry.gram != gram {
                continue;
            }
            let Some(position) = at.checked_add_signed(-isize::from(entry.offset)) else { continue };
            let literal = &self.literals[entry.literal as usize];
            let here = text.get(position..position + literal.len());
            if core.contains(&position) && here.is_some_and(|here| here.eq_ignore_ascii_case(literal)) {
                found(Hit { position, literal: entry.literal });
            }
        }
    }
}

/// The four bytes at `at`; past the end of the text stand zeros.
#[inline]
fn gram_at(text: &[u8], at: usize) -> u32 {
    if let Some(bytes) = text.get(at..at + 4) {
        return u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    }
    let mut padded = [0; 4];
    let rest = &text[at.min(text.len())..];
    padded[..rest.len()].copy_from_slice(rest);
    u32::from_le_bytes(padded)
}

/// The place of a gram in the bitmap.
#[inline]
fn hash(gram: u32) -> u32 {
    (gram | FOLD).wrapping_mul(SPREAD) >> (32 - BITS)
}

/// Whether the vector pass can run here.
fn has_vector_unit() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("avx2");
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// Adds two grams of `literal` that start at neighbouring offsets: whichever parity it has in the text, one is tested.
fn add_grams(literal: &[u8], index: u32, grams: &mut Vec<(u32, Entry)>) {
    let mut add = |bytes: [u8; 4], offset: i8| {
        let gram = u32::from_le_bytes(bytes) | FOLD;
        grams.push((hash(gram), Entry { gram, literal: index, offset }));
    };
    if literal.len() >= 5 {
        let offset = rarest_pair(literal);
        for offset in [offset, offset + 1] {
            // Literals are at most 64 bytes long, so the offset fits.
            add([literal[offset], literal[offset + 1], literal[offset + 2], literal[offset + 3]], offset as i8);
        }
        return;
    }
    // Too short for two whole grams: the bytes beside it may be any. Half of them fold into the other half.
    let any = || (0..=u8::MAX).filter(|byte| byte & 0x20 != 0);
    any().for_each(|byte| add([byte, literal[0], literal[1], literal[2]], -1));
    match literal.get(3) {
        Some(&fourth) => add([literal[0], literal[1], literal[2], fourth], 0),
        None => any().for_each(|byte| add([literal[0], literal[1], literal[2], byte], 0)),
    }
}

/// The offset of the two neighbouring grams of `literal` that are rarest in source text, judged by the more frequent one.
fn rarest_pair(literal: &[u8]) -> usize {
    let least = |offset: &usize| surprise(&literal[*offset..offset + 4]).min(surprise(&literal[offset + 1..offset + 5]));
    (0..=literal.len() - 5).max_by_key(least).unwrap_or(0)
}

/// How unlikely pairs of characters, and then characters, are in source text, in tenths of bits: 32 by 32 classes and 32 classes,
/// counted over the sources of some popular programs and libraries. Only speed depends on it.
static SURPRISE: &[u8; CLASSES * CLASSES + CLASSES] = include_bytes!("prefilter/surprise.bin");
/// Letters, digits, four kinds of marks, and the rest.
const CLASSES: usize = 32;

/// How unlikely `gram` is, in tenths of bits: each pair given the character before.
fn surprise(gram: &[u8]) -> i32 {
    let pair = |pair: &[u8]| i32::from(SURPRISE[class(pair[0]) * CLASSES + class(pair[1])]);
    let single = |byte: u8| i32::from(SURPRISE[CLASSES * CLASSES + class(byte)]);
    gram.windows(2).map(pair).sum::<i32>() - gram[1..gram.len() - 1].iter().map(|&byte| single(byte)).sum::<i32>()
}

/// The class of a byte in [`SURPRISE`].
fn class(byte: u8) -> usize {
    match byte.to_ascii_lowercase() {
        letter @ b'a'..=b'z' => usize::from(letter - b'a'),
        b'0'..=b'9' => 26,
        b'_' => 27,
        b'-' => 28,
        b'.' => 29,
        b' ' | b'\t' | b'\n' | b'\r' => 30,
        _ => 31,
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::{BITS, FOLD, SPREAD, gram_at, hash};
    use std::arch::x86_64::*;

    /// Bytes a step covers: four vectors of eight grams, so that the look-ups of all four are under way at once.
    const STEP: usize = 64;

    /// Calls `seen` for each tested position from `from` whose gram is in `bitmap`; returns the first position not tested.
    ///
    /// # Safety
    /// The processor must have AVX2.
    #[target_feature(enable = "avx2")]
    pub unsafe fn find(bitmap: &[u32], text: &[u8], from: usize, to: usize, seen: &mut impl FnMut(usize, u32)) -> usize {
        let mut at = from;
        // The last load of a step reads 16 bytes from eight before its end.
        while at + STEP + 8 <= text.len() && at + STEP <= to {
            let mut hits = 0;
            for part in 0..STEP / 16 {
                // SAFETY: it reads 24 bytes from here, which the condition of the loop leaves room for.
                let found = unsafe { test(bitmap, text.as_ptr().add(at + 16 * part)) };
                hits |= found << (8 * part);
            }
            while hits != 0 {
                let position = at + 2 * hits.trailing_zeros() as usize;
                seen(position, hash(gram_at(text, position)));
                hits &= hits - 1;
            }
            at += STEP;
        }
        at
    }

    /// Which of the eight grams at `start`, two bytes apart, are in `bitmap`: one bit each.
    ///
    /// # Safety
    /// The processor must have AVX2, and 24 bytes must be readable from `start`.
    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn test(bitmap: &[u32], start: *const u8) -> u32 {
        // Each lane of 128 bits takes four grams.
        let spread_out = _mm256_setr_epi8(
            0, 1, 2, 3, 2, 3, 4, 5, 4, 5, 6, 7, 6, 7, 8, 9, //
            0, 1, 2, 3, 2, 3, 4, 5, 4, 5, 6, 7, 6, 7, 8, 9,
        );
        let low = _mm256_set1_epi32(31);
        // SAFETY: the loads end 24 bytes from the start.
        let bytes = unsafe { _mm256_loadu2_m128i(start.add(8).cast(), start.cast()) };
        let grams = _mm256_or_si256(_mm256_shuffle_epi8(bytes, spread_out), _mm256_set1_epi32(FOLD as i32));
        let hashes = _mm256_srli_epi32::<{ 32 - BITS as i32 }>(_mm256_mullo_epi32(grams, _mm256_set1_epi32(SPREAD as i32)));
        // SAFETY: a hash has BITS bits, and the bitmap has a word for each 32 of them.
        let words = unsafe { _mm256_i32gather_epi32::<4>(bitmap.as_ptr().cast(), _mm256_srli_epi32::<5>(hashes)) };
        // Move the wanted bit of each word to its sign, where movemask sees it.
        let up = _mm256_sub_epi32(low, _mm256_and_si256(hashes, low));
        _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_sllv_epi32(words, up))) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the prefilter must find: every occurrence, by trying every position.
    fn naive(literals: &[&str], text: &[u8], core: Range<usize>) -> Vec<Hit> {
        let mut hits = Vec::new();
        for position in core {
            for (literal, word) in literals.iter().enumerate() {
                let here = text.get(position..position + word.len());
                if here.is_some_and(|here| here.eq_ignore_ascii_case(word.as_bytes())) {
                    hits.push(Hit { position, literal: literal as u32 });
                }
            }
        }
        hits
    }

    fn found(prefilter: &Prefilter, text: &[u8], core: Range<usize>) -> Vec<Hit> {
        let mut hits = Vec::new();
        prefilter.find(text, core, |hit| hits.push(hit));
        hits.sort();
        hits
    }

    #[test]
    fn equals_trying_every_position() {
        let literals = ["key", "pass", "token", "ghp_", "secret_key", "SG.", "xoxb-", "eyJ", "aaaa", "aaaaaa"];
        let wide = Prefilter::new(&literals);
        let mut narrow = Prefilter::new(&literals);
        narrow.vector = false;
        let mut state = 7u64;
        let mut next = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) as usize
        };
        for round in 0..3000 {
            let mut text = Vec::new();
            for _ in 0..next() % 30 {
                match next() % 4 {
                    0 => text.extend(literals[next() % literals.len()].as_bytes()),
                    1 => text.extend(literals[next() % literals.len()].to_ascii_uppercase().as_bytes()),
                    2 => text.push(b'a'),
                    _ => text.extend((0..next() % 9).map(|_| next() as u8)),
                }
            }
            let start = if round % 2 == 0 { 0 } else { next() % (text.len() + 1) };
            let end = if round % 3 == 0 { text.len() } else { start + next() % (text.len() - start + 1) };
            let core = start..end;
            let expected = naive(&literals, &text, core.clone());
            assert_eq!(found(&wide, &text, core.clone()), expected, "{text:?} {core:?}");
            assert_eq!(found(&narrow, &text, core.clone()), expected, "{text:?} {core:?}");
        }
    }
}
