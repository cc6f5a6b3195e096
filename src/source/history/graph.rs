//! Commits and trees as they are met: who follows whom, and what each tree changes in the one it is stored as a delta of.
//!
//! Trees are never listed in full. One that is a delta tells which entries it adds and which it drops; everything else it has in
//! common with its base. So the record of a history is about as large as its pack, not as all its trees.

use super::delta::Copied;
use super::objects::{Damage, Hash, Number, ObjectId, ObjectStore};
use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Stands where there is no object: for the commit of a submodule, which lives in another repository.
pub const NONE: Number = Number::MAX;
/// Names are spread over this many tables, so that workers seldom wait for each other.
const SHARDS: usize = 64;

/// An entry of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Edge {
    /// The name, by its number in [`Names`].
    pub name: u32,
    pub child: Number,
}

/// A commit, without its words.
#[derive(Debug, Clone)]
pub struct Commit {
    pub number: Number,
    pub tree: Number,
    pub parents: Box<[Number]>,
    /// When it was committed, in seconds since 1970.
    pub time: i64,
}

/// A tag object.
#[derive(Debug, Clone, Copy)]
pub struct Tag {
    pub number: Number,
    pub target: Number,
}

/// A tree, told by what it changes in another.
#[derive(Debug, Clone)]
pub struct Tree {
    pub number: Number,
    /// The tree it changes; [`NONE`] for the empty one.
    pub base: Number,
    /// Where in the edges of its record its own stand: first what it drops, then what it adds.
    pub dropped: Range<u32>,
    pub added: Range<u32>,
}

/// What one worker has met.
#[derive(Debug, Default)]
pub struct Record {
    pub commits: Vec<Commit>,
    pub tags: Vec<Tag>,
    pub trees: Vec<Tree>,
    pub edges: Vec<Edge>,
}

/// What a visited tree leaves for its deltas: all its entries.
#[derive(Debug, Default)]
pub struct TreeNote {
    /// Where each entry starts; one more at the end.
    starts: Vec<u32>,
    edges: Vec<Edge>,
}

/// Turns names of objects and of tree entries into numbers. Shared by all workers.
pub struct Numbers<'a> {
    store: &'a ObjectStore,
    names: Names,
    missing: Mutex<HashMap<ObjectId, Number>>,
}

impl<'a> Numbers<'a> {
    /// Numbers for the objects of `store`.
    pub fn new(store: &'a ObjectStore) -> Self {
        Self { store, names: Names::default(), missing: Mutex::new(HashMap::new()) }
    }

    /// The number of the object called `id`. One that is not there gets a number beyond those of the store.
    pub fn object(&self, id: &[u8]) -> Number {
        if let Some(number) = self.store.find(id) {
            return number;
        }
        let Some(id) = ObjectId::new(id) else { return NONE };
        let mut missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        let next = (self.store.len() + missing.len()) as Number;
        *missing.entry(id).or_insert(next)
    }

    /// Whether an object is the copy that stands for all copies of it.
    pub fn is_first(&self, number: Number) -> bool {
        self.store.is_first(number)
    }

    /// The number of a name in a tree.
    pub fn entry_name(&self, name: &[u8]) -> u32 {
        self.names.number(name)
    }

    /// The names of entries, by number, and the objects that are not there, by number beyond those of the store.
    pub fn finish(self) -> (Names, Vec<ObjectId>) {
        let missing = self.missing.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut ids: Vec<(Number, ObjectId)> = missing.into_iter().map(|(id, number)| (number, id)).collect();
        ids.sort_unstable();
        (self.names, ids.into_iter().map(|(_, id)| id).collect())
    }
}

/// The names of tree entries, each once.
pub struct Names {
    hasher: RandomState,
    shards: [Mutex<Shard>; SHARDS],
}

/// Some of the names.
#[derive(Default)]
struct Shard {
    numbers: HashMap<Box<[u8]>, u32>,
    names: Vec<Box<[u8]>>,
}

impl Default for Names {
    fn default() -> Self {
        Self { hasher: RandomState::new(), shards: std::array::from_fn(|_| Mutex::default()) }
    }
}

impl Names {
    fn number(&self, name: &[u8]) -> u32 {
        let shard = self.hasher.hash_one(name) as usize % SHARDS;
        let mut table = self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(&number) = table.numbers.get(name) {
            return number;
        }
        let number = (table.names.len() * SHARDS + shard) as u32;
        table.names.push(name.into());
        table.numbers.insert(name.into(), number);
        number
    }

    /// The name with `number`.
    pub fn name(&self, number: u32) -> Box<[u8]> {
        let table = self.shards[number as usize % SHARDS].lock().unwrap_or_else(PoisonError::into_inner);
        table.names.get(number as usize / SHARDS).cloned().unwrap_or_default()
    }
}

/// How much a record held at some time.
#[derive(Debug, Clone, Copy)]
pub struct Measure {
    commits: usize,
    tags: usize,
    trees: usize,
    edges: usize,
}

impl Record {
    /// How much it holds.
    pub fn measure(&self) -> Measure {
        Measure { commits: self.commits.len(), tags: self.tags.len(), trees: self.trees.len(), edges: self.edges.len() }
    }

    /// Forgets all that was recorded since it held as much as `before`.
    pub fn forget_since(&mut self, before: Measure) {
        self.commits.truncate(before.commits);
        self.tags.truncate(before.tags);
        self.trees.truncate(before.trees);
        self.edges.truncate(before.edges);
    }

    /// Records a commit.
    ///
    /// # Errors
    /// When its text is no commit.
    pub fn add_commit(&mut self, numbers: &Numbers<'_>, number: Number, text: &[u8]) -> Result<(), Damage> {
        let mut tree = None;
        let mut parents = Vec::new();
        let mut time = 0;
        for line in text.split(|&byte| byte == b'\n') {
            let (word, rest) = line.split_at(line.iter().position(|&byte| byte == b' ').unwrap_or(line.len()));
            match word {
                b"" => break,
                b"tree" => tree = ObjectId::parse(rest.trim_ascii()),
                b"parent" => parents.push(numbers.object(ObjectId::parse(rest.trim_ascii()).ok_or(Damage::Content)?.as_bytes())),
                b"committer" => time = timestamp(rest),
                _ => {}
            }
        }
        let tree = numbers.object(tree.ok_or(Damage::Content)?.as_bytes());
        self.commits.push(Commit { number, tree, parents: parents.into(), time });
        Ok(())
    }

    /// Records a tag.
    ///
    /// # Errors
    /// When its text is no tag.
    pub fn add_tag(&mut self, numbers: &Numbers<'_>, number: Number, text: &[u8]) -> Result<(), Damage> {
        let line = text.split(|&byte| byte == b'\n').next().unwrap_or_default();
        let target = line.strip_prefix(b"object ").and_then(ObjectId::parse).ok_or(Damage::Content)?;
        self.tags.push(Tag { number, target: numbers.object(target.as_bytes()) });
        Ok(())
    }

    /// Records a tree that was made from nothing, or from `base`. Only what differs is looked at.
    ///
    /// # Errors
    /// When its text is no tree.
    pub fn add_tree(
        &mut self,
        numbers: &Numbers<'_>,
        number: Number,
        text: &[u8],
        base: Option<(Number, &TreeNote, &[Copied])>,
    ) -> Result<TreeNote, Damage> {
        let mut note = TreeNote::default();
        let first = self.edges.len() as u32;
        let Some((base, base_note, copies)) = base else {
            let mut at = 0;
            while at < text.len() {
                self.edges.push(note.parse(numbers, text, &mut at)?);
            }
            note.starts.push(at as u32);
            let end = self.edges.len() as u32;
            self.trees.push(Tree { number, base: NONE, dropped: first..first, added: first..end });
            return Ok(note);
        };
        let mut added = Vec::new();
        // Entries of the base up to here are either in the new tree or dropped.
        let mut settled = 0;
        let mut at = 0;
        let mut copies = copies.iter().peekable();
        while at < text.len() {
            while copies.next_if(|copy| copy.to + copy.length <= at).is_some() {}
            let common = copies.peek().filter(|copy| copy.to <= at).and_then(|copy| base_note.within(copy, at));
            match common.filter(|common| common.start >= settled) {
                Some(common) => {
                    self.edges.extend_from_slice(&base_note.edges[settled..common.start]);
                    settled = common.end;
                    at = note.take(base_note, common, at);
                }
                None => added.push(note.parse(numbers, text, &mut at)?),
            }
        }
        note.starts.push(at as u32);
        self.edges.extend_from_slice(&base_note.edges[settled..]);
        let middle = self.edges.len() as u32;
        self.edges.extend(added);
        self.trees.push(Tree { number, base, dropped: first..middle, added: middle..self.edges.len() as u32 });
        Ok(note)
    }
}

impl TreeNote {
    /// Reads the entry at `at` and steps over it.
    fn parse(&mut self, numbers: &Numbers<'_>, text: &[u8], at: &mut usize) -> Result<Edge, Damage> {
        let rest = &text[*at..];
        let space = memchr::memchr(b' ', rest).ok_or(Damage::Content)?;
        let end = space + memchr::memchr(0, &rest[space..]).ok_or(Damage::Content)?;
        let id = rest.get(end + 1..end + 1 + numbers.store.hash.length()).ok_or(Damage::Content)?;
        let submodule = &rest[..space] == b"160000";
        let name = numbers.names.number(&rest[space + 1..end]);
        let edge = Edge { name, child: if submodule { NONE } else { numbers.object(id) } };
        self.starts.push(*at as u32);
        self.edges.push(edge);
        *at += end + 1 + id.len();
        Ok(edge)
    }

    /// The entries that stand whole within `copy`, when its counterpart of offset `at` is where an entry starts.
    fn within(&self, copy: &Copied, at: usize) -> Option<Range<usize>> {
        let from = (copy.from + (at - copy.to)) as u32;
        let first = self.starts.binary_search(&from).ok().filter(|&first| first < self.edges.len())?;
        let end = (copy.from + copy.length) as u32;
        let last = first + self.starts[first..].partition_point(|&start| start <= end) - 1;
        (last > first).then_some(first..last)
    }

    /// Appends the entries `common` of `base`, which stand at `at` here. Returns where they end.
    fn take(&mut self, base: &Self, common: Range<usize>, at: usize) -> usize {
        let from = base.starts[common.start];
        self.edges.extend_from_slice(&base.edges[common.clone()]);
        self.starts.extend(base.starts[common.clone()].iter().map(|start| start - from + at as u32));
        at + (base.starts[common.end] - from) as usize
    }
}

/// The time in a line `Name <mail> 1700000000 +0100`; zero when there is none.
fn timestamp(line: &[u8]) -> i64 {
    let mut words = line.rsplit(|&byte| byte == b' ');
    let digits = words.nth(1).and_then(|word| std::str::from_utf8(word).ok());
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// The tree that has no entries; git knows it without storing it.
pub fn empty_tree(hash: Hash) -> ObjectId {
    let hex: &[u8] = match hash {
        Hash::Sha1 => b"4b825dc642cb6eb9a060e54bf8d69288fbee4904",
        Hash::Sha256 => b"6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
    };
    // The digits stand above.
    ObjectId::parse(hex).expect("40 or 64 hex digits")
}
