//! `keyward scan`: read, match, report.

mod history;
mod output;
mod progress;

use crate::cli;
use crate::config::Config;
use crate::error::Error;
use crate::location::Origin;
use crate::problem::{Problem, Reason};
use crate::report::Report;
use crate::scan::Scanner;
use crate::scan::blob::scan_blob;
use crate::scan::collect::Collector;
use crate::scan::examine::Context;
use crate::scan::judge;
use crate::source::files::{Event, Files, Ignored};
use crate::source::{Blob, Content};
use output::Outputs;
use progress::{Progress, Sample};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// Judged values below this probability are not even kept as matches of low confidence.
pub const CUT: f32 = judge::LOW;

/// Runs `keyward scan`.
///
/// # Errors
/// When the scan could not start.
pub fn run(arguments: &cli::Scan) -> Result<u8, Error> {
    let outputs = Outputs::new(arguments)?;
    let config = Config::for_scan(arguments)?;
    let scanner = Scanner::new(config.rules.clone(), CUT).map_err(Error::new)?;
    let context = Context { scanner: &scanner, allow: &config.allow, markers: config.markers, key: &config.key };
    let collector = Mutex::new(Collector::default());
    let files = files(arguments, &config, &collector)?;
    let progress = Progress::new(arguments.quiet);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads(arguments)).build().map_err(Error::new)?;
    let read = || {
        if arguments.paths.iter().any(|path| path.as_os_str() == "-") {
            scan_stdin(&context, &collector);
        }
        if arguments.files == cli::Files::All {
            scan_files(&context, &collector, &files);
        }
        pool.install(|| history::scan_histories(&context, arguments, config.confidence, config.max_file_size))
    };
    let histories = progress.during(|| sample(&collector), read);
    let mut collector = collector.into_inner().unwrap_or_else(PoisonError::into_inner);
    collector.merge(histories);
    let report = finish(collector, &config);
    outputs.write(&report, &files.base)?;
    progress.ended(report.coverage, outputs.elapsed());
    Ok(report.verdict(config.fail_on).exit_code())
}

/// How far the scan is.
fn sample(collector: &Mutex<Collector>) -> Sample {
    let collector = collector.lock().unwrap_or_else(PoisonError::into_inner);
    Sample { coverage: collector.coverage(), secrets: collector.secrets() }
}

/// The report; a run that read nothing is a problem, not a success.
fn finish(mut collector: Collector, config: &Config) -> Report {
    if collector.coverage().files == 0 && collector.coverage().objects == 0 {
        let detail = "there is no file to scan here; name a path that holds one, or use --no-ignore if git ignores them all";
        collector.add_problem(Problem { subject: ".".into(), reason: Reason::Nothing, detail: detail.into() });
    }
    collector.finish(&config.rules, config.confidence)
}

/// Scans what stands on standard input.
fn scan_stdin(context: &Context<'_>, collector: &Mutex<Collector>) {
    let mut stdin = std::io::stdin().lock();
    visit(context, collector, Event::Blob(Blob { path: "-", origin: Origin::Stdin, content: Content::Stream(&mut stdin) }));
}

/// Scans all files below the paths.
fn scan_files(context: &Context<'_>, collector: &Mutex<Collector>, files: &Files) {
    files.visit(&|event| visit(context, collector, event));
}

/// Scans one blob, or takes note of one problem.
fn visit(context: &Context<'_>, collector: &Mutex<Collector>, event: Event<'_>) {
    let lock = || collector.lock().unwrap_or_else(PoisonError::into_inner);
    match event {
        Event::Problem(problem) => lock().add_problem(problem),
        Event::Blob(blob) => {
            let path = blob.path.to_owned();
            match scan_blob(context, blob) {
                Ok((examined, bytes)) => {
                    let mut collector = lock();
                    collector.count_file(bytes);
                    collector.add(examined);
                }
                Err(error) => lock().add_problem(Problem::from_io(path, &error)),
            }
        }
    }
}

/// What the paths select. A path that does not exist is a problem, and the rest is scanned all the same.
fn files(arguments: &cli::Scan, config: &Config, collector: &Mutex<Collector>) -> Result<Files, Error> {
    let mut roots = Vec::new();
    for path in arguments.paths.iter().filter(|path| path.as_os_str() != "-") {
        match path.canonicalize() {
            Ok(root) => roots.push(root),
            Err(error) => {
                let problem = Problem::from_io(path.display().to_string(), &error);
                collector.lock().unwrap_or_else(PoisonError::into_inner).add_problem(problem);
            }
        }
    }
    let base = base_of(&roots, config)?;
    let threads = threads(arguments);
    let ignored = if arguments.no_ignore { Ignored::Read } else { Ignored::Skipped };
    Ok(Files { roots, base, ignored, limit: config.max_file_size, threads })
}

/// How many threads to use.
fn threads(arguments: &cli::Scan) -> usize {
    arguments.threads.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from)
}

/// What paths in the report are relative to: the repository that holds all roots, else the folder of the configuration when
/// it does, else their common folder.
fn base_of(roots: &[PathBuf], config: &Config) -> Result<PathBuf, Error> {
    let Some(first) = roots.first() else { return std::env::current_dir().map_err(Error::new) };
    let folder = if first.is_dir() { first } else { first.parent().unwrap_or(first) };
    let holds_all = |folder: &&std::path::Path| roots.iter().all(|root| root.starts_with(folder));
    let common = folder.ancestors().find(holds_all).unwrap_or(folder);
    let repository = common.ancestors().find(|folder| folder.join(".git").exists());
    let configured = config.folder().filter(|folder| holds_all(&folder.as_path()));
    Ok(repository.map(std::path::Path::to_path_buf).or(configured).unwrap_or_else(|| common.to_path_buf()))
}
