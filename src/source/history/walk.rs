//! Visits objects in the order of their deltas, so that each is made from the one visited before it and nothing is made twice.
//!
//! A pack stores most objects as deltas of others. Together they are a forest: its roots are stored whole, and every other
//! object hangs below its base. Each tree is walked depth first; the heaviest branch of every object comes last and takes over
//! the memory of its base, so a worker holds no more texts than the logarithm of the size of a tree. Heavy branches are left
//! for idle workers to take.

use super::delta::{self, Copied};
use super::objects::{Damage, Kind, Number, ObjectStore, Place};
use super::pack::{Base, Pack};
use libdeflater::Decompressor;
use rayon::prelude::*;
use std::sync::{Arc, Mutex, PoisonError};

/// Marks an object that is no delta.
const NONE: Number = Number::MAX;
/// Branches of at least this many objects are offered to other workers.
const HEAVY: u32 = 64;
/// Trees are handed out in groups of about this many objects.
const GROUP: u32 = 128;
/// Buffers a worker keeps for later hold at most this many bytes each.
const SPARE: usize = 4 << 20;

/// Which object is stored as a delta of which.
pub struct Forest {
    /// For each object, the one it is a delta of.
    bases: Vec<Number>,
    /// For each object, where its deltas start in `children`; one more at the end.
    starts: Vec<u32>,
    children: Vec<Number>,
    /// For each object, how many objects hang below it, itself included.
    weights: Vec<u32>,
    /// The objects stored whole, in the order they are stored in.
    roots: Vec<Number>,
    /// The objects whose base cannot be told.
    lost: Vec<(Number, Damage)>,
}

impl Forest {
    /// Reads the heads of all entries of all packs of `store`.
    pub fn new(store: &ObjectStore) -> Self {
        let mut bases = vec![NONE; store.len()];
        let mut order: Vec<Number> = Vec::with_capacity(store.len());
        let mut lost = Vec::new();
        for (pack, first) in store.packs() {
            read_pack(store, pack, first, &mut bases, &mut order, &mut lost);
        }
        order.extend(store.loose());
        let mut starts = vec![0u32; store.len() + 1];
        bases.iter().filter(|&&base| base != NONE).for_each(|&base| starts[base as usize + 1] += 1);
        (0..store.len()).for_each(|index| starts[index + 1] += starts[index]);
        let mut children = vec![0; starts[store.len()] as usize];
        let mut next = starts.clone();
        let mut roots = Vec::new();
        let broken: std::collections::HashSet<Number> = lost.iter().map(|&(number, _)| number).collect();
        for &number in &order {
            match bases[number as usize] {
                NONE if broken.contains(&number) => {}
                NONE => roots.push(number),
                base => {
                    children[next[base as usize] as usize] = number;
                    next[base as usize] += 1;
                }
            }
        }
        let mut forest = Self { bases, starts, children, weights: vec![0; store.len()], roots, lost };
        forest.weigh();
        forest
    }

    /// Every object for which `wanted` holds, and all that these are made from.
    pub fn needed(&self, wanted: impl Fn(Number) -> bool) -> Needed {
        let mut marks = vec![false; self.bases.len()];
        for number in 0..self.bases.len() as Number {
            if !wanted(number) {
                continue;
            }
            let mut at = number;
            while at != NONE && !std::mem::replace(&mut marks[at as usize], true) {
                at = self.bases[at as usize];
            }
        }
        Needed(marks)
    }

    /// The deltas of an object.
    fn children(&self, number: Number) -> &[Number] {
        &self.children[self.starts[number as usize] as usize..self.starts[number as usize + 1] as usize]
    }

    /// Counts what hangs below each object. What no root leads to (a circle of deltas in a damaged pack) is lost.
    fn weigh(&mut self) {
        let mut order = Vec::with_capacity(self.bases.len());
        order.extend_from_slice(&self.roots);
        order.extend(self.lost.iter().map(|&(number, _)| number));
        let mut next = 0;
        while let Some(&number) = order.get(next) {
            next += 1;
            order.extend_from_slice(
                &self.children[self.starts[number as usize] as usize..self.starts[number as usize + 1] as usize],
            );
        }
        for &number in order.iter().rev() {
            self.weights[number as usize] += 1;
            let base = self.bases[number as usize];
            if base != NONE {
                self.weights[base as usize] += self.weights[number as usize];
            }
        }
        if order.len() < self.bases.len() {
            let stray = (0..self.bases.len()).filter(|&number| self.weights[number] == 0);
            self.lost.extend(stray.map(|number| (number as Number, Damage::Base)).collect::<Vec<_>>());
        }
    }
}

/// A choice of objects, with all that they are made from.
pub struct Needed(Vec<bool>);

impl Needed {
    fn holds(&self, number: Number) -> bool {
        self.0[number as usize]
    }
}

/// Reads the heads of the entries of `pack`: sets their bases and appends them to `order` as they are stored.
fn read_pack(
    store: &ObjectStore,
    pack: &Pack,
    first: Number,
    bases: &mut [Number],
    order: &mut Vec<Number>,
    lost: &mut Vec<(Number, Damage)>,
) {
    let mut stored: Vec<(u64, Number)> =
        (0..pack.len()).into_par_iter().map(|position| (pack.offset(position), first + position as Number)).collect();
    stored.par_sort_unstable();
    let found: Vec<Result<Number, Damage>> = stored
        .par_iter()
        .map(|&(offset, _)| match pack.entry(offset)?.base {
            Base::Whole(_) => Ok(NONE),
            Base::Offset(base) => {
                let index = stored.binary_search_by_key(&base, |&(offset, _)| offset).map_err(|_| Damage::Base)?;
                Ok(stored[index].1)
            }
            Base::Name(at) => {
                let name = pack.base_name(at);
                let own = pack.position(name).map(|position| first + position as Number);
                own.or_else(|| store.find(name)).ok_or(Damage::Base)
            }
        })
        .collect();
    for (&(_, number), found) in stored.iter().zip(found) {
        match found {
            Ok(base) => bases[number as usize] = base,
            Err(damage) => lost.push((number, damage)),
        }
        order.push(number);
    }
}

/// An object, as it is visited.
pub struct Visit<'a, N> {
    pub number: Number,
    pub kind: Kind,
    pub text: &'a [u8],
    /// What it was made from; none when it is stored whole.
    pub change: Option<Change<'a, N>>,
}

/// How an object was made from another.
pub struct Change<'a, N> {
    pub base: Number,
    pub text: &'a [u8],
    /// What the visit of the base left.
    pub note: &'a N,
    /// What was copied, in the order of the new text.
    pub copies: &'a [Copied],
}

/// What is done with each object.
pub trait Visitor: Sync {
    /// What a visit leaves for the visits of the deltas of its object.
    type Note: Send + Sync;
    /// What a worker has at hand during all its visits.
    type Desk: Default + Send;

    /// Looks at one object.
    fn visit(&self, desk: &mut Self::Desk, visit: Visit<'_, Self::Note>) -> Self::Note;

    /// Learns that an object cannot be read.
    fn lost(&self, desk: &mut Self::Desk, number: Number, damage: Damage);
}

/// Visits the objects of `store`, or those of them that are `needed`, on all threads of the current pool.
/// Objects of more than `limit` bytes are lost. Returns what the workers had at hand.
pub fn walk<V: Visitor>(
    store: &ObjectStore,
    forest: &Forest,
    needed: Option<&Needed>,
    limit: usize,
    visitor: &V,
) -> Vec<V::Desk> {
    let desks: Vec<Mutex<Worker<V>>> = (0..rayon::current_num_threads()).map(|_| Mutex::new(Worker::new())).collect();
    let walk = Walk { store, forest, needed, limit, visitor, desks };
    let is_needed = |number: Number| needed.is_none_or(|needed| needed.holds(number));
    rayon::scope(|scope| {
        let mut group = Vec::new();
        let mut weight = 0;
        for &root in forest.roots.iter().filter(|&&root| is_needed(root)) {
            group.push(Task { number: root, base: None });
            weight += forest.weights[root as usize];
            if weight >= GROUP {
                let tasks = std::mem::take(&mut group);
                scope.spawn(|scope| walk.run(scope, tasks));
                weight = 0;
            }
        }
        scope.spawn(|scope| walk.run(scope, group));
    });
    let mut desks = walk.desks.into_iter().map(|desk| desk.into_inner().unwrap_or_else(PoisonError::into_inner).desk);
    let mut first = desks.next().unwrap_or_default();
    for &(number, damage) in &forest.lost {
        forest_below(forest, number, &mut |lost| {
            if is_needed(lost) {
                let damage = if lost == number { damage } else { Damage::Base };
                visitor.lost(&mut first, lost, damage);
            }
        });
    }
    std::iter::once(first).chain(desks).collect()
}

/// Calls `found` for `number` and all that hangs below it.
fn forest_below(forest: &Forest, number: Number, found: &mut dyn FnMut(Number)) {
    let mut stack = vec![number];
    // A circle is lost as a whole, one by one, so nothing below a stray object needs to be followed.
    let stray = forest.weights[number as usize] == 0;
    while let Some(number) = stack.pop() {
        found(number);
        if !stray {
            stack.extend_from_slice(forest.children(number));
        }
    }
}

/// One walk, as all its workers see it.
struct Walk<'a, V: Visitor> {
    store: &'a ObjectStore,
    forest: &'a Forest,
    needed: Option<&'a Needed>,
    limit: usize,
    visitor: &'a V,
    desks: Vec<Mutex<Worker<V>>>,
}

/// What a worker keeps between visits.
struct Worker<V: Visitor> {
    desk: V::Desk,
    inflater: Decompressor,
    delta: Vec<u8>,
    copies: Vec<Copied>,
    spare: Vec<Vec<u8>>,
}

impl<V: Visitor> Worker<V> {
    fn new() -> Self {
        let (delta, copies, spare) = (Vec::new(), Vec::new(), Vec::new());
        Self { desk: V::Desk::default(), inflater: Decompressor::new(), delta, copies, spare }
    }

    /// Keeps a buffer for later.
    fn keep(&mut self, buffer: Vec<u8>) {
        if buffer.capacity() <= SPARE && self.spare.len() < 16 {
            self.spare.push(buffer);
        }
    }
}

/// An object to be visited.
struct Task<N> {
    number: Number,
    base: Option<Arc<Node<N>>>,
}

/// A visited object that others are made from.
struct Node<N> {
    number: Number,
    kind: Kind,
    text: Vec<u8>,
    note: N,
}

impl<'a, V: Visitor> Walk<'a, V> {
    /// Visits the objects of `tasks` and all that hangs below them, the last task first.
    fn run<'s>(&'s self, scope: &rayon::Scope<'s>, mut tasks: Vec<Task<V::Note>>) {
        let index = rayon::current_thread_index().unwrap_or(0);
        // Nothing is awaited while a desk is held, so no other task can run on this thread and ask for it again.
        let mut worker = self.desks[index].lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(task) = tasks.pop() {
            let number = task.number;
            let made = self.make(&mut worker, task);
            let node = match made {
                Ok(node) => node,
                Err(damage) => {
                    self.lose(&mut worker.desk, number, damage);
                    continue;
                }
            };
            let first = tasks.len();
            let children = self.forest.children(number).iter().copied();
            let children = children.filter(|&child| self.needed.is_none_or(|needed| needed.holds(child)));
            if self.forest.children(number).is_empty() {
                worker.keep(node.text);
                continue;
            }
            let node = Arc::new(node);
            tasks.extend(children.map(|number| Task { number, base: Some(Arc::clone(&node)) }));
            if tasks.len() == first {
                if let Some(node) = Arc::into_inner(node) {
                    worker.keep(node.text);
                }
                continue;
            }
            drop(node);
            let weight = |task: &Task<V::Note>| self.forest.weights[task.number as usize];
            let heaviest = (first..tasks.len()).max_by_key(|&index| weight(&tasks[index])).unwrap_or(first);
            tasks.swap(first, heaviest);
            if tasks.len() > first + 1 && weight(&tasks[first]) >= HEAVY {
                let heavy = tasks.swap_remove(first);
                scope.spawn(move |scope| self.run(scope, vec![heavy]));
            }
        }
    }

    /// Makes the text of an object and visits it.
    fn make(&self, worker: &mut Worker<V>, task: Task<V::Note>) -> Result<Node<V::Note>, Damage> {
        let mut text = worker.spare.pop().unwrap_or_default();
        let kind = self.read(worker, &task, &mut text)?;
        let change = task.base.as_ref().map(|base| Change {
            base: base.number,
            text: &base.text,
            note: &base.note,
            copies: &worker.copies,
        });
        let visit = Visit { number: task.number, kind, text: &text, change };
        let note = self.visitor.visit(&mut worker.desk, visit);
        if let Some(base) = task.base.and_then(Arc::into_inner) {
            worker.keep(base.text);
        }
        Ok(Node { number: task.number, kind, text, note })
    }

    /// Reads an object into `text`, and what it copied from its base into the worker's `copies`.
    fn read(&self, worker: &mut Worker<V>, task: &Task<V::Note>, text: &mut Vec<u8>) -> Result<Kind, Damage> {
        let (pack, position) = match self.store.place(task.number) {
            Place::Packed { pack, position } => (pack, position),
            Place::Loose { .. } => return self.store.read_loose(task.number, self.limit, &mut worker.inflater, text),
        };
        let entry = pack.entry(pack.offset(position))?;
        if entry.size > self.limit {
            return Err(Damage::TooLarge(entry.size));
        }
        let Some(base) = &task.base else {
            let Base::Whole(kind) = entry.base else { return Err(Damage::Base) };
            pack.inflate(&entry, &mut worker.inflater, text)?;
            return Ok(kind);
        };
        pack.inflate(&entry, &mut worker.inflater, &mut worker.delta)?;
        let size = Pack::result_size(&worker.delta)?;
        if size > self.limit {
            return Err(Damage::TooLarge(size));
        }
        delta::apply(&base.text, &worker.delta, text, &mut worker.copies).map_err(Damage::Delta)?;
        Ok(base.kind)
    }

    /// Tells the visitor that an object and all that hangs below it are lost.
    fn lose(&self, desk: &mut V::Desk, number: Number, damage: Damage) {
        forest_below(self.forest, number, &mut |lost| {
            if self.needed.is_none_or(|needed| needed.holds(lost)) {
                self.visitor.lost(desk, lost, if lost == number { damage } else { Damage::Base });
            }
        });
    }
}
