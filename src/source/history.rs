//! The history of a git repository: every object it ever stored, and where each stands among commits, paths and references.
//!
//! Nothing of the repository is executed: no hook, no filter, no configuration is followed to another file. Formats are read
//! directly, so it does not matter who owns the files.

pub mod cache;
pub mod delta;
pub mod graph;
pub mod objects;
pub mod origins;
pub mod pack;
pub mod range;
pub mod refs;
pub mod sets;
pub mod walk;

use crate::problem::{Problem, Reason};
use objects::{Hash, ObjectId, ObjectStore};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A git repository on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// The working tree's own part: HEAD and index.
    pub git_dir: PathBuf,
    /// The shared part: objects, references, configuration. The same folder unless the working tree is a linked one.
    pub common_dir: PathBuf,
    /// Where files are checked out; none in a bare repository.
    pub work_tree: Option<PathBuf>,
}

impl Repository {
    /// The repository that `path` lies in, found upwards from it; none when there is none.
    pub fn discover(path: &Path) -> Option<Self> {
        path.ancestors().find_map(Self::at)
    }

    /// The repository whose working tree, or whose bare folder, is exactly `folder`.
    pub fn at(folder: &Path) -> Option<Self> {
        let dot_git = folder.join(".git");
        if dot_git.is_file() {
            let content = fs::read(&dot_git).ok()?;
            let target = String::from_utf8_lossy(content.strip_prefix(b"gitdir:")?.trim_ascii()).into_owned();
            return Self::open(folder.join(target), Some(folder.to_path_buf()));
        }
        Self::open(dot_git, Some(folder.to_path_buf())).or_else(|| Self::open(folder.to_path_buf(), None))
    }

    fn open(git_dir: PathBuf, work_tree: Option<PathBuf>) -> Option<Self> {
        let common_dir = match fs::read(git_dir.join("commondir")) {
            Ok(content) => git_dir.join(String::from_utf8_lossy(content.trim_ascii()).as_ref()),
            Err(_) => git_dir.clone(),
        };
        let is_one = git_dir.join("HEAD").symlink_metadata().is_ok() && common_dir.join("objects").is_dir();
        is_one.then_some(Self { git_dir, common_dir, work_tree })
    }

    /// The repositories of submodules that are kept within this one, at any depth.
    pub fn submodules(&self) -> Vec<Self> {
        let mut found = Vec::new();
        let mut folders = vec![self.common_dir.join("modules")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten().filter(|entry| entry.path().is_dir()) {
                match Self::open(entry.path(), None) {
                    Some(module) => {
                        folders.push(module.common_dir.join("modules"));
                        found.push(module);
                    }
                    None => folders.push(entry.path()),
                }
            }
        }
        found.sort_by(|a, b| a.git_dir.cmp(&b.git_dir));
        found
    }

    /// How objects are named, as the configuration says.
    pub fn hash(&self) -> Hash {
        match self.setting("extensions", "objectformat").as_deref() {
            Some("sha256") => Hash::Sha256,
            _ => Hash::Sha1,
        }
    }

    /// Whether objects may be missing by design, to be fetched when needed.
    pub fn is_partial(&self) -> bool {
        self.setting("extensions", "partialclone").is_some() || !self.promisor_packs().is_empty()
    }

    fn promisor_packs(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.common_dir.join("objects/pack")).into_iter().flatten().flatten();
        entries
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "promisor"))
            .collect()
    }

    /// Opens all objects. What cannot be opened becomes a problem.
    ///
    /// # Errors
    /// When there are more objects than can be counted.
    pub fn objects(&self, problems: &mut Vec<Problem>) -> io::Result<ObjectStore> {
        ObjectStore::open(&self.common_dir.join("objects"), self.hash(), problems)
    }

    /// Reads all references.
    pub fn refs(&self, problems: &mut Vec<Problem>) -> refs::Refs {
        refs::read(&self.common_dir, &self.git_dir, problems)
    }

    /// The commits whose parents were cut off when the repository was cloned.
    pub fn shallow(&self) -> Vec<ObjectId> {
        let content = fs::read(self.common_dir.join("shallow")).unwrap_or_default();
        content.split(|&byte| byte == b'\n').filter_map(|line| ObjectId::parse(line.trim_ascii())).collect()
    }

    /// A value of the repository's own configuration file, without regard to files it includes; names in lower case.
    fn setting(&self, section: &str, key: &str) -> Option<String> {
        let content = fs::read(self.common_dir.join("config")).ok()?;
        let content = String::from_utf8_lossy(&content);
        let mut here = false;
        let mut value = None;
        for line in content.lines().map(str::trim) {
            if let Some(head) = line.strip_prefix('[') {
                here = head.split(']').next().is_some_and(|head| head.trim().eq_ignore_ascii_case(section));
            } else if let Some((_, rest)) = line.split_once('=').filter(|(name, _)| here && name.trim().eq_ignore_ascii_case(key))
            {
                value = Some(rest.trim().trim_matches('"').to_ascii_lowercase());
            }
        }
        value
    }

    /// The problem that `detail` is for this repository.
    pub fn problem(&self, reason: Reason, detail: impl Into<String>) -> Problem {
        let folder = self.work_tree.as_ref().unwrap_or(&self.git_dir);
        Problem { subject: folder.display().to_string(), reason, detail: detail.into() }
    }
}
