//! A whole history against the rules.
//!
//! One walk over all objects tells which texts hold what ([`hunt`]), and how commits and trees hang together. From that follows
//! where each secret stands: since which commit, until which, under which paths, in reach of which branches. Then the few
//! versions that a report names are read again, and examined like files.

pub mod hunt;

use super::Match;
use super::collect::Collector;
use super::examine::{Base, Context, Examined, Piece, examine};
use super::text::{Text, is_binary};
use crate::location::Origin;
use crate::problem::{Problem, Reason};
use crate::report::{CommitNote, Exposure};
use crate::rule::Confidence;
use crate::secret::{Fingerprint, Secret};
use crate::source::history::Repository;
use crate::source::history::cache::{self, Recalled, Sample, Snapshot};
use crate::source::history::graph::Numbers;
use crate::source::history::objects::{Damage, Kind, Number, ObjectId, ObjectStore};
use crate::source::history::origins::{self, Graph, Marked, PathId, Trail, Trails, Version};
use crate::source::history::refs::Refs;
use crate::source::history::sets::{Mark, SetId};
use crate::source::history::walk::{Forest, Visit, Visitor, walk};
use hunt::{Candidates, Hunt, Thoroughness};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A report names at most this many branches and tags of one secret.
const NAMED_REFS: usize = 50;
/// Holes are told one by one up to this many, else as a count.
const NAMED_HOLES: usize = 200;
/// Digits of an object name that stand for it in a path.
const SHORT: usize = 12;

/// Which part of a history is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// The commits to start from; none means all references.
    pub tips: Option<Vec<ObjectId>>,
    /// Commits that are left out, with all before them.
    pub hidden: Vec<ObjectId>,
    /// Commits older than this (seconds since 1970) are left out.
    pub since: Option<i64>,
    pub unreachable: Unreachable,
    /// Only these paths and what lies below them; none means all.
    pub within: Vec<String>,
}

/// What becomes of objects that no reference leads to: dropped commits, old stashes, what was only ever staged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unreachable {
    #[default]
    Included,
    LeftOut,
}

impl Selection {
    /// Whether no commit is left out.
    fn is_all(&self) -> bool {
        self.tips.is_none() && self.hidden.is_empty() && self.since.is_none()
    }

    /// Whether `path` lies within what is asked for.
    fn admits(&self, path: &str) -> bool {
        let below =
            |folder: &String| path.strip_prefix(folder.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        self.within.is_empty() || self.within.iter().any(below)
    }
}

/// How a history is scanned.
#[derive(Debug, Clone)]
pub struct Settings {
    pub selection: Selection,
    pub thoroughness: Thoroughness,
    /// Matches below this are not followed.
    pub least: Confidence,
    /// The time of the run, in seconds since 1970.
    pub now: i64,
    /// Objects of more bytes are problems.
    pub limit: usize,
    /// The folder where what a run learns is kept for the next; none keeps nothing.
    pub cache: Option<PathBuf>,
}

/// The largest object that can be scanned, in bytes: it is held in memory as a whole, and so are those it is made from.
pub const LARGEST: usize = 1 << 30;

/// Scans the history of `repository`.
pub fn scan(context: &Context<'_>, repository: &Repository, settings: &Settings) -> Collector {
    let mut collector = Collector::default();
    let mut problems = Vec::new();
    match repository.objects(&mut problems) {
        Ok(store) => {
            let refs = repository.refs(&mut problems);
            scan_store(context, repository, settings, &store, &refs, &mut collector);
        }
        Err(error) => problems.push(repository.problem(Reason::Io, error.to_string())),
    }
    problems.into_iter().for_each(|problem| collector.add_problem(problem));
    collector
}

fn scan_store(
    context: &Context<'_>,
    repository: &Repository,
    settings: &Settings,
    store: &ObjectStore,
    refs: &Refs,
    collector: &mut Collector,
) {
    let forest = Forest::new(store);
    let limit = settings.limit.min(LARGEST);
    let file = settings.cache.as_ref().filter(|_| settings.thoroughness == Thoroughness::Changes).map(|folder| {
        let signature = context.scanner.signature(settings.least);
        cache::file(folder, &repository.common_dir, &signature)
    });
    let Learned { graph, mut marked, lost, candidates } = learn(context, settings, store, &forest, file.as_deref(), collector);
    let rules: Vec<u32> = candidates.samples().iter().map(|sample| sample.rule).collect();
    let shallow: HashSet<Number> = repository.shallow().iter().filter_map(|id| store.find(id.as_bytes())).collect();
    let holes = Holes::new((store, &graph), &shallow, &lost, rules.len(), &mut marked);
    let standing = Standing::new(store, &graph, refs);
    let admits = |mark: Mark, path: &str| {
        settings.selection.admits(path)
            && rules.get(mark as usize).is_none_or(|&rule| context.scanner.rule_applies_to(rule, path))
    };
    let marks = rules.len() + holes.marks();
    let trails = origins::trace(&graph, &mut marked, marks, &standing.reached, standing.head, &admits);
    let case = Case {
        context,
        store,
        graph: &graph,
        standing: &standing,
        marked: &marked,
        trails: &trails,
        settings,
        candidates: &candidates,
    };
    let chosen = match case.choose(rules.len()) {
        Ok(chosen) => chosen,
        Err(detail) => return collector.add_problem(repository.problem(Reason::Nothing, detail)),
    };
    case.examine(&forest, limit, &chosen, collector);
    report_cut(&graph, &shallow, repository, &chosen, collector);
    holes.report(&case, repository, &chosen, collector);
}

/// What the objects of a repository hold, and how they hang together.
struct Learned {
    graph: Graph,
    marked: Marked,
    lost: Vec<(Number, Damage)>,
    candidates: Candidates,
}

/// Reads all objects, or those that are new since the run that wrote `file`, and writes what is known now.
fn learn(
    context: &Context<'_>,
    settings: &Settings,
    store: &ObjectStore,
    forest: &Forest,
    file: Option<&Path>,
    collector: &mut Collector,
) -> Learned {
    let limit = settings.limit.min(LARGEST);
    let mut hunt = Hunt {
        scanner: context.scanner,
        numbers: Numbers::new(store),
        candidates: Candidates::default(),
        thoroughness: settings.thoroughness,
        least: settings.least,
        known: None,
    };
    let mut records = Vec::new();
    let mut texts = Vec::new();
    let (mut objects, mut bytes) = (0, 0);
    if let Some(snapshot) = file.and_then(Snapshot::load) {
        match recall(store, forest, &hunt, &snapshot) {
            Some(recalled) => {
                hunt.known = Some(recalled.known);
                (objects, bytes) = (recalled.objects, recalled.bytes);
                records.push(recalled.record);
                texts.push(recalled.marked);
            }
            None => hunt.candidates = Candidates::default(),
        }
    }
    let needed = hunt.known.as_ref().map(|known| forest.needed(|number| !known[number as usize]));
    let new = hunt.known.as_ref().is_none_or(|known| known.contains(&false));
    let mut lost = Vec::new();
    for desk in walk(store, forest, needed.as_ref(), limit, &hunt) {
        objects += desk.objects;
        bytes += desk.bytes;
        records.push(desk.record);
        texts.push(desk.marked);
        lost.extend(desk.lost);
    }
    collector.count_objects(objects, bytes);
    let mut marked = Marked::default();
    for (number, marks) in texts.into_iter().flatten().filter(|&(number, _)| store.is_first(number)) {
        let set = marked.sets.intern(marks);
        marked.objects.insert(number, set);
    }
    let Hunt { numbers, candidates, .. } = hunt;
    let (names, missing) = numbers.finish();
    let graph = Graph::new(store, records, names, missing);
    if let Some(file) = file.filter(|_| new) {
        let lost: HashSet<Number> = lost.iter().map(|&(number, _)| number).collect();
        // Without a cache the next run takes longer, and that is all.
        let _ = Snapshot::new(store, &graph, &marked, candidates.samples(), &lost, bytes).save(file);
    }
    Learned { graph, marked, lost, candidates }
}

/// Takes in what an earlier run learned. None when it does not fit the objects at hand.
fn recall(store: &ObjectStore, forest: &Forest, hunt: &Hunt<'_>, snapshot: &Snapshot) -> Option<Recalled> {
    let recalled = snapshot.recall(store, &hunt.numbers)?;
    let mut samples: HashMap<Number, Vec<(Mark, Sample)>> = HashMap::new();
    for (mark, sample) in recalled.samples.iter().enumerate() {
        samples.entry(sample.object).or_default().push((mark as Mark, *sample));
    }
    let needed = forest.needed(|number| samples.contains_key(&number));
    hunt.candidates.recall(recalled.samples.clone());
    let learned = walk(store, forest, Some(&needed), LARGEST, &Reminder { samples: &samples, candidates: &hunt.candidates });
    (learned.into_iter().sum::<usize>() == recalled.samples.len()).then_some(recalled)
}

/// Reads the values of candidates of an earlier run where they were met. Its workers count them.
struct Reminder<'a> {
    samples: &'a HashMap<Number, Vec<(Mark, Sample)>>,
    candidates: &'a Candidates,
}

impl Visitor for Reminder<'_> {
    type Note = ();
    type Desk = usize;

    fn visit(&self, learned: &mut usize, visit: Visit<'_, ()>) {
        let Some(samples) = self.samples.get(&visit.number) else { return };
        let text = Text::new(visit.text);
        for (mark, sample) in samples {
            if let Some(secret) = text.bytes.get(sample.start as usize..sample.end as usize) {
                self.candidates.learn(*mark, sample.rule, secret);
                *learned += 1;
            }
        }
    }

    /// What cannot be read is not counted, so nothing is taken from the earlier run.
    fn lost(&self, _: &mut usize, _: Number, _: Damage) {}
}

/// The names that lead into a history, and what they lead to.
struct Standing<'a> {
    /// For each reference, the commit it leads to in the end, and the tags on the way.
    tips: BTreeMap<&'a str, (Number, Vec<Number>)>,
    /// For each commit, by place, whether a reference leads to it.
    reached: Vec<bool>,
    head: Option<Number>,
}

impl<'a> Standing<'a> {
    fn new(store: &ObjectStore, graph: &Graph, refs: &'a Refs) -> Self {
        let find = |id: &ObjectId| store.find(id.as_bytes());
        let tips: BTreeMap<&str, (Number, Vec<Number>)> =
            refs.refs.iter().filter_map(|(name, id)| Some((name.as_str(), graph.peel(find(id)?)))).collect();
        let reached = graph.ancestors(tips.values().map(|&(commit, _)| commit));
        let head = refs.head.as_ref().and_then(find);
        Self { tips, reached, head }
    }
}

/// Objects that cannot be read. They are traced like secrets, so that a problem can say where they belong.
struct Holes {
    /// The mark of the first. The others follow, unless they are so many that all share it.
    first: Mark,
    holes: Vec<Hole>,
}

/// An object that cannot be read.
struct Hole {
    number: Number,
    /// What is wrong with it; none when it is not there at all.
    damage: Option<Damage>,
}

impl Holes {
    /// Marks what is `lost` or missing from `first` on. What was cut off behind the `shallow` commits is no hole.
    fn new(
        case: (&ObjectStore, &Graph),
        shallow: &HashSet<Number>,
        lost: &[(Number, Damage)],
        first: usize,
        marked: &mut Marked,
    ) -> Self {
        let (store, graph) = case;
        let behind = graph
            .commits
            .iter()
            .filter(|commit| shallow.contains(&commit.number))
            .flat_map(|commit| commit.parents.iter().copied());
        let cut_off: HashSet<Number> = behind.collect();
        let mut holes: Vec<Hole> = lost.iter().map(|&(number, damage)| Hole { number, damage: Some(damage) }).collect();
        holes.sort_by_key(|hole| hole.number);
        holes.dedup_by_key(|hole| hole.number);
        let missing = graph.missing_numbers().filter(|number| !cut_off.contains(number));
        holes.extend(missing.map(|number| Hole { number, damage: None }));
        let holes = Self { first: first as Mark, holes };
        for (index, hole) in holes.holes.iter().enumerate() {
            let own = marked.sets.intern(Arc::new([holes.mark(index)]));
            // A copy of an object that is stored twice stands for both.
            let is_stored = (hole.number as usize) < store.len();
            let number =
                if is_stored { store.find(store.id(hole.number).as_bytes()).unwrap_or(hole.number) } else { hole.number };
            let before = marked.objects.get(&number).copied().unwrap_or(SetId::EMPTY);
            let set = marked.sets.union(vec![own, before]);
            marked.objects.insert(number, set);
        }
        holes
    }

    /// How many marks there are.
    fn marks(&self) -> usize {
        self.holes.len()
    }

    fn mark(&self, index: usize) -> Mark {
        self.first + if self.holes.len() > NAMED_HOLES { 0 } else { index as Mark }
    }

    /// Makes a problem of each hole that belongs to what was asked for.
    fn report(&self, case: &Case<'_>, repository: &Repository, chosen: &Chosen, collector: &mut Collector) {
        let concerns = |index: usize| {
            let trail = &case.trails.trails[self.mark(index) as usize];
            let reached =
                |version: &&Version| case.graph.place(version.commit).is_some_and(|place| case.standing.reached[place as usize]);
            // What no reference leads to may well be incomplete: git removes it object by object.
            self.holes[index].damage.is_some()
                || trail.first.as_ref().filter(reached).is_some_and(|_| chosen.hold(case, self.mark(index)))
        };
        if self.holes.len() > NAMED_HOLES {
            if concerns(0) || self.holes.iter().any(|hole| hole.damage.is_some()) {
                let hint = if repository.is_partial() {
                    "it is a partial clone; a full one can be scanned whole"
                } else {
                    "`git fsck` tells more"
                };
                let example = self.holes.iter().map(|hole| case.name(hole.number)).min().unwrap_or_default();
                let detail = format!("{} objects are missing or broken, {example} for one; {hint}", self.holes.len());
                collector.add_problem(repository.problem(Reason::Object, detail));
            }
            return;
        }
        for (index, hole) in self.holes.iter().enumerate().filter(|&(index, _)| concerns(index)) {
            let what = hole.damage.map_or_else(|| "it is missing".to_owned(), |damage| damage.to_string());
            let version = case.trails.trails[self.mark(index) as usize].first.as_ref();
            let place = version.map(|version| case.place_of(version)).unwrap_or_default();
            let hint = if repository.is_partial() { "; this is a partial clone" } else { "" };
            let reason = if matches!(hole.damage, Some(Damage::TooLarge(_))) { Reason::TooLarge } else { Reason::Object };
            let subject = format!("object {}", case.name(hole.number));
            collector.add_problem(Problem { subject, reason, detail: format!("{what}{place}{hint}") });
        }
    }
}

/// Makes a problem of a history that is cut off within what was asked for.
fn report_cut(graph: &Graph, shallow: &HashSet<Number>, repository: &Repository, chosen: &Chosen, collector: &mut Collector) {
    let asked = |commit: &&Number| graph.place(**commit).is_some_and(|place| chosen.asked[place as usize]);
    let cut = shallow.iter().filter(asked).count();
    if cut > 0 {
        let detail =
            format!("the history is cut off behind {cut} commits (a shallow clone); `git fetch --unshallow` gets the rest");
        collector.add_problem(repository.problem(Reason::Object, detail));
    }
}

/// What was asked for, in this history.
struct Chosen {
    /// For each commit, by place.
    asked: Vec<bool>,
    /// The candidates that belong to it.
    marks: Vec<Mark>,
    all: bool,
}

impl Chosen {
    /// Whether some asked commit holds what is marked with `mark`.
    fn hold(&self, case: &Case<'_>, mark: Mark) -> bool {
        let holds = |place: usize| case.marked.sets.members(case.trails.holds[place]).binary_search(&mark).is_ok();
        self.all || (0..self.asked.len()).any(|place| self.asked[place] && holds(place))
    }
}

/// Everything that is known when the walk is over.
struct Case<'a> {
    context: &'a Context<'a>,
    store: &'a ObjectStore,
    graph: &'a Graph,
    standing: &'a Standing<'a>,
    marked: &'a Marked,
    trails: &'a Trails,
    settings: &'a Settings,
    candidates: &'a Candidates,
}

/// A version that is to be examined.
type Spot = (Number, Option<PathId>);

impl Case<'_> {
    /// The candidates that the selection asks for.
    ///
    /// # Errors
    /// Says why the selection holds nothing.
    fn choose(&self, marks: usize) -> Result<Chosen, String> {
        let selection = &self.settings.selection;
        let commits = &self.graph.commits;
        let all = selection.is_all();
        let included = selection.unreachable == Unreachable::Included;
        let mut asked = match &selection.tips {
            Some(tips) => self.graph.ancestors(self.numbers(tips)),
            None if included => vec![true; commits.len()],
            None => self.standing.reached.clone(),
        };
        let hidden = self.graph.ancestors(self.numbers(&selection.hidden));
        for (place, asked) in asked.iter_mut().enumerate() {
            *asked &= !hidden[place] && selection.since.is_none_or(|since| commits[place].time >= since);
        }
        if !all && !asked.contains(&true) {
            return Err("the selection holds no commit; check --history, --since and --branch".into());
        }
        let mut taken = vec![false; marks];
        for (place, _) in asked.iter().enumerate().filter(|&(_, &asked)| asked) {
            self.introduced(place).filter(|&mark| (mark as usize) < marks).for_each(|mark| taken[mark as usize] = true);
        }
        if all {
            self.add_tagged(&mut taken);
        }
        if all && included {
            let sets: HashSet<SetId> = self.marked.objects.values().copied().collect();
            let members = sets.into_iter().flat_map(|set| self.marked.sets.members(set));
            members.filter(|&&mark| (mark as usize) < marks).for_each(|&mark| taken[mark as usize] = true);
        }
        Ok(Chosen { asked, marks: (0..marks as Mark).filter(|&mark| taken[mark as usize]).collect(), all })
    }

    /// What stands in the commit at `place` and in none of its parents.
    fn introduced(&self, place: usize) -> impl Iterator<Item = Mark> {
        let own = self.trails.holds[place];
        let parents = self.graph.commits[place].parents.iter().filter_map(|&parent| self.graph.place(parent));
        let before: Vec<SetId> = parents.map(|parent| self.trails.holds[parent as usize]).collect();
        let members = if before.contains(&own) { &[] } else { self.marked.sets.members(own) };
        let is_new = move |mark: &Mark| before.iter().all(|&set| self.marked.sets.members(set).binary_search(mark).is_err());
        members.iter().copied().filter(is_new)
    }

    /// Takes what stands in the words of tags that references lead to.
    fn add_tagged(&self, taken: &mut [bool]) {
        let tags = self.standing.tips.values().flat_map(|(_, tags)| tags);
        let sets = tags.filter_map(|tag| self.marked.objects.get(tag));
        let members = sets.flat_map(|&set| self.marked.sets.members(set));
        members.for_each(|&mark| {
            if let Some(taken) = taken.get_mut(mark as usize) {
                *taken = true
            }
        });
    }

    fn numbers(&self, ids: &[ObjectId]) -> Vec<Number> {
        ids.iter().filter_map(|id| self.store.find(id.as_bytes())).map(|number| self.graph.peel(number).0).collect()
    }

    /// Examines the versions of what was chosen that a report names, and adds what stands in them.
    fn examine(&self, forest: &Forest, limit: usize, chosen: &Chosen, collector: &mut Collector) {
        let trails = self.completed(&chosen.marks);
        let mut jobs: HashMap<Number, Job> = HashMap::new();
        for &mark in &chosen.marks {
            for version in versions(&trails[&mark]) {
                let job = jobs.entry(version.object).or_default();
                job.marks.insert(mark);
                job.paths.insert(version.path);
                jobs.entry(version.commit).or_default();
            }
        }
        jobs.remove(&Number::MAX);
        let needed = forest.needed(|number| jobs.contains_key(&number));
        let desks = walk(self.store, forest, Some(&needed), limit, &Examiner { case: self, jobs: &jobs });
        let mut prints: BTreeMap<Fingerprint, BTreeSet<Mark>> = BTreeMap::new();
        let mut views: HashMap<Spot, Examined> = HashMap::new();
        let mut notes: HashMap<Number, CommitNote> = HashMap::new();
        for desk in desks {
            for (mark, print) in desk.prints {
                prints.entry(print).or_default().insert(mark);
            }
            views.extend(desk.views);
            notes.extend(desk.notes);
        }
        let mut reported: HashMap<Spot, HashSet<Fingerprint>> = HashMap::new();
        for (print, marks) in prints {
            let trail = self.join(marks.iter().map(|mark| &trails[mark]));
            let Some(speaking) = trail.head.clone().or_else(|| trail.last.clone()) else { continue };
            let sighted = |version: &Version| {
                let view = views.get(&(version.object, version.path));
                view.is_some_and(|view| view.sightings.iter().any(|sighting| sighting.fingerprint == print))
            };
            if !sighted(&speaking) {
                continue;
            }
            for version in [Some(&speaking), trail.first.as_ref()].into_iter().flatten().filter(|version| sighted(version)) {
                reported.entry((version.object, version.path)).or_default().insert(print);
            }
            collector.add_exposure(print, self.exposure(&marks, &trail, &notes));
        }
        for (spot, mut examined) in views {
            let wanted = reported.remove(&spot).unwrap_or_default();
            examined.sightings.retain(|sighting| wanted.contains(&sighting.fingerprint));
            collector.add(examined);
        }
    }

    /// The trails of `marks`. What stands in no commit stands in the words of a tag, or in an object that nothing leads to.
    fn completed(&self, marks: &[Mark]) -> HashMap<Mark, Trail> {
        let mut trails: HashMap<Mark, Trail> =
            marks.iter().map(|&mark| (mark, self.trails.trails[mark as usize].clone())).collect();
        let is_open = |trail: &Trail| trail.first.is_none();
        if !trails.values().any(is_open) || !self.settings.selection.within.is_empty() {
            return trails;
        }
        let mut objects: Vec<(ObjectId, Number, SetId)> = self
            .marked
            .objects
            .iter()
            .filter(|&(&number, _)| (number as usize) < self.store.len())
            .map(|(&number, &set)| (self.store.id(number), number, set))
            .collect();
        objects.sort_unstable();
        for (_, object, set) in objects {
            let commit = self.graph.peel(object).0;
            let commit = if self.graph.place(commit).is_some() { commit } else { Number::MAX };
            for mark in self.marked.sets.members(set) {
                if let Some(trail) = trails.get_mut(mark).filter(|trail| is_open(trail)) {
                    let version = Version { commit, object, path: None };
                    *trail = Trail { first: Some(version.clone()), last: Some(version), ..trail.clone() };
                }
            }
        }
        trails
    }

    /// The trail of a secret that several rules or runs of the walk told apart.
    fn join<'t>(&self, trails: impl Iterator<Item = &'t Trail> + Clone) -> Trail {
        let rank = |version: &Version| {
            let place = self.graph.place(version.commit);
            let reached = place.is_some_and(|place| self.standing.reached[place as usize]);
            (reached, place, version.path.map(|path| std::cmp::Reverse(self.trails.path(self.graph, path))))
        };
        let early = |version: &&Version| {
            let (reached, place, path) = rank(version);
            (!reached, place.unwrap_or(Number::MAX), std::cmp::Reverse(path), self.name(version.object))
        };
        let first = trails.clone().filter_map(|trail| trail.first.as_ref()).min_by_key(early);
        let last = trails.clone().filter_map(|trail| trail.last.as_ref()).max_by_key(|version| rank(version));
        let head = trails.clone().filter_map(|trail| trail.head.as_ref()).max_by_key(|version| rank(version));
        let paths: BTreeSet<PathId> = trails.clone().flat_map(|trail| trail.paths.iter().copied()).collect();
        Trail { paths: paths.into_iter().collect(), first: first.cloned(), last: last.cloned(), head: head.cloned() }
    }

    /// What the report says of the past of a secret.
    fn exposure(&self, marks: &BTreeSet<Mark>, trail: &Trail, notes: &HashMap<Number, CommitNote>) -> Exposure {
        let mut paths: Vec<String> = trail.paths.iter().map(|&path| self.trails.path(self.graph, path)).collect();
        paths.sort();
        let refs = self.refs_reaching(marks);
        let note = |version: Option<&Version>| version.and_then(|version| notes.get(&version.commit)).cloned();
        let first = note(trail.first.as_ref());
        let days = first.as_ref().map_or(0, |first| (self.settings.now - first.time).max(0) as u64 / 86_400);
        Exposure {
            paths,
            last: note(trail.last.as_ref()),
            at_head: trail.head.is_some(),
            pushed: refs.iter().any(|name| name.starts_with("refs/remotes/")),
            unreachable: refs.is_empty(),
            ref_count: refs.len() as u64,
            refs: refs.into_iter().take(NAMED_REFS).map(str::to_owned).collect(),
            first,
            days,
        }
    }

    /// The references that lead to one of `marks`, branches first.
    fn refs_reaching(&self, marks: &BTreeSet<Mark>) -> Vec<&str> {
        let holds = |set: SetId| marks.iter().any(|mark| self.marked.sets.members(set).binary_search(mark).is_ok());
        let mut known: HashMap<SetId, bool> = HashMap::new();
        let mut names: Vec<&str> = Vec::new();
        for (&name, (commit, tags)) in &self.standing.tips {
            let reach = self.graph.place(*commit).map(|place| self.trails.reaches[place as usize]);
            let own = tags.iter().chain([commit]).filter_map(|object| self.marked.objects.get(object).copied());
            if reach.into_iter().chain(own).any(|set| *known.entry(set).or_insert_with(|| holds(set))) {
                names.push(name);
            }
        }
        let kind = |name: &&str| {
            ["refs/heads/", "refs/remotes/", "refs/tags/", "refs/"].iter().position(|head| name.starts_with(head)).unwrap_or(4)
        };
        names.sort_by_key(|name| (kind(name), *name));
        names
    }

    /// The name of an object, also of one that is missing.
    fn name(&self, number: Number) -> String {
        match self.graph.missing_id(number) {
            Some(id) => id.to_string(),
            None if (number as usize) < self.store.len() => self.store.id(number).to_string(),
            None => String::new(),
        }
    }

    /// Words for where a version stands.
    fn place_of(&self, version: &Version) -> String {
        let commit = &self.name(version.commit)[..];
        let commit = commit.get(..SHORT).unwrap_or(commit);
        match version.path {
            Some(path) => format!(" ({} in commit {commit})", self.trails.path(self.graph, path)),
            None => format!(" (commit {commit} needs it)"),
        }
    }
}

/// The versions that speak for a trail.
fn versions(trail: &Trail) -> impl Iterator<Item = &Version> {
    [&trail.first, &trail.last, &trail.head].into_iter().flatten()
}

/// What is to be done with one object.
#[derive(Default)]
struct Job {
    /// The candidates that are looked for in it.
    marks: HashSet<Mark>,
    /// The paths it is examined under. Nothing, if its words are only to be read as those of a commit.
    paths: HashSet<Option<PathId>>,
}

/// Examines the versions that a report names.
struct Examiner<'a> {
    case: &'a Case<'a>,
    jobs: &'a HashMap<Number, Job>,
}

/// What a worker found out.
#[derive(Default)]
struct Findings {
    prints: Vec<(Mark, Fingerprint)>,
    views: Vec<(Spot, Examined)>,
    notes: Vec<(Number, CommitNote)>,
}

impl Visitor for Examiner<'_> {
    type Note = ();
    type Desk = Findings;

    fn visit(&self, desk: &mut Findings, visit: Visit<'_, ()>) {
        let Some(job) = self.jobs.get(&visit.number) else { return };
        if visit.kind == Kind::Commit {
            desk.notes.push((visit.number, commit_note(self.case.name(visit.number), &self.masked(visit.text))));
        }
        if job.paths.is_empty() {
            return;
        }
        let scanner = self.case.context.scanner;
        let text = Text::new(visit.text);
        let mut matches = Vec::new();
        scanner.matches(&text.bytes, 0..text.bytes.len(), &mut matches);
        for found in &matches {
            let secret = &text.bytes[found.secret.clone()];
            if let Some(mark) = self.case.candidates.find(found.rule, secret).filter(|mark| job.marks.contains(mark)) {
                desk.prints.push((mark, self.case.context.key.fingerprint(&Secret::new(secret))));
            }
        }
        for &path in &job.paths {
            desk.views.push(((visit.number, path), self.view(&visit, &text, matches.clone(), path)));
        }
    }

    /// It was read before, in the first walk; should it be gone since, what depends on it goes unreported.
    fn lost(&self, _: &mut Findings, _: Number, _: Damage) {}
}

impl Examiner<'_> {
    /// `text` with stars for all that looks like a secret.
    fn masked(&self, text: &[u8]) -> Vec<u8> {
        let mut matches = Vec::new();
        self.case.context.scanner.matches(text, 0..text.len(), &mut matches);
        let mut masked = text.to_vec();
        matches.into_iter().for_each(|found| masked[found.secret].fill(b'*'));
        masked
    }

    fn view(&self, visit: &Visit<'_, ()>, text: &Text<'_>, matches: Vec<Match>, path: Option<PathId>) -> Examined {
        let id = self.case.name(visit.number);
        let path = match path {
            Some(path) => self.case.trails.path(self.case.graph, path),
            None => format!("{}:{}", visit.kind.as_str(), &id[..SHORT]),
        };
        let piece =
            Piece { path: &path, origin: Origin::Object { id }, text, binary: is_binary(&text.bytes), base: Base::default() };
        examine(self.case.context, &piece, matches, 0..text.bytes.len() + 1)
    }
}

/// What a report says of a commit.
fn commit_note(id: String, text: &[u8]) -> CommitNote {
    let (head, message) = match memchr::memmem::find(text, b"\n\n") {
        Some(end) => (&text[..end], &text[end + 2..]),
        None => (text, &text[text.len()..]),
    };
    let line = |word: &[u8]| head.split(|&byte| byte == b'\n').find_map(|line| line.strip_prefix(word)).unwrap_or_default();
    let (author, committer) = (line(b"author "), line(b"committer "));
    let time = |line: &[u8]| {
        let digits = line.rsplit(|&byte| byte == b' ').nth(1).and_then(|digits| std::str::from_utf8(digits).ok());
        digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
    };
    let name_end = author.iter().rposition(|&byte| byte == b'>').map_or(author.len(), |end| end + 1);
    let subject = message.split(|&byte| byte == b'\n').next().unwrap_or_default();
    CommitNote {
        id,
        author: String::from_utf8_lossy(&author[..name_end]).into_owned(),
        time: time(committer),
        subject: String::from_utf8_lossy(subject).into_owned(),
    }
}
