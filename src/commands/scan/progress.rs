//! How far the scan is, on standard error, for people who wait.

use crate::report::Coverage;
use crate::report::text::bytes;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal as _;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// How long nothing is shown: most scans are over before.
const PATIENCE: Duration = Duration::from_millis(300);
/// How often it is drawn anew.
const PACE: Duration = Duration::from_millis(100);

/// Whether to tell people how far the scan is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    Shown,
    Silent,
}

/// How far a scan is.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    pub coverage: Coverage,
    /// How many different secrets were found.
    pub secrets: usize,
}

impl Progress {
    /// Shown on a terminal, unless asked to be quiet.
    pub fn new(quiet: bool) -> Self {
        if !quiet && std::io::stderr().is_terminal() { Self::Shown } else { Self::Silent }
    }

    /// Does `work`, drawing what `sample` says ten times a second from a thread of its own: the work itself tells nothing and is
    /// not slowed down.
    pub fn during<T>(self, sample: impl Fn() -> Sample + Sync, work: impl FnOnce() -> T) -> T {
        if self == Self::Silent {
            return work();
        }
        std::thread::scope(|scope| {
            let (done, ended) = channel::<()>();
            let sample = &sample;
            scope.spawn(move || {
                let started = Instant::now();
                let mut wait = PATIENCE;
                let mut bar = None;
                // The work is over when its end of the channel is gone, whether it returned or panicked.
                while ended.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                    wait = PACE;
                    let bar = bar.get_or_insert_with(spinner);
                    bar.set_message(words(sample(), started.elapsed()));
                    bar.tick();
                }
                if let Some(bar) = bar {
                    bar.finish_and_clear();
                }
            });
            let result = work();
            drop(done);
            result
        })
    }

    /// Says how long it took, on standard error.
    pub fn ended(self, coverage: Coverage, elapsed: Duration) {
        if self == Self::Shown {
            let seconds = elapsed.as_secs_f64();
            anstream::eprintln!("{} in {seconds:.2} s ({}/s)", bytes(coverage.bytes), rate(coverage, elapsed));
        }
    }
}

fn spinner() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{spinner:.cyan} {wide_msg}") {
        bar.set_style(style);
    }
    bar
}

fn words(Sample { coverage, secrets }: Sample, elapsed: Duration) -> String {
    let found = if secrets == 1 { "1 secret".to_owned() } else { format!("{secrets} secrets") };
    format!("{} files · {} · {}/s · {found} so far", coverage.files, bytes(coverage.bytes), rate(coverage, elapsed))
}

/// Bytes in a second.
fn rate(coverage: Coverage, elapsed: Duration) -> String {
    bytes((coverage.bytes as f64 / elapsed.as_secs_f64().max(1e-3)) as u64)
}
