//! One pack and its index, both mapped into memory: which objects it holds, where, and what stands there.

use super::delta;
use super::objects::{Damage, Hash, Kind};
use libdeflater::Decompressor;
use memmap2::Mmap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// The first bytes of an index of version 2.
const INDEX_MAGIC: [u8; 8] = [0xFF, b't', b'O', b'c', 0, 0, 0, 2];
/// Where the object names of an index start: behind its magic and the 256 counts.
const NAMES: usize = 8 + 256 * 4;
/// The bytes of the head of a pack: magic, version, count.
const PACK_HEAD: usize = 12;

/// A pack with its index.
pub struct Pack {
    pub path: PathBuf,
    data: Mmap,
    index: Mmap,
    hash: Hash,
    /// How many objects there are.
    count: usize,
}

/// What stands at the head of an entry of a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    pub base: Base,
    /// Bytes of the object or delta once inflated.
    pub size: usize,
    /// Where the compressed bytes start in the pack.
    pub data: usize,
}

/// What an entry is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    /// Nothing: it is stored whole.
    Whole(Kind),
    /// The entry at this offset of the same pack.
    Offset(u64),
    /// The object whose name stands at this place of the pack.
    Name(usize),
}

impl Pack {
    /// Maps the pack at `path`, which ends in `.pack`, and the index beside it.
    ///
    /// # Errors
    /// When one of the two cannot be read, is cut short or of an unknown version.
    pub fn open(path: &Path, hash: Hash) -> io::Result<Self> {
        let wrong = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
        let data = map(path)?;
        let index = map(&path.with_extension("idx"))?;
        if data.len() < PACK_HEAD + hash.length() || &data[..4] != b"PACK" {
            return Err(wrong("it is no pack, or cut short"));
        }
        if !matches!(number(&data, 4), 2 | 3) {
            return Err(wrong("the pack is of an unknown version"));
        }
        if index.len() < NAMES + 2 * hash.length() || index[..8] != INDEX_MAGIC {
            return Err(wrong("its index is not of version 2; `git index-pack` makes one"));
        }
        let count = number(&index, NAMES - 4) as usize;
        let pack = Self { path: path.to_path_buf(), data, index, hash, count };
        if count != number(&pack.data, 8) as usize || pack.index.len() < pack.large_offsets() + 2 * hash.length() {
            return Err(wrong("its index belongs to another pack, or is cut short"));
        }
        let end = |byte: usize| number(&pack.index, 8 + 4 * byte);
        if (1..256).any(|byte| end(byte) < end(byte - 1)) {
            return Err(wrong("its index is damaged"));
        }
        Ok(pack)
    }

    /// How many objects the pack holds.
    pub fn len(&self) -> usize {
        self.count
    }

    /// The name of the object with `position` in the order of names.
    pub fn name(&self, position: usize) -> &[u8] {
        let start = NAMES + position * self.hash.length();
        &self.index[start..start + self.hash.length()]
    }

    /// The position of the object called `name`.
    pub fn position(&self, name: &[u8]) -> Option<usize> {
        let first = usize::from(*name.first()?);
        let mut low = if first == 0 { 0 } else { number(&self.index, 8 + 4 * (first - 1)) as usize };
        let mut high = number(&self.index, 8 + 4 * first) as usize;
        while low < high {
            let middle = usize::midpoint(low, high);
            match self.name(middle).cmp(name) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// Where in the pack the object with `position` stands. An offset that an index has no room for is told as one beyond the pack.
    pub fn offset(&self, position: usize) -> u64 {
        let small = number(&self.index, self.small_offsets() + 4 * position);
        if small & 0x8000_0000 == 0 {
            return u64::from(small);
        }
        let at = self.large_offsets() + 8 * (small & 0x7FFF_FFFF) as usize;
        let bytes = self.index.get(at..at + 8).and_then(|bytes| bytes.try_into().ok());
        bytes.map_or(u64::MAX, u64::from_be_bytes)
    }

    /// Reads the head of the entry at `offset`.
    ///
    /// # Errors
    /// When there is none, or one that points before the start of the pack.
    pub fn entry(&self, offset: u64) -> Result<Entry, Damage> {
        let end = self.data.len() - self.hash.length();
        let start = usize::try_from(offset).map_err(|_| Damage::Head)?;
        if !(PACK_HEAD..end).contains(&start) {
            return Err(Damage::Head);
        }
        let mut at = start;
        let mut byte = self.byte(&mut at)?;
        let kind = byte >> 4 & 7;
        let mut size = u64::from(byte & 0x0F);
        let mut shift = 4;
        while byte & 0x80 != 0 {
            if shift > 53 {
                return Err(Damage::Head);
            }
            byte = self.byte(&mut at)?;
            size |= u64::from(byte & 0x7F) << shift;
            shift += 7;
        }
        let base = match kind {
            1 => Base::Whole(Kind::Commit),
            2 => Base::Whole(Kind::Tree),
            3 => Base::Whole(Kind::Blob),
            4 => Base::Whole(Kind::Tag),
            6 => Base::Offset(self.base_offset(offset, &mut at)?),
            7 => {
                let name = at;
                at += self.hash.length();
                Base::Name(name)
            }
            _ => return Err(Damage::Head),
        };
        if at >= end {
            return Err(Damage::Head);
        }
        Ok(Entry { base, size: usize::try_from(size).map_err(|_| Damage::Head)?, data: at })
    }

    /// The object name that a [`Base::Name`] points to.
    pub fn base_name(&self, at: usize) -> &[u8] {
        &self.data[at..at + self.hash.length()]
    }

    /// Inflates the bytes of `entry` into `out`, whose old content is lost.
    ///
    /// # Errors
    /// When they are damaged or of another size than the head says.
    pub fn inflate(&self, entry: &Entry, inflater: &mut Decompressor, out: &mut Vec<u8>) -> Result<(), Damage> {
        let compressed = &self.data[entry.data..self.data.len() - self.hash.length()];
        // No stream inflates to more than 1032 times its size, so a head that promises more lies and gets no memory.
        if entry.size / 1032 > compressed.len() {
            return Err(Damage::Head);
        }
        out.resize(entry.size, 0);
        match inflater.zlib_decompress(compressed, out) {
            Ok(size) if size == entry.size => Ok(()),
            _ => Err(Damage::Inflate),
        }
    }

    /// The size of the object that `delta`, the inflated bytes of an entry, makes.
    pub fn result_size(delta: &[u8]) -> Result<usize, Damage> {
        delta::sizes(delta).map(|(_, result, _)| result).map_err(Damage::Delta)
    }

    fn byte(&self, at: &mut usize) -> Result<u8, Damage> {
        let byte = *self.data.get(*at).ok_or(Damage::Head)?;
        *at += 1;
        Ok(byte)
    }

    /// Reads how far before `offset` the base stands.
    fn base_offset(&self, offset: u64, at: &mut usize) -> Result<u64, Damage> {
        let mut byte = self.byte(at)?;
        let mut distance = u64::from(byte & 0x7F);
        while byte & 0x80 != 0 {
            byte = self.byte(at)?;
            distance = distance.checked_add(1).and_then(|d| d.checked_mul(128)).ok_or(Damage::Head)? | u64::from(byte & 0x7F);
        }
        offset.checked_sub(distance).filter(|_| distance > 0).ok_or(Damage::Head)
    }

    /// Where in the index the offsets of 31 bits start: behind names and checksums.
    fn small_offsets(&self) -> usize {
        NAMES + self.count * (self.hash.length() + 4)
    }

    /// Where in the index the offsets of 63 bits start.
    fn large_offsets(&self) -> usize {
        self.small_offsets() + 4 * self.count
    }
}

/// Maps a file into memory.
fn map(path: &Path) -> io::Result<Mmap> {
    let file = File::open(path)?;
    // SAFETY: git never changes a pack or an index once it is written; it only adds and removes whole files. Someone who
    // truncates one under a running scan can make that scan crash, as they can with git itself.
    unsafe { Mmap::map(&file) }
}

/// The big-endian number at `at`, which the caller knows to be within `bytes`.
fn number(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
