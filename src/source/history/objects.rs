//! Every object of a repository, numbered: those of its packs, its loose ones, and those of its alternates.

use super::delta::DeltaError;
use super::pack::Pack;
use crate::problem::{Problem, Reason};
use libdeflater::{DecompressionError, Decompressor};
use std::collections::HashSet;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// How object names are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    Sha1,
    Sha256,
}

impl Hash {
    /// Bytes of a name.
    pub const fn length(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }
}

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Commit,
    Tree,
    Blob,
    Tag,
}

impl Kind {
    /// The word git uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Tree => "tree",
            Self::Blob => "blob",
            Self::Tag => "tag",
        }
    }
}

/// The name of an object: the hash of its content.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId {
    bytes: [u8; 32],
    length: u8,
}

impl ObjectId {
    /// The name that `bytes` are; none when they are no 20 or 32.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        if !matches!(bytes.len(), 20 | 32) {
            return None;
        }
        let mut id = Self { bytes: [0; 32], length: bytes.len() as u8 };
        id.bytes[..bytes.len()].copy_from_slice(bytes);
        Some(id)
    }

    /// Reads 40 or 64 hex digits.
    pub fn parse(hex: &[u8]) -> Option<Self> {
        let mut bytes = [0; 32];
        if !matches!(hex.len(), 40 | 64) {
            return None;
        }
        let digit = |byte: u8| char::from(byte).to_digit(16);
        for (byte, pair) in bytes.iter_mut().zip(hex.chunks_exact(2)) {
            *byte = (digit(pair[0])? << 4 | digit(pair[1])?) as u8;
        }
        Self::new(&bytes[..hex.len() / 2])
    }

    /// The bytes of the name.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The number of an object in an [`ObjectStore`].
pub type Number = u32;

/// Why an object cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// The head of its entry makes no sense.
    Head,
    /// Its compressed bytes are damaged.
    Inflate,
    /// Its delta is damaged.
    Delta(DeltaError),
    /// What it is a delta of is missing or damaged.
    Base,
    /// It is no commit, tree or tag inside.
    Content,
    /// It is larger than the limit, in bytes.
    TooLarge(usize),
    /// Its file cannot be read.
    Io(io::ErrorKind),
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Head => f.write_str("its head is damaged"),
            Self::Inflate => f.write_str("its compressed bytes are damaged"),
            Self::Delta(_) => f.write_str("its delta is damaged"),
            Self::Base => f.write_str("the object it is a delta of is missing or damaged"),
            Self::Content => f.write_str("its content makes no sense"),
            Self::TooLarge(size) => write!(f, "it is {size} bytes long, more than the limit"),
            Self::Io(kind) => write!(f, "its file cannot be read ({kind})"),
        }
    }
}

/// The objects of a repository. Packed ones come first, in the order of the packs and of the names within each, then loose ones.
pub struct ObjectStore {
    pub hash: Hash,
    packs: Vec<Pack>,
    /// For each pack, the number of its first object; then the number of the first loose one.
    firsts: Vec<Number>,
    /// Sorted by name.
    loose: Vec<Loose>,
    /// The `objects` folders: the own one, then those of the alternates.
    directories: Vec<PathBuf>,
}

/// An object in a file of its own.
struct Loose {
    id: ObjectId,
    /// Which of the folders it is in.
    directory: u16,
}

/// Where an object is stored.
pub enum Place<'a> {
    Packed { pack: &'a Pack, position: usize },
    Loose { id: ObjectId },
}

impl ObjectStore {
    /// Opens all of `directory` (an `objects` folder) and its alternates. What cannot be opened becomes a problem.
    ///
    /// # Errors
    /// When there are more than 4 billion objects.
    pub fn open(directory: &Path, hash: Hash, problems: &mut Vec<Problem>) -> io::Result<Self> {
        let directories = with_alternates(directory, problems);
        let mut packs = Vec::new();
        let mut loose = Vec::new();
        for (index, directory) in directories.iter().enumerate() {
            open_packs(&directory.join("pack"), hash, &mut packs, problems);
            list_loose(directory, index as u16, hash, &mut loose, problems);
        }
        loose.sort_by_key(|object| object.id);
        loose.dedup_by_key(|object| object.id);
        let mut firsts = Vec::with_capacity(packs.len() + 1);
        let mut total = 0u64;
        for pack in &packs {
            firsts.push(total as Number);
            total += pack.len() as u64;
        }
        firsts.push(total as Number);
        if total + loose.len() as u64 >= u64::from(Number::MAX) {
            return Err(io::Error::other("it holds more than four billion objects"));
        }
        Ok(Self { hash, packs, firsts, loose, directories })
    }

    /// How many objects there are; one that is stored twice counts twice.
    pub fn len(&self) -> usize {
        self.first_loose() + self.loose.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The packs, and the number of the first object of each.
    pub fn packs(&self) -> impl Iterator<Item = (&Pack, Number)> {
        self.packs.iter().zip(self.firsts.iter().copied())
    }

    /// The numbers of the loose objects.
    pub fn loose(&self) -> std::ops::Range<Number> {
        self.first_loose() as Number..self.len() as Number
    }

    /// The name of an object.
    pub fn id(&self, number: Number) -> ObjectId {
        match self.place(number) {
            // Names in an index are as long as those of the store's hash.
            Place::Packed { pack, position } => ObjectId::new(pack.name(position)).expect("a name of 20 or 32 bytes"),
            Place::Loose { id } => id,
        }
    }

    /// The number of the object called `name`; the lowest, should it be stored twice.
    pub fn find(&self, name: &[u8]) -> Option<Number> {
        for (pack, &first) in self.packs.iter().zip(&self.firsts) {
            if let Some(position) = pack.position(name) {
                return Some(first + position as Number);
            }
        }
        let index = self.loose.binary_search_by(|object| object.id.as_bytes().cmp(name)).ok()?;
        Some((self.first_loose() + index) as Number)
    }

    /// Whether `number` is the one that [`ObjectStore::find`] gives for its object: all but one copy of an object are not.
    pub fn is_first(&self, number: Number) -> bool {
        (self.packs.len() == 1 && self.loose.is_empty()) || self.find(self.id(number).as_bytes()) == Some(number)
    }

    /// Where an object is stored.
    pub fn place(&self, number: Number) -> Place<'_> {
        let pack = self.firsts.partition_point(|&first| first <= number) - 1;
        // Packs without objects share their first number with the next.
        match self.packs.get(pack) {
            Some(packed) => Place::Packed { pack: packed, position: (number - self.firsts[pack]) as usize },
            None => Place::Loose { id: self.loose[number as usize - self.first_loose()].id },
        }
    }

    /// Reads a loose object into `out`.
    ///
    /// # Errors
    /// When its file cannot be read, is damaged or makes more than `limit` bytes.
    pub fn read_loose(
        &self,
        number: Number,
        limit: usize,
        inflater: &mut Decompressor,
        out: &mut Vec<u8>,
    ) -> Result<Kind, Damage> {
        let object = &self.loose[number as usize - self.first_loose()];
        let hex = object.id.to_string();
        let path = self.directories[usize::from(object.directory)].join(&hex[..2]).join(&hex[2..]);
        let compressed = fs::read(path).map_err(|error| Damage::Io(error.kind()))?;
        let mut room = compressed.len().saturating_mul(4).max(4096);
        loop {
            out.resize(room, 0);
            match inflater.zlib_decompress(&compressed, out) {
                Ok(size) => {
                    out.truncate(size);
                    return strip_head(out);
                }
                Err(DecompressionError::InsufficientSpace) if room <= limit => room = room.saturating_mul(4),
                Err(DecompressionError::InsufficientSpace) => return Err(Damage::TooLarge(room)),
                Err(DecompressionError::BadData) => return Err(Damage::Inflate),
            }
        }
    }

    fn first_loose(&self) -> usize {
        self.firsts.last().map_or(0, |&first| first as usize)
    }
}

/// Takes `blob 123\0` off the front of `object`.
fn strip_head(object: &mut Vec<u8>) -> Result<Kind, Damage> {
    let end = memchr::memchr(0, &object[..object.len().min(64)]).ok_or(Damage::Head)?;
    let head = std::str::from_utf8(&object[..end]).map_err(|_| Damage::Head)?;
    let (kind, size) = head.split_once(' ').ok_or(Damage::Head)?;
    let kind = match kind {
        "commit" => Kind::Commit,
        "tree" => Kind::Tree,
        "blob" => Kind::Blob,
        "tag" => Kind::Tag,
        _ => return Err(Damage::Head),
    };
    if size.parse() != Ok(object.len() - end - 1) {
        return Err(Damage::Head);
    }
    object.drain(..=end);
    Ok(kind)
}

/// `directory` and all it borrows objects from, itself first, each once.
fn with_alternates(directory: &Path, problems: &mut Vec<Problem>) -> Vec<PathBuf> {
    let mut directories = vec![directory.to_path_buf()];
    let mut seen: HashSet<PathBuf> = directory.canonicalize().into_iter().collect();
    let mut index = 0;
    while let Some(directory) = directories.get(index).cloned() {
        index += 1;
        let list = fs::read(directory.join("info/alternates")).unwrap_or_default();
        for line in list.split(|&byte| byte == b'\n').filter(|line| !line.is_empty() && line[0] != b'#') {
            let path = directory.join(String::from_utf8_lossy(line).as_ref());
            match path.canonicalize() {
                Ok(path) if seen.insert(path.clone()) => directories.push(path),
                Ok(_) => {}
                Err(error) => {
                    let subject = path.display().to_string();
                    let detail = format!("the repository borrows objects from this folder, which cannot be opened: {error}");
                    problems.push(Problem { detail, ..Problem::from_io(subject, &error) });
                }
            }
        }
    }
    directories.truncate(usize::from(u16::MAX));
    directories
}

/// Opens every pack in `directory`, in the order of their names.
fn open_packs(directory: &Path, hash: Hash, packs: &mut Vec<Pack>, problems: &mut Vec<Problem>) {
    let Ok(entries) = list(directory, problems) else { return };
    for path in entries.iter().filter(|path| path.extension().is_some_and(|extension| extension == "pack")) {
        match Pack::open(path, hash) {
            Ok(pack) => packs.push(pack),
            Err(error) => {
                let subject = path.display().to_string();
                let detail = format!("this pack cannot be opened: {error}");
                problems.push(Problem { subject, reason: Reason::Object, detail });
            }
        }
    }
}

/// Lists the loose objects in `directory`.
fn list_loose(directory: &Path, index: u16, hash: Hash, loose: &mut Vec<Loose>, problems: &mut Vec<Problem>) {
    let digits = hash.length() * 2 - 2;
    let Ok(folders) = list(directory, problems) else { return };
    for folder in folders {
        let Some(head) = folder.file_name().and_then(|name| name.to_str()).filter(|name| is_hex(name, 2)) else { continue };
        let Ok(files) = list(&folder, problems) else { continue };
        let names = files.iter().filter_map(|file| file.file_name()?.to_str()).filter(|name| is_hex(name, digits));
        loose.extend(names.filter_map(|name| {
            let id = ObjectId::parse(format!("{head}{name}").as_bytes())?;
            Some(Loose { id, directory: index })
        }));
    }
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The paths in `directory`, sorted; a folder that is not there is empty.
fn list(directory: &Path, problems: &mut Vec<Problem>) -> Result<Vec<PathBuf>, ()> {
    let read = || -> io::Result<Vec<PathBuf>> { fs::read_dir(directory)?.map(|entry| entry.map(|entry| entry.path())).collect() };
    match read() {
        Ok(mut paths) => {
            paths.sort();
            Ok(paths)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => {
            problems.push(Problem::from_io(directory.display().to_string(), &error));
            Err(())
        }
    }
}
