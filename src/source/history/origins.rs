//! Where in a history marked objects stand: under which paths, from which commit to which, in what branches and tags reach.

use super::graph::{Commit, Edge, NONE, Names, Record, Tag, Tree};
use super::objects::{Number, ObjectId, ObjectStore};
use super::sets::{Mark, SetId, Sets};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::ops::Range;

/// A version of a file: some content under some path, in some commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    pub commit: Number,
    /// The content; a commit or tag itself when the mark is in its words.
    pub object: Number,
    /// The path within the tree, by its number in [`Trails::path`]; none for the words of a commit.
    pub path: Option<PathId>,
}

/// A path, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathId(u32);

/// The commits, tags and trees of a history, put together from what all workers met.
pub struct Graph {
    /// In an order in which parents come first, older ones before younger ones.
    pub commits: Vec<Commit>,
    pub tags: Vec<Tag>,
    trees: Vec<Tree>,
    edges: Vec<Edge>,
    names: Names,
    /// What commits and trees name and the store lacks; numbered on from the objects of the store.
    pub missing: Vec<ObjectId>,
    /// For each object that is a commit, its place in `commits`.
    places: HashMap<Number, u32>,
    /// For each object, its place in `trees`.
    records: Vec<u32>,
    /// How many objects there are, missing ones included.
    count: usize,
}

impl Graph {
    /// Puts `records` together.
    pub fn new(store: &ObjectStore, records: Vec<Record>, names: Names, missing: Vec<ObjectId>) -> Self {
        let count = store.len() + missing.len();
        let mut graph = Self {
            commits: Vec::new(),
            tags: Vec::new(),
            trees: Vec::new(),
            edges: Vec::new(),
            names,
            missing,
            places: HashMap::new(),
            records: vec![NONE; count],
            count,
        };
        let mut commits = Vec::new();
        for record in records {
            let shift = graph.edges.len() as u32;
            let moved = |range: Range<u32>| range.start + shift..range.end + shift;
            graph.trees.extend(record.trees.into_iter().map(|tree| Tree {
                dropped: moved(tree.dropped),
                added: moved(tree.added),
                ..tree
            }));
            if graph.edges.is_empty() {
                graph.edges = record.edges
            } else {
                graph.edges.extend(record.edges)
            }
            graph.tags.extend(record.tags.into_iter().filter(|tag| store.is_first(tag.number)));
            commits.extend(record.commits.into_iter().filter(|commit| store.is_first(commit.number)));
        }
        graph.tags.sort_by_key(|tag| tag.number);
        for (place, tree) in graph.trees.iter().enumerate() {
            graph.records[tree.number as usize] = place as u32;
        }
        graph.commits = sorted(store, commits);
        graph.places = graph.commits.iter().enumerate().map(|(place, commit)| (commit.number, place as u32)).collect();
        graph
    }

    /// The place of a commit in the order of commits.
    pub fn place(&self, commit: Number) -> Option<u32> {
        self.places.get(&commit).copied()
    }

    /// The object that a missing one's number stands for.
    pub fn missing_id(&self, number: Number) -> Option<ObjectId> {
        self.missing.get((number as usize).checked_sub(self.count - self.missing.len())?).copied()
    }

    /// The numbers of the objects that are missing.
    pub fn missing_numbers(&self) -> Range<Number> {
        (self.count - self.missing.len()) as Number..self.count as Number
    }

    /// How many objects there are, missing ones included.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is no object.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Marks (by place) all commits that `tips` (by number) lead to, themselves included.
    pub fn ancestors(&self, tips: impl IntoIterator<Item = Number>) -> Vec<bool> {
        let mut reached = vec![false; self.commits.len()];
        let mut stack: Vec<u32> = tips.into_iter().filter_map(|tip| self.place(tip)).collect();
        while let Some(place) = stack.pop() {
            if !std::mem::replace(&mut reached[place as usize], true) {
                stack.extend(self.commits[place as usize].parents.iter().filter_map(|&parent| self.place(parent)));
            }
        }
        reached
    }

    /// What a chain of tags that starts at `number` leads to in the end, and the tags on the way.
    pub fn peel(&self, mut number: Number) -> (Number, Vec<Number>) {
        let mut tags = Vec::new();
        while let Ok(place) = self.tags.binary_search_by_key(&number, |tag| tag.number) {
            if tags.contains(&number) {
                break;
            }
            tags.push(number);
            number = self.tags[place].target;
        }
        (number, tags)
    }

    /// All trees, each with the entries it drops and those it adds.
    pub fn trees(&self) -> impl Iterator<Item = (&Tree, &[Edge], &[Edge])> {
        self.trees.iter().map(|tree| (tree, self.edges(&tree.dropped), self.edges(&tree.added)))
    }

    /// The name of an entry, by its number.
    pub fn entry_name(&self, name: u32) -> Box<[u8]> {
        self.names.name(name)
    }

    fn tree(&self, number: Number) -> Option<u32> {
        self.records.get(number as usize).copied().filter(|&place| place != NONE)
    }

    fn edges(&self, range: &Range<u32>) -> &[Edge] {
        &self.edges[range.start as usize..range.end as usize]
    }
}

/// Commits so that parents come before children and, where that leaves a choice, older ones before younger ones.
fn sorted(store: &ObjectStore, commits: Vec<Commit>) -> Vec<Commit> {
    let places: HashMap<Number, usize> = commits.iter().enumerate().map(|(place, commit)| (commit.number, place)).collect();
    let mut children = vec![Vec::new(); commits.len()];
    let mut waiting = vec![0u32; commits.len()];
    for (place, commit) in commits.iter().enumerate() {
        for parent in commit.parents.iter().filter_map(|parent| places.get(parent)) {
            children[*parent].push(place);
            waiting[place] += 1;
        }
    }
    let key = |place: usize| Reverse((commits[place].time, store.id(commits[place].number), place));
    let mut ready: BinaryHeap<_> = (0..commits.len()).filter(|&place| waiting[place] == 0).map(key).collect();
    let mut order = Vec::with_capacity(commits.len());
    while let Some(Reverse((_, _, place))) = ready.pop() {
        order.push(place);
        for &child in &children[place] {
            waiting[child] -= 1;
            if waiting[child] == 0 {
                ready.push(key(child));
            }
        }
    }
    let mut commits: Vec<Option<Commit>> = commits.into_iter().map(Some).collect();
    order.into_iter().filter_map(|place| commits[place].take()).collect()
}

/// Which objects carry marks.
#[derive(Default)]
pub struct Marked {
    pub sets: Sets,
    /// For each marked object, its set.
    pub objects: HashMap<Number, SetId>,
}

/// The entries of trees that lead to marked objects, and nothing else.
struct Pruned {
    /// For each tree, by its place, where its entries start; one more at the end.
    starts: Vec<u32>,
    edges: Vec<Edge>,
}

impl Pruned {
    fn new(graph: &Graph, marked: &Marked) -> Self {
        let by_child = index(
            graph.count,
            graph.trees.iter().enumerate().flat_map(|(place, tree)| {
                let edges = graph.edges(&tree.added).iter().filter(|edge| edge.child != NONE);
                edges.map(move |edge| (edge.child, place as u32))
            }),
        );
        let by_base = index(
            graph.count,
            graph.trees.iter().enumerate().filter(|(_, tree)| tree.base != NONE).map(|(place, tree)| (tree.base, place as u32)),
        );
        let mut leading = vec![false; graph.count];
        let mut order: Vec<Number> = marked.objects.keys().copied().filter(|&number| (number as usize) < graph.count).collect();
        order.sort_unstable();
        order.iter().for_each(|&number| leading[number as usize] = true);
        let mut starts = vec![0u32; graph.trees.len() + 1];
        let mut next = 0;
        while let Some(&child) = order.get(next) {
            next += 1;
            occurrences(graph, &by_child, &by_base, child, |place, _| {
                starts[place as usize + 1] += 1;
                let number = graph.trees[place as usize].number;
                if !std::mem::replace(&mut leading[number as usize], true) {
                    order.push(number);
                }
            });
        }
        (0..graph.trees.len()).for_each(|place| starts[place + 1] += starts[place]);
        let mut edges = vec![Edge { name: 0, child: NONE }; starts[graph.trees.len()] as usize];
        let mut free = starts.clone();
        for &child in &order {
            occurrences(graph, &by_child, &by_base, child, |place, edge| {
                edges[free[place as usize] as usize] = edge;
                free[place as usize] += 1;
            });
        }
        Self { starts, edges }
    }

    fn entries(&self, place: u32) -> &[Edge] {
        &self.edges[self.starts[place as usize] as usize..self.starts[place as usize + 1] as usize]
    }
}

/// Values grouped by key: the values of key `k` are `values[starts[k]..starts[k + 1]]`.
struct Index {
    starts: Vec<u32>,
    values: Vec<u32>,
}

impl Index {
    fn at(&self, key: Number) -> &[u32] {
        &self.values[self.starts[key as usize] as usize..self.starts[key as usize + 1] as usize]
    }
}

fn index(keys: usize, pairs: impl Iterator<Item = (Number, u32)> + Clone) -> Index {
    let mut starts = vec![0u32; keys + 1];
    pairs.clone().for_each(|(key, _)| starts[key as usize + 1] += 1);
    (0..keys).for_each(|key| starts[key + 1] += starts[key]);
    let mut free = starts.clone();
    let mut values = vec![0; starts[keys] as usize];
    for (key, value) in pairs {
        values[free[key as usize] as usize] = value;
        free[key as usize] += 1;
    }
    Index { starts, values }
}

/// Calls `found` for every entry of every tree (by place) that is `child`: where one adds it, and on through all that keep it.
fn occurrences(graph: &Graph, by_child: &Index, by_base: &Index, child: Number, mut found: impl FnMut(u32, Edge)) {
    let mut stack = Vec::new();
    let mut before = None;
    for &adding in by_child.at(child) {
        // A tree that holds the object under several names stands here several times.
        if before.replace(adding) == Some(adding) {
            continue;
        }
        let added = graph.edges(&graph.trees[adding as usize].added);
        for &edge in added.iter().filter(|edge| edge.child == child) {
            stack.push(adding);
            while let Some(place) = stack.pop() {
                found(place, edge);
                let keeps = |&&derived: &&u32| !graph.edges(&graph.trees[derived as usize].dropped).contains(&edge);
                stack.extend(by_base.at(graph.trees[place as usize].number).iter().filter(keeps));
            }
        }
    }
}

/// Where everything that is marked stands.
pub struct Trails {
    /// For each mark, in order.
    pub trails: Vec<Trail>,
    paths: Paths,
    /// The marked objects that stand in some commit, under whatever path.
    pub placed: HashSet<Number>,
    /// For each commit, by place, what its tree and its own words hold.
    pub holds: Vec<SetId>,
    /// For each commit, by place, what it or any commit before it holds.
    pub reaches: Vec<SetId>,
}

/// Where one mark stands.
#[derive(Debug, Clone, Default)]
pub struct Trail {
    /// Every path it ever had, in no order.
    pub paths: Vec<PathId>,
    pub first: Option<Version>,
    pub last: Option<Version>,
    /// Its version at HEAD.
    pub head: Option<Version>,
}

/// All paths met, each as its folder and its name.
#[derive(Default)]
struct Paths {
    paths: Vec<(Option<PathId>, u32)>,
    ids: HashMap<(Option<PathId>, u32), PathId>,
}

impl Paths {
    fn id(&mut self, folder: Option<PathId>, name: u32) -> PathId {
        let next = PathId(self.paths.len() as u32);
        let id = *self.ids.entry((folder, name)).or_insert(next);
        if id == next {
            self.paths.push((folder, name));
        }
        id
    }

    fn text(&self, names: &Names, path: PathId) -> String {
        let mut parts = Vec::new();
        let mut at = Some(path);
        while let Some(path) = at {
            let (folder, name) = self.paths[path.0 as usize];
            parts.push(names.name(name));
            at = folder;
        }
        let parts: Vec<_> = parts.iter().rev().map(|part| String::from_utf8_lossy(part)).collect();
        parts.join("/")
    }
}

impl Trails {
    /// The text of a path, separated by `/`.
    pub fn path(&self, graph: &Graph, path: PathId) -> String {
        self.paths.text(&graph.names, path)
    }
}

/// Traces `marks` marks through `graph`. `reached` says (by place) which commits references lead to: those come first and speak
/// before others. `head` is the commit at HEAD. `admits` says whether a mark counts at a path; the words of commits stand at "".
pub fn trace(
    graph: &Graph,
    marked: &mut Marked,
    marks: usize,
    reached: &[bool],
    head: Option<Number>,
    admits: &dyn Fn(Mark, &str) -> bool,
) -> Trails {
    let pruned = Pruned::new(graph, marked);
    let mut trails = Trails {
        trails: vec![Trail::default(); marks],
        paths: Paths::default(),
        placed: HashSet::new(),
        holds: Vec::new(),
        reaches: Vec::new(),
    };
    let order: Vec<u32> = {
        let places = 0..graph.commits.len() as u32;
        let (kept, dropped): (Vec<u32>, Vec<u32>) = places.partition(|&place| reached[place as usize]);
        kept.into_iter().chain(dropped).collect()
    };
    let mut tracer = Tracer {
        graph,
        pruned: &pruned,
        marked,
        admits,
        paths: &mut trails.paths,
        verdicts: HashMap::new(),
        placed: &mut trails.placed,
    };
    let firsts = tracer.meet(&order, marks);
    let kept = order.iter().filter(|&&place| reached[place as usize]).rev();
    let backwards: Vec<u32> = kept.chain(order.iter().filter(|&&place| !reached[place as usize]).rev()).copied().collect();
    let lasts = tracer.meet(&backwards, marks);
    let heads = tracer.meet(&head.and_then(|head| graph.place(head)).into_iter().collect::<Vec<_>>(), marks);
    for (trail, ((first, last), head)) in trails.trails.iter_mut().zip(firsts.into_iter().zip(lasts).zip(heads)) {
        *trail = Trail { paths: first.paths, first: first.version, last: last.version, head: head.version };
    }
    (trails.holds, trails.reaches) = reach(graph, &pruned, marked);
    trails
}

/// What a walk over commits met of one mark.
#[derive(Clone, Default)]
struct Met {
    version: Option<Version>,
    paths: Vec<PathId>,
}

/// Walks commits and their trees, each tree once for each path.
struct Tracer<'a> {
    graph: &'a Graph,
    pruned: &'a Pruned,
    marked: &'a Marked,
    admits: &'a dyn Fn(Mark, &str) -> bool,
    paths: &'a mut Paths,
    /// What `admits` said before.
    verdicts: HashMap<(Mark, PathId), bool>,
    /// The marked objects met.
    placed: &'a mut HashSet<Number>,
}

impl Tracer<'_> {
    /// Walks the commits at `order`. For each mark: the first version met (of several in one commit, that of the first path), and
    /// all paths.
    fn meet(&mut self, order: &[u32], marks: usize) -> Vec<Met> {
        let mut met = vec![Met::default(); marks];
        let mut seen: HashSet<(Number, Option<PathId>)> = HashSet::new();
        for &place in order {
            let commit = &self.graph.commits[place as usize];
            self.note(&mut met, Version { commit: commit.number, object: commit.number, path: None });
            let mut stack = vec![(commit.tree, None)];
            while let Some((number, path)) = stack.pop() {
                if !seen.insert((number, path)) {
                    continue;
                }
                if path.is_some() || self.graph.missing_id(number).is_some() {
                    self.note(&mut met, Version { commit: commit.number, object: number, path });
                }
                let Some(tree) = self.graph.tree(number) else { continue };
                for edge in self.pruned.entries(tree) {
                    stack.push((edge.child, Some(self.paths.id(path, edge.name))));
                }
            }
            for &parent in commit.parents.iter().filter(|&&parent| self.graph.missing_id(parent).is_some()) {
                self.note(&mut met, Version { commit: commit.number, object: parent, path: None });
            }
        }
        met
    }

    /// Notes a version of everything that its object is marked with.
    fn note(&mut self, met: &mut [Met], version: Version) {
        let Some(&set) = self.marked.objects.get(&version.object) else { return };
        self.placed.insert(version.object);
        for &mark in self.marked.sets.members(set) {
            let Some(path) = version.path else {
                if (self.admits)(mark, "") {
                    met[mark as usize].version.get_or_insert_with(|| version.clone());
                }
                continue;
            };
            let (paths, names, admits) = (&*self.paths, &self.graph.names, self.admits);
            if !*self.verdicts.entry((mark, path)).or_insert_with(|| admits(mark, &paths.text(names, path))) {
                continue;
            }
            let met = &mut met[mark as usize];
            if !met.paths.contains(&path) {
                met.paths.push(path);
            }
            let better = match &met.version {
                None => true,
                Some(known) if known.commit == version.commit => {
                    known.path.is_some_and(|known| paths.text(names, path) < paths.text(names, known))
                }
                Some(_) => false,
            };
            if better {
                met.version = Some(version.clone());
            }
        }
    }
}

/// For each commit, by place: what it holds, and what it or any commit before it holds.
fn reach(graph: &Graph, pruned: &Pruned, marked: &mut Marked) -> (Vec<SetId>, Vec<SetId>) {
    let mut contents: Vec<Option<SetId>> = vec![None; graph.trees.len()];
    let mut holds = Vec::with_capacity(graph.commits.len());
    let mut reaches: Vec<SetId> = Vec::with_capacity(graph.commits.len());
    for commit in &graph.commits {
        let own = |number: Number| marked.objects.get(&number).copied().unwrap_or(SetId::EMPTY);
        let mut parts = vec![own(commit.number), own(commit.tree)];
        parts.extend(commit.parents.iter().filter(|&&parent| graph.missing_id(parent).is_some()).map(|&parent| own(parent)));
        if let Some(tree) = graph.tree(commit.tree) {
            parts.push(content(graph, pruned, marked, &mut contents, tree));
        }
        let here = marked.sets.union(parts);
        let mut parts = vec![here];
        parts.extend(commit.parents.iter().filter_map(|&parent| Some(reaches[graph.place(parent)? as usize])));
        holds.push(here);
        reaches.push(marked.sets.union(parts));
    }
    (holds, reaches)
}

/// What stands in a tree and all below it.
fn content(graph: &Graph, pruned: &Pruned, marked: &mut Marked, contents: &mut [Option<SetId>], root: u32) -> SetId {
    let mut stack = vec![(root, false)];
    while let Some((tree, entered)) = stack.pop() {
        if contents[tree as usize].is_some() {
            continue;
        }
        let below = pruned.entries(tree).iter().filter_map(|edge| graph.tree(edge.child));
        if !entered {
            stack.push((tree, true));
            stack.extend(below.filter(|&child| contents[child as usize].is_none()).map(|child| (child, false)));
            continue;
        }
        let mut parts = Vec::with_capacity(pruned.entries(tree).len());
        for edge in pruned.entries(tree) {
            parts.extend(marked.objects.get(&edge.child));
            parts.extend(graph.tree(edge.child).and_then(|child| contents[child as usize]));
        }
        contents[tree as usize] = Some(marked.sets.union(parts));
    }
    contents[root as usize].unwrap_or(SetId::EMPTY)
}
