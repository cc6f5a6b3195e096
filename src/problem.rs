//! What could not be examined, as data: nothing unread ever passes for clean.

use std::fmt;

/// Why something could not be examined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// There is nothing at the path.
    Missing,
    /// The system forbids reading it.
    Permission,
    /// Reading failed.
    Io,
    /// It is larger than the limit.
    TooLarge,
    /// Its encoding or container cannot be opened.
    Undecodable,
    /// What was asked for holds nothing to scan.
    Nothing,
    /// An object of the repository is missing or broken.
    Object,
}

impl Reason {
    /// The word that reports use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Permission => "permission-denied",
            Self::Io => "read-error",
            Self::TooLarge => "too-large",
            Self::Undecodable => "undecodable",
            Self::Nothing => "nothing-selected",
            Self::Object => "broken-object",
        }
    }
}

/// Something that was asked for and could not be examined. With any problem a run is not clean.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The path, object or range.
    pub subject: String,
    pub reason: Reason,
    /// What happened and what to do about it, in words.
    pub detail: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.subject, self.detail)
    }
}

impl Problem {
    /// The problem that `error` is when `subject` was to be read.
    pub fn from_io(subject: impl Into<String>, error: &std::io::Error) -> Self {
        let reason = match error.kind() {
            std::io::ErrorKind::NotFound => Reason::Missing,
            std::io::ErrorKind::PermissionDenied => Reason::Permission,
            _ => Reason::Io,
        };
        Self { subject: subject.into(), reason, detail: error.to_string() }
    }
}
