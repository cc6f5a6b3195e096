//! The rules of one run: the built-in ones, those of `--rules`, and what the configuration changes in them.

use super::file::{self, Rule, RuleError};
use std::fmt;
use std::path::{Path, PathBuf};

/// The built-in rules, compiled from `rules/` by the build script.
static BUILT_IN: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/rules.bin"));

/// All rules of a run, sorted by id, each id once.
#[derive(Debug, Clone)]
pub struct RuleSet {
    rules: Vec<Rule>,
}

/// Why a set of rules cannot be used.
#[derive(Debug)]
pub enum RuleSetError {
    /// The folder or a file in it cannot be read.
    Read { path: PathBuf, source: std::io::Error },
    /// A file in it is not a rule file.
    File { path: PathBuf, source: RuleError },
    /// Two rules have one id.
    Twice { id: String },
}

impl fmt::Display for RuleSetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { path, source } => write!(f, "cannot read rules from {}: {source}", path.display()),
            Self::File { path, source } => write!(f, "{}: {source}", path.display()),
            Self::Twice { id } => write!(f, "two rules have the id {id}; give one of them another"),
        }
    }
}

impl std::error::Error for RuleSetError {}

impl RuleSet {
    /// The built-in rules.
    pub fn built_in() -> Self {
        // The bytes were written by the build script of this very program, with the same types.
        let rules = postcard::from_bytes(BUILT_IN).expect("the built-in rules were compiled with the same types");
        Self { rules }
    }

    /// A set of `rules`, refused when an id occurs twice.
    pub fn new(mut rules: Vec<Rule>) -> Result<Self, RuleSetError> {
        rules.sort_by(|a, b| a.id.cmp(&b.id));
        if let Some(pair) = rules.windows(2).find(|pair| pair[0].id == pair[1].id) {
            return Err(RuleSetError::Twice { id: pair[0].id.clone() });
        }
        Ok(Self { rules })
    }

    /// Adds every `*.toml` below `directory` (or the one file it names).
    pub fn with_directory(self, directory: &Path) -> Result<Self, RuleSetError> {
        let mut rules = self.rules;
        for path in rule_files(directory)? {
            let text = std::fs::read_to_string(&path).map_err(|source| RuleSetError::Read { path: path.clone(), source })?;
            rules.extend(file::parse(&text).map_err(|source| RuleSetError::File { path, source })?);
        }
        Self::new(rules)
    }

    /// All rules, sorted by id.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule called `id`.
    pub fn find(&self, id: &str) -> Option<&Rule> {
        let index = self.rules.binary_search_by(|rule| rule.id.as_str().cmp(id)).ok()?;
        Some(&self.rules[index])
    }

    /// Takes the rules out, to change them.
    pub fn into_rules(self) -> Vec<Rule> {
        self.rules
    }
}

/// The rule files at `path`, sorted: itself when it is a file, else every `*.toml` directly in it.
fn rule_files(path: &Path) -> Result<Vec<PathBuf>, RuleSetError> {
    let read = |source| RuleSetError::Read { path: path.to_path_buf(), source };
    if path.is_file() {
        return Ok(vec![path.to_path_buf()]);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(read)? {
        let file = entry.map_err(read)?.path();
        if file.extension().is_some_and(|extension| extension == "toml") {
            files.push(file);
        }
    }
    if files.is_empty() {
        let source = std::io::Error::new(std::io::ErrorKind::NotFound, "it holds no .toml file");
        return Err(RuleSetError::Read { path: path.to_path_buf(), source });
    }
    files.sort();
    Ok(files)
}
