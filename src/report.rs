//! What a run found out: findings, problems, counts, and the verdict. Plain values; the formats render and decide nothing.

use crate::location::Location;
use crate::rule::{Confidence, Rule, Severity};
use crate::secret::{Fingerprint, Preview, Secret};
use std::collections::BTreeMap;

pub mod text;

pub use crate::problem::{Problem, Reason};

/// One secret, wherever it stands.
#[derive(Debug)]
pub struct Finding {
    /// Id of the most specific rule that found it.
    pub rule: String,
    pub severity: Severity,
    pub confidence: Confidence,
    /// How likely it is a credential, where the judge decided.
    pub probability: Option<f32>,
    pub fingerprint: Fingerprint,
    pub preview: Preview,
    /// Key material; reports leave it out unless told otherwise.
    pub secret: Secret,
    /// Why it is believed, in words, strongest first.
    pub evidence: Vec<String>,
    /// The public halves that stand beside it: an access key id, a user name.
    pub companions: Vec<Companion>,
    /// Every place, sorted.
    pub locations: Vec<Location>,
    /// What the history says of it, when it was found there.
    pub exposure: Option<Exposure>,
}

/// The past of a secret in a git repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposure {
    /// Every path it ever stood under, sorted; none when it only stood in the words of a commit or tag.
    pub paths: Vec<String>,
    /// The first commit that held it; none when only objects outside of any commit do.
    pub first: Option<CommitNote>,
    /// The last commit that held it.
    pub last: Option<CommitNote>,
    /// Whether the commit that is checked out still holds it.
    pub at_head: bool,
    /// The references that lead to a commit with it, by full name, branches first; the first fifty.
    pub refs: Vec<String>,
    /// How many such references there are.
    pub ref_count: u64,
    /// Whether no reference leads to it: only dropped commits and the like hold it.
    pub unreachable: bool,
    /// Whether a remote-tracking branch leads to it, so that others have it.
    pub pushed: bool,
    /// Whole days from the first commit to the run.
    pub days: u64,
}

/// A commit, as a report tells of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CommitNote {
    pub id: String,
    /// Name and mail address.
    pub author: String,
    /// When it was committed, in seconds since 1970.
    pub time: i64,
    /// The first line of its message. A secret in it is not masked here; formats must not show it where one stands there.
    pub subject: String,
}

/// The public half of a pair, beside its secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Companion {
    pub rule: String,
    pub preview: Preview,
}

/// How much was examined.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Coverage {
    pub files: u64,
    pub bytes: u64,
    /// Objects of the history.
    pub objects: u64,
}

/// Findings that were set aside because the configuration or the text itself allows them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Allowed {
    /// By a directive beside the secret.
    pub inline: u64,
    /// By an entry of the configuration.
    pub configured: u64,
}

/// The result of a run: everything the formats print, and nothing that depends on time or threads.
#[derive(Debug)]
pub struct Report {
    /// Sorted: worst first, then by place.
    pub findings: Vec<Finding>,
    /// Sorted by subject.
    pub problems: Vec<Problem>,
    pub coverage: Coverage,
    pub allowed: Allowed,
    /// The rules that the findings name, by id.
    pub rules: BTreeMap<String, Rule>,
}

/// The least severity that makes a run fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailOn {
    Severity(Severity),
    /// Findings never make it fail.
    Never,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Everything was examined and nothing was found.
    Clean,
    /// Secrets were found.
    Findings,
    /// Not everything could be examined.
    Incomplete,
}

impl Verdict {
    /// The exit code of the process: 0 clean, 1 findings, 2 incomplete.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Findings => 1,
            Self::Incomplete => 2,
        }
    }
}

impl Report {
    /// What the run comes to. A run with problems is incomplete whatever it found.
    pub fn verdict(&self, fail_on: FailOn) -> Verdict {
        let failing = match fail_on {
            FailOn::Severity(least) => self.findings.iter().any(|finding| finding.severity >= least),
            FailOn::Never => false,
        };
        if !self.problems.is_empty() {
            Verdict::Incomplete
        } else if failing {
            Verdict::Findings
        } else {
            Verdict::Clean
        }
    }

    /// How many problems there are of each reason.
    pub fn problems_by_reason(&self) -> BTreeMap<Reason, usize> {
        let mut counts = BTreeMap::new();
        self.problems.iter().for_each(|problem| *counts.entry(problem.reason).or_insert(0) += 1);
        counts
    }
}
