//! The names that lead into a history: branches, remote branches, tags, stashes, notes, and every HEAD.

use super::objects::ObjectId;
use crate::problem::{Problem, Reason};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// How many symbolic references in a row are followed.
const CHAIN: usize = 8;
/// How deep folders of references are followed.
const DEPTH: usize = 32;

/// All references of a repository, by full name, and what HEAD is.
#[derive(Debug, Default)]
pub struct Refs {
    pub refs: BTreeMap<String, ObjectId>,
    /// What is checked out; none in a repository without commits.
    pub head: Option<ObjectId>,
}

/// Reads the references of the repository at `common`; `git_dir` is the working tree's own part of it.
pub fn read(common: &Path, git_dir: &Path, problems: &mut Vec<Problem>) -> Refs {
    let mut raw: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    if common.join("reftable").is_dir() {
        let detail =
            "references are kept in a reftable, which cannot be read; `git refs migrate --ref-format=files` changes that";
        problems.push(Problem { subject: common.display().to_string(), reason: Reason::Object, detail: detail.into() });
    }
    read_packed(common, &mut raw, problems);
    read_folder(&common.join("refs"), "refs", 0, &mut raw, problems);
    if git_dir != common {
        read_folder(&git_dir.join("refs"), "refs", 0, &mut raw, problems);
    }
    for (name, path) in heads(common, git_dir) {
        if let Ok(content) = fs::read(path) {
            raw.insert(name, content);
        }
    }
    let refs: BTreeMap<String, ObjectId> = raw.keys().filter_map(|name| Some((name.clone(), resolve(&raw, name)?))).collect();
    Refs { head: refs.get("HEAD").copied(), refs }
}

/// The files that say what is checked out, here and in linked working trees. What git leaves behind for its own use, as
/// `ORIG_HEAD`, keeps nothing alive and does not count.
fn heads(common: &Path, git_dir: &Path) -> Vec<(String, std::path::PathBuf)> {
    let mut heads = Vec::new();
    let entries = fs::read_dir(common.join("worktrees")).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        heads.push((format!("worktrees/{name}/HEAD"), entry.path().join("HEAD")));
    }
    heads.push(("HEAD".to_owned(), git_dir.join("HEAD")));
    heads
}

fn read_packed(common: &Path, raw: &mut BTreeMap<String, Vec<u8>>, problems: &mut Vec<Problem>) {
    let path = common.join("packed-refs");
    let content = match fs::read(&path) {
        Ok(content) => content,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
        Err(error) => return problems.push(Problem::from_io(path.display().to_string(), &error)),
    };
    for line in content.split(|&byte| byte == b'\n').filter(|line| !line.starts_with(b"#") && !line.starts_with(b"^")) {
        if let Some(space) = memchr::memchr(b' ', line) {
            raw.insert(String::from_utf8_lossy(&line[space + 1..]).into_owned(), line[..space].to_vec());
        }
    }
}

fn read_folder(folder: &Path, prefix: &str, depth: usize, raw: &mut BTreeMap<String, Vec<u8>>, problems: &mut Vec<Problem>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = format!("{prefix}/{}", entry.file_name().to_string_lossy());
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && depth < DEPTH => read_folder(&path, &name, depth + 1, raw, problems),
            Ok(kind) if kind.is_file() && !name.ends_with(".lock") => match fs::read(&path) {
                Ok(content) => drop(raw.insert(name, content)),
                Err(error) => problems.push(Problem::from_io(path.display().to_string(), &error)),
            },
            _ => {}
        }
    }
}

/// The object that the reference called `name` leads to.
fn resolve(raw: &BTreeMap<String, Vec<u8>>, name: &str) -> Option<ObjectId> {
    let mut content = raw.get(name)?;
    for _ in 0..CHAIN {
        let Some(target) = content.strip_prefix(b"ref: ") else {
            return ObjectId::parse(content.trim_ascii());
        };
        content = raw.get(String::from_utf8_lossy(target.trim_ascii()).as_ref())?;
    }
    None
}
