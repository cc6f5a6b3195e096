//! Files below some roots, walked in parallel, ignored ones pruned before they are opened.

use super::{Blob, Content};
use crate::location::Origin;
use crate::problem::{Problem, Reason};
use ignore::{DirEntry, WalkBuilder, WalkState};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Files up to this size are read at once, larger ones piece by piece.
const WHOLE: u64 = 8 << 20;

/// Whether files that git ignores are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ignored {
    /// They are left out, unless git tracks them all the same.
    Skipped,
    /// They are read like all others.
    Read,
}

/// Which files to read.
#[derive(Debug, Clone)]
pub struct Files {
    /// Files and folders, absolute.
    pub roots: Vec<PathBuf>,
    /// What paths in reports are relative to, absolute; all roots are within it.
    pub base: PathBuf,
    pub ignored: Ignored,
    /// Larger files are problems; none means there is no limit.
    pub limit: Option<u64>,
    pub threads: usize,
}

/// What the walk comes upon.
pub enum Event<'a> {
    Blob(Blob<'a>),
    Problem(Problem),
}

impl Files {
    /// Calls `visit` for every file, from several threads, in no particular order.
    pub fn visit(&self, visit: &(dyn Fn(Event<'_>) + Sync)) {
        let seen = Mutex::new(Vec::new());
        for root in &self.roots {
            self.walk(root, visit, &seen);
        }
        if self.ignored == Ignored::Skipped {
            let seen = seen.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
            self.visit_tracked(visit, seen);
        }
    }

    fn walk(&self, root: &Path, visit: &(dyn Fn(Event<'_>) + Sync), seen: &Mutex<Vec<PathBuf>>) {
        let honour = self.ignored == Ignored::Skipped;
        let walker = WalkBuilder::new(root)
            .standard_filters(false)
            .parents(honour)
            .git_ignore(honour)
            .git_exclude(honour)
            .git_global(honour)
            .threads(self.threads)
            .filter_entry(|entry| entry.file_name() != ".git" || entry.depth() == 0)
            .build_parallel();
        walker.run(|| {
            let mut buffer = Vec::new();
            let mut here = Seen { paths: Vec::new(), all: seen };
            Box::new(move |entry| {
                match entry {
                    Ok(entry) if is_file(&entry) => {
                        self.read(entry.path(), &mut buffer, visit);
                        here.paths.push(entry.into_path());
                    }
                    Ok(_) => {}
                    Err(error) => visit(Event::Problem(self.walk_problem(root, error))),
                }
                WalkState::Continue
            })
        });
    }

    /// Visits what git tracks below the roots although a `.gitignore` matches it.
    fn visit_tracked(&self, visit: &(dyn Fn(Event<'_>) + Sync), mut seen: Vec<PathBuf>) {
        let Some(tracked) = tracked_files(&self.base) else { return };
        seen.sort_unstable();
        let mut buffer = Vec::new();
        for path in tracked {
            let below = self.roots.iter().any(|root| path.starts_with(root));
            let is_plain = || path.symlink_metadata().is_ok_and(|metadata| metadata.is_file());
            if below && seen.binary_search(&path).is_err() && is_plain() {
                self.read(&path, &mut buffer, visit);
            }
        }
    }

    /// Opens `path` and hands its bytes on.
    fn read(&self, path: &Path, buffer: &mut Vec<u8>, visit: &(dyn Fn(Event<'_>) + Sync)) {
        let name = self.name(path);
        if let Err(error) = self.try_read(path, &name, buffer, visit) {
            visit(Event::Problem(Problem::from_io(name, &error)));
        }
    }

    fn try_read(&self, path: &Path, name: &str, buffer: &mut Vec<u8>, visit: &(dyn Fn(Event<'_>) + Sync)) -> io::Result<()> {
        let mut file = File::open(path)?;
        let size = file.metadata()?.len();
        if let Some(limit) = self.limit.filter(|&limit| size > limit) {
            let detail = format!("{size} bytes are more than the limit of {limit}; raise --max-file-size to scan it");
            visit(Event::Problem(Problem { subject: name.to_owned(), reason: Reason::TooLarge, detail }));
            return Ok(());
        }
        let content = if size > WHOLE {
            Content::Stream(&mut file)
        } else {
            buffer.clear();
            buffer.reserve(size as usize);
            file.read_to_end(buffer)?;
            Content::Whole(buffer)
        };
        visit(Event::Blob(Blob { path: name, origin: Origin::File, content }));
        Ok(())
    }

    /// The path as reports name it.
    fn name(&self, path: &Path) -> String {
        let relative = path.strip_prefix(&self.base).unwrap_or(path);
        let text = relative.to_string_lossy();
        if std::path::MAIN_SEPARATOR == '/' { text.into_owned() } else { text.replace(std::path::MAIN_SEPARATOR, "/") }
    }

    fn walk_problem(&self, root: &Path, error: ignore::Error) -> Problem {
        let subject = self.name(path_of(&error).unwrap_or(root));
        match error.io_error() {
            Some(io) => Problem { detail: io.to_string(), ..Problem::from_io(subject, io) },
            None => Problem { subject, reason: Reason::Io, detail: error.to_string() },
        }
    }
}

/// The paths one thread has seen, added to those of all when it ends.
struct Seen<'a> {
    paths: Vec<PathBuf>,
    all: &'a Mutex<Vec<PathBuf>>,
}

impl Drop for Seen<'_> {
    fn drop(&mut self) {
        if let Ok(mut all) = self.all.lock() {
            all.append(&mut self.paths);
        }
    }
}

/// Plain files only: links lead to what is scanned anyway or does not belong here, and pipes would never end.
fn is_file(entry: &DirEntry) -> bool {
    entry.file_type().is_some_and(|kind| kind.is_file()) || (entry.depth() == 0 && entry.path().is_file())
}

/// The path that an error of the walk is about.
fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err),
        ignore::Error::Loop { child, .. } => Some(child),
        ignore::Error::Partial(errors) => errors.iter().find_map(path_of),
        _ => None,
    }
}

/// What the index of the repository at `base` lists; none when there is no repository.
fn tracked_files(base: &Path) -> Option<Vec<PathBuf>> {
    let repository = git2::Repository::open(base).ok()?;
    let workdir = repository.workdir()?.canonicalize().ok()?;
    let index = repository.index().ok()?;
    Some(index.iter().map(|entry| workdir.join(path_from_bytes(&entry.path))).collect())
}

#[cfg(unix)]
fn path_from_bytes(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}

#[cfg(not(unix))]
fn path_from_bytes(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}
