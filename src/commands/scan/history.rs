//! The part of `keyward scan` that reads histories: which repositories, and which part of each.

use crate::cli;
use crate::location::Origin;
use crate::problem::{Problem, Reason};
use crate::rule::Confidence;
use crate::scan::blob::scan_blob;
use crate::scan::collect::Collector;
use crate::scan::examine::Context;
use crate::scan::history::hunt::Thoroughness;
use crate::scan::history::{LARGEST, Selection, Settings, Unreachable, scan};
use crate::source::history::Repository;
use crate::source::history::{cache, range};
use crate::source::{Blob, Content};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Scans the histories of the repositories that the paths of `arguments` name. `limit` is the size of the largest object.
pub fn scan_histories(context: &Context<'_>, arguments: &cli::Scan, least: Confidence, limit: Option<u64>) -> Collector {
    let mut collector = Collector::default();
    if arguments.history.as_deref() == Some("none") {
        return collector;
    }
    for (repository, within) in repositories(arguments, &mut collector) {
        match settings(arguments, &repository, within, least, limit) {
            Ok(settings) => {
                scan_config(context, &repository, &mut collector);
                collector.merge(scan(context, &repository, &settings));
                let whole = Selection { unreachable: settings.selection.unreachable, ..Selection::default() };
                for module in repository.submodules().iter().filter(|_| settings.selection == whole) {
                    collector.merge(scan(context, module, &settings));
                }
            }
            Err(detail) => collector.add_problem(repository.problem(Reason::Nothing, detail)),
        }
    }
    collector
}

/// The repositories to scan, and for each the paths that are asked for; none means all.
///
/// Without any wish about history only whole repositories count: whoever names a folder within one means that folder.
fn repositories(arguments: &cli::Scan, collector: &mut Collector) -> Vec<(Repository, Vec<String>)> {
    let asked = arguments.history.is_some() || arguments.since.is_some() || !arguments.branch.is_empty();
    let mut found: BTreeMap<PathBuf, (Repository, Option<Vec<String>>)> = BTreeMap::new();
    for path in arguments.paths.iter().filter(|path| path.as_os_str() != "-") {
        // A path that does not exist is told of where files are read.
        let Ok(path) = path.canonicalize() else { continue };
        let repository = if asked { Repository::discover(&path) } else { Repository::at(&path) };
        let Some(repository) = repository else {
            if asked {
                let detail = "it is in no git repository, so it has no history to scan";
                collector.add_problem(Problem {
                    subject: path.display().to_string(),
                    reason: Reason::Nothing,
                    detail: detail.into(),
                });
            }
            continue;
        };
        let within = repository.work_tree.as_ref().and_then(|tree| relative(tree, &path));
        let entry = found.entry(repository.common_dir.clone()).or_insert_with(|| (repository, Some(Vec::new())));
        match (within, &mut entry.1) {
            (Some(within), Some(paths)) => paths.push(within),
            _ => entry.1 = None,
        }
    }
    found.into_values().map(|(repository, within)| (repository, within.unwrap_or_default())).collect()
}

/// `path` seen from `tree`, separated by `/`; none when they are the same.
fn relative(tree: &Path, path: &Path) -> Option<String> {
    let relative = path.strip_prefix(tree.canonicalize().ok()?).ok()?;
    let parts: Vec<_> = relative.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    (!parts.is_empty()).then(|| parts.join("/"))
}

/// What is asked for in `repository`.
fn settings(
    arguments: &cli::Scan,
    repository: &Repository,
    within: Vec<String>,
    least: Confidence,
    limit: Option<u64>,
) -> Result<Settings, String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs() as i64);
    let mut selection = Selection { within, ..Selection::default() };
    if let Some(range) = arguments.history.as_deref().filter(|&range| range != "all") {
        let resolved = range::resolve(repository, range).map_err(|error| error.to_string())?;
        selection.tips = Some(resolved.tips);
        selection.hidden = resolved.hidden;
    }
    for branch in &arguments.branch {
        let resolved = range::resolve_branch(repository, branch).map_err(|error| error.to_string())?;
        selection.tips.get_or_insert_default().extend(resolved.tips);
    }
    if let Some(since) = &arguments.since {
        let date = range::parse_date(since, now);
        selection.since = Some(date.ok_or_else(|| format!("--since {since:?} is no date; write 2024-01-31 or \"30 days ago\""))?);
    }
    selection.unreachable = match arguments.unreachable {
        cli::Unreachable::Auto if selection.tips.is_some() || selection.since.is_some() => Unreachable::LeftOut,
        cli::Unreachable::Auto | cli::Unreachable::Include => Unreachable::Included,
        cli::Unreachable::Exclude => Unreachable::LeftOut,
    };
    let thoroughness = if arguments.exhaustive { Thoroughness::Everything } else { Thoroughness::Changes };
    let limit = limit.map_or(LARGEST, |limit| usize::try_from(limit).unwrap_or(LARGEST));
    let cache = if arguments.no_cache { None } else { cache::folder() };
    Ok(Settings { selection, thoroughness, least, now, limit, cache })
}

/// Scans the repository's own configuration: addresses of remotes may hold credentials.
fn scan_config(context: &Context<'_>, repository: &Repository, collector: &mut Collector) {
    let path = repository.common_dir.join("config");
    let name = if repository.work_tree.is_some() { ".git/config" } else { "config" };
    match std::fs::read(path) {
        Ok(stored) => {
            let blob = Blob { path: name, origin: Origin::File, content: Content::Whole(&stored) };
            match scan_blob(context, blob) {
                Ok((examined, _)) => collector.add(examined),
                Err(error) => collector.add_problem(Problem::from_io(name, &error)),
            }
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => collector.add_problem(Problem::from_io(name, &error)),
    }
}
