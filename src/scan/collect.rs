//! Gathers sightings from all threads into one finding per secret.

use super::examine::{Examined, Sighting, specificity};
use crate::location::{Location, Origin, Position};
use crate::report::{Allowed, Coverage, Exposure, Finding, Problem, Report};
use crate::rule::{Confidence, Rule, RuleSet};
use crate::secret::Fingerprint;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Everything a run has seen so far.
#[derive(Default)]
pub struct Collector {
    sightings: BTreeMap<Fingerprint, Vec<Sighting>>,
    problems: Vec<Problem>,
    coverage: Coverage,
    allowed: Allowed,
    exposures: BTreeMap<Fingerprint, Exposure>,
}

impl Collector {
    /// Takes in what was found in one text.
    pub fn add(&mut self, examined: Examined) {
        self.allowed.inline += examined.allowed.inline;
        self.allowed.configured += examined.allowed.configured;
        for sighting in examined.sightings {
            self.sightings.entry(sighting.fingerprint).or_default().push(sighting);
        }
    }

    /// Takes in what went wrong.
    pub fn add_problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Counts one file of `bytes` bytes as examined.
    pub fn count_file(&mut self, bytes: u64) {
        self.coverage.files += 1;
        self.coverage.bytes += bytes;
    }

    /// Counts `objects` objects of a history, of `bytes` bytes in all, as examined.
    pub fn count_objects(&mut self, objects: u64, bytes: u64) {
        self.coverage.objects += objects;
        self.coverage.bytes += bytes;
    }

    /// Takes in what a history says of a secret. Of several repositories the first to hold it speaks.
    pub fn add_exposure(&mut self, fingerprint: Fingerprint, exposure: Exposure) {
        let time = |exposure: &Exposure| exposure.first.as_ref().map_or(i64::MAX, |first| first.time);
        let known = self.exposures.entry(fingerprint).or_insert_with(|| exposure.clone());
        if time(&exposure) < time(known) {
            *known = exposure;
        }
    }

    /// How many different secrets there are so far.
    pub fn secrets(&self) -> usize {
        self.sightings.len()
    }

    /// How much was examined so far.
    pub fn coverage(&self) -> Coverage {
        self.coverage
    }

    /// Takes in what another collector gathered.
    pub fn merge(&mut self, other: Self) {
        for (fingerprint, sightings) in other.sightings {
            self.sightings.entry(fingerprint).or_default().extend(sightings);
        }
        self.problems.extend(other.problems);
        self.coverage.files += other.coverage.files;
        self.coverage.bytes += other.coverage.bytes;
        self.allowed.inline += other.allowed.inline;
        self.coverage.objects += other.coverage.objects;
        self.allowed.configured += other.allowed.configured;
        other.exposures.into_iter().for_each(|(fingerprint, exposure)| self.add_exposure(fingerprint, exposure));
    }

    /// The report: findings of at least `least` confidence, in an order that no thread can change.
    pub fn finish(self, rules: &RuleSet, least: Confidence) -> Report {
        let all = rules.rules();
        let mut exposures = self.exposures;
        let joined = self.sightings.into_values().filter_map(|sightings| join(all, sightings));
        let exposed = joined.map(|finding| Finding { exposure: exposures.remove(&finding.fingerprint), ..finding });
        let mut findings: Vec<Finding> = exposed.collect();
        findings.retain(|finding| finding.confidence >= least);
        findings.sort_by(|a, b| {
            let key = |finding: &Finding| (Reverse(finding.severity), finding.locations.first().cloned());
            key(a).cmp(&key(b)).then_with(|| a.fingerprint.cmp(&b.fingerprint))
        });
        let named = findings
            .iter()
            .flat_map(|finding| std::iter::once(&finding.rule).chain(finding.companions.iter().map(|companion| &companion.rule)));
        let rules = named.filter_map(|id| rules.find(id)).map(|rule| (rule.id.clone(), rule.clone())).collect();
        let mut problems = self.problems;
        problems.sort();
        problems.dedup();
        Report { findings, problems, coverage: self.coverage, allowed: self.allowed, rules }
    }
}

/// The path and the lines of a location, whatever it was read from.
fn place_of(location: &Location) -> (String, Position, Position) {
    (location.path.clone(), location.start, location.end)
}

/// One finding of all sightings of one secret; the sighting whose rule knows most speaks for all.
fn join(rules: &[Rule], mut sightings: Vec<Sighting>) -> Option<Finding> {
    let rank = |sighting: &Sighting| {
        let probability = sighting.probability.map_or(0, |p| (p * 1e6) as u32);
        (specificity(&rules[sighting.rule as usize]), sighting.severity, sighting.confidence, probability)
    };
    sightings.sort_by(|a, b| rank(b).cmp(&rank(a)).then_with(|| a.location.cmp(&b.location)));
    let mut companions: Vec<_> = sightings.iter().flat_map(|sighting| sighting.companions.iter().cloned()).collect();
    companions.sort();
    companions.dedup();
    let mut locations: Vec<_> = sightings.iter().map(|sighting| sighting.location.clone()).collect();
    locations.sort();
    locations.dedup();
    let files: BTreeSet<_> = locations.iter().filter(|it| it.origin == Origin::File).map(place_of).collect();
    // What is checked out stands in the history, too; it is one place.
    locations.retain(|it| !matches!(it.origin, Origin::Object { .. }) || !files.contains(&place_of(it)));
    let severity = sightings.iter().map(|sighting| sighting.severity).max()?;
    let best = sightings.into_iter().next()?;
    Some(Finding {
        rule: rules[best.rule as usize].id.clone(),
        severity,
        confidence: best.confidence,
        probability: best.probability,
        fingerprint: best.fingerprint,
        preview: best.preview,
        secret: best.secret,
        evidence: best.evidence,
        companions,
        locations,
        exposure: None,
    })
}
