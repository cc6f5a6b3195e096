//! What an earlier run learned of a repository, so that the next one reads only what is new.
//!
//! A snapshot holds the names of the objects that were read, how commits and trees hang together (with the names of files), and
//! for each candidate the rule and the place (object and offsets) where it was met. It holds no text of any object.

use super::graph::{Commit, Edge, NONE, Numbers, Record, Tag, Tree};
use super::objects::{Number, ObjectStore};
use super::origins::{Graph, Marked};
use super::sets::Mark;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The first bytes of a snapshot; the number changes with the format.
const MAGIC: &[u8; 16] = b"keyward history1";
/// The variable that names another folder than the system's for the cache.
const FOLDER: &str = "KEYWARD_CACHE_DIR";

/// The folder of the cache: `KEYWARD_CACHE_DIR`, or `keyward` where the system keeps caches. None when there is no such place.
pub fn folder() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(folder) = variable(FOLDER) {
        return Some(folder);
    }
    let home = || variable("HOME");
    let caches = if cfg!(windows) {
        variable("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        home().map(|home| home.join("Library/Caches"))
    } else {
        variable("XDG_CACHE_HOME").filter(|folder| folder.is_absolute()).or_else(|| home().map(|home| home.join(".cache")))
    };
    caches.map(|caches| caches.join("keyward"))
}

/// The files of the cache in `folder`, with their sizes in bytes, sorted.
///
/// # Errors
/// When the folder cannot be read; one that is not there holds nothing.
pub fn files(folder: &Path) -> io::Result<Vec<(PathBuf, u64)>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "history" || extension == "new") {
            files.push((path.clone(), fs::metadata(&path)?.len()));
        }
    }
    files.sort();
    Ok(files)
}

/// The file in `folder` for the repository at `common_dir`, as rules of `signature` and this very program see it.
pub fn file(folder: &Path, common_dir: &Path, signature: &[u8; 32]) -> PathBuf {
    let place = common_dir.canonicalize().unwrap_or_else(|_| common_dir.to_path_buf());
    let digest = Sha256::new().chain_update(place.as_os_str().as_encoded_bytes()).chain_update([0]).chain_update(signature);
    let digest = digest.chain_update(program_stamp()).finalize();
    let name: String = digest[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    folder.join(name).with_extension("history")
}

/// Size and date of the running program: another build may see things differently.
fn program_stamp() -> [u8; 16] {
    let mut stamp = [0; 16];
    let metadata = std::env::current_exe().and_then(fs::metadata);
    if let Ok(metadata) = metadata {
        stamp[..8].copy_from_slice(&metadata.len().to_le_bytes());
        let modified = metadata.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
        stamp[8..].copy_from_slice(&modified.map_or(0, |time| time.as_nanos() as u64).to_le_bytes());
    }
    stamp
}

/// Where a candidate was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    pub rule: u32,
    pub object: Number,
    /// Offsets of the value in the decoded text of the object.
    pub start: u32,
    pub end: u32,
}

/// What a run learned. Objects are numbered by their place in `ids`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Snapshot {
    /// The names of all objects, one after the other; first those that were read, then those that were missing.
    ids: Vec<u8>,
    /// How many were read.
    read: u32,
    /// How many bytes these have in all.
    bytes: u64,
    commits: Vec<(u32, u32, Vec<u32>, i64)>,
    tags: Vec<(u32, u32)>,
    /// Object, base, how many edges are dropped, how many added.
    trees: Vec<(u32, u32, u32, u32)>,
    edges: Vec<(u32, u32)>,
    names: Vec<Vec<u8>>,
    sets: Vec<Vec<Mark>>,
    marked: Vec<(u32, u32)>,
    samples: Vec<Sample>,
}

/// A snapshot, told in the numbers of the store at hand.
pub struct Recalled {
    pub record: Record,
    /// For each object of the store, whether it was read before.
    pub known: Vec<bool>,
    /// How many objects were read before, and how many bytes they have.
    pub objects: u64,
    pub bytes: u64,
    pub marked: Vec<(Number, Arc<[Mark]>)>,
    pub samples: Vec<Sample>,
}

impl Snapshot {
    /// Reads a snapshot. One that is not there, cut short or of another format counts for nothing.
    pub fn load(path: &Path) -> Option<Self> {
        let bytes = fs::read(path).ok()?;
        let body = bytes.strip_prefix(MAGIC)?;
        let (digest, body) = body.split_at_checked(4)?;
        if crc32fast::hash(body).to_le_bytes() != digest {
            return None;
        }
        postcard::from_bytes(body).ok()
    }

    /// Writes the snapshot in one step: whoever reads at the same time sees the old one or the new one.
    ///
    /// # Errors
    /// When the folder or the file cannot be written.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        let body = postcard::to_allocvec(self).map_err(io::Error::other)?;
        let folder = path.parent().ok_or_else(|| io::Error::other("the cache has no folder"))?;
        create_private(folder)?;
        let temporary = path.with_extension(format!("{}.new", std::process::id()));
        let mut file = private_file(&temporary)?;
        let written = file.write_all(MAGIC).and_then(|()| file.write_all(&crc32fast::hash(&body).to_le_bytes()));
        let written = written.and_then(|()| file.write_all(&body)).and_then(|()| fs::rename(&temporary, path));
        if written.is_err() {
            // The half-written file is of no use; that it cannot be removed either adds nothing.
            let _ = fs::remove_file(&temporary);
        }
        written
    }

    /// What `graph` and `marked` say of all objects of `store`, which have so many `bytes`, but the `lost` ones.
    pub fn new(
        store: &ObjectStore,
        graph: &Graph,
        marked: &Marked,
        samples: Vec<Sample>,
        lost: &HashSet<Number>,
        bytes: u64,
    ) -> Self {
        let mut snapshot = Self { bytes, ..Self::default() };
        let mut places: Vec<u32> = vec![NONE; graph.len()];
        let mut count = 0;
        for number in (0..store.len() as Number).filter(|number| !lost.contains(number) && store.is_first(*number)) {
            places[number as usize] = count;
            count += 1;
            snapshot.ids.extend_from_slice(store.id(number).as_bytes());
        }
        snapshot.read = count;
        let others = lost.iter().copied().filter(|&number| store.is_first(number)).map(|number| (number, store.id(number)));
        for (number, id) in others.chain(graph.missing_numbers().filter_map(|number| Some((number, graph.missing_id(number)?)))) {
            places[number as usize] = count;
            count += 1;
            snapshot.ids.extend_from_slice(id.as_bytes());
        }
        let place = |number: Number| {
            if number == NONE {
                return NONE;
            }
            match places[number as usize] {
                NONE => store.find(store.id(number).as_bytes()).map_or(NONE, |first| places[first as usize]),
                place => place,
            }
        };
        let commit = |commit: &Commit| {
            (place(commit.number), place(commit.tree), commit.parents.iter().map(|&parent| place(parent)).collect(), commit.time)
        };
        snapshot.commits = graph.commits.iter().map(commit).collect();
        snapshot.tags = graph.tags.iter().map(|tag| (place(tag.number), place(tag.target))).collect();
        let mut names: HashMap<u32, u32> = HashMap::new();
        for (tree, dropped, added) in graph.trees().filter(|(tree, _, _)| places[tree.number as usize] != NONE) {
            snapshot.trees.push((place(tree.number), place(tree.base), dropped.len() as u32, added.len() as u32));
            for edge in dropped.iter().chain(added) {
                let next = names.len() as u32;
                let name = *names.entry(edge.name).or_insert(next);
                if name == next {
                    snapshot.names.push(graph.entry_name(edge.name).into_vec());
                }
                snapshot.edges.push((name, place(edge.child)));
            }
        }
        let mut sets = HashMap::new();
        for (&number, &set) in &marked.objects {
            let next = sets.len() as u32;
            let index = *sets.entry(set).or_insert(next);
            if index == next {
                snapshot.sets.push(marked.sets.members(set).to_vec());
            }
            snapshot.marked.push((place(number), index));
        }
        snapshot.marked.sort_unstable();
        snapshot.samples = samples.into_iter().map(|sample| Sample { object: place(sample.object), ..sample }).collect();
        snapshot
    }

    /// Tells the snapshot in the numbers of `store`. None when an object that was read is gone, or the snapshot makes no sense: then
    /// everything is to be read again.
    pub fn recall(&self, store: &ObjectStore, numbers: &Numbers<'_>) -> Option<Recalled> {
        let ids: Vec<&[u8]> = self.ids.chunks_exact(store.hash.length()).collect();
        let mut known = vec![false; store.len()];
        let mut objects = Vec::with_capacity(ids.len());
        for (place, id) in ids.iter().enumerate() {
            let number = if place < self.read as usize { store.find(id)? } else { numbers.object(id) };
            if place < self.read as usize {
                known[number as usize] = true;
            }
            objects.push(number);
        }
        for number in 0..store.len() as Number {
            // The other copies of an object are as well known as the first.
            if !known[number as usize] && !store.is_first(number) {
                known[number as usize] = store.find(store.id(number).as_bytes()).is_some_and(|first| known[first as usize]);
            }
        }
        let object = |place: u32| if place == NONE { Some(NONE) } else { objects.get(place as usize).copied() };
        let names: Vec<u32> = self.names.iter().map(|name| numbers.entry_name(name)).collect();
        let mut record = Record::default();
        for (number, tree, parents, time) in &self.commits {
            let parents: Option<Vec<Number>> = parents.iter().map(|&parent| object(parent)).collect();
            record.commits.push(Commit { number: object(*number)?, tree: object(*tree)?, parents: parents?.into(), time: *time });
        }
        for &(number, target) in &self.tags {
            record.tags.push(Tag { number: object(number)?, target: object(target)? });
        }
        for &(name, child) in &self.edges {
            record.edges.push(Edge { name: *names.get(name as usize)?, child: object(child)? });
        }
        let mut at = 0u32;
        for &(number, base, dropped, added) in &self.trees {
            let (middle, end) = (at.checked_add(dropped)?, at.checked_add(dropped)?.checked_add(added)?);
            record.trees.push(Tree { number: object(number)?, base: object(base)?, dropped: at..middle, added: middle..end });
            at = end;
        }
        let sound = |mark: &Mark| (*mark as usize) < self.samples.len();
        if at as usize != record.edges.len() || !self.sets.iter().flatten().all(sound) {
            return None;
        }
        let sets: Vec<Arc<[Mark]>> = self.sets.iter().map(|set| set.as_slice().into()).collect();
        let marked: Option<Vec<_>> =
            self.marked.iter().map(|&(place, set)| Some((object(place)?, Arc::clone(sets.get(set as usize)?)))).collect();
        let samples: Option<Vec<Sample>> =
            self.samples.iter().map(|sample| Some(Sample { object: object(sample.object)?, ..*sample })).collect();
        Some(Recalled { record, known, objects: u64::from(self.read), bytes: self.bytes, marked: marked?, samples: samples? })
    }
}

/// Makes `folder` for this user alone, if it is not there.
fn create_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Makes a new file for this user alone.
fn private_file(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
