//! Where reports go: standard output, and files that appear whole or not at all.

use crate::cli;
use crate::error::Error;
use crate::report::text::{Links, Look, Paint};
use crate::report::{Format, Options, Period, Report, Secrets};
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The reports that were asked for, checked as far as can be before the scan: a mistake is told at once and not after an hour.
pub struct Outputs {
    /// The format on standard output.
    format: Format,
    files: Vec<(PathBuf, Format)>,
    secrets: Secrets,
    color: cli::Color,
    started: SystemTime,
}

impl Outputs {
    /// The reports that `arguments` ask for, of a scan that starts now.
    ///
    /// # Errors
    /// When a file has an extension that no format has, or would stand in a folder that is none.
    pub fn new(arguments: &cli::Scan) -> Result<Self, Error> {
        let files = arguments.output.iter().map(|path| Ok((path.clone(), format_of(path)?))).collect::<Result<_, Error>>()?;
        let secrets = if arguments.show_secrets { Secrets::Shown } else { Secrets::Masked };
        Ok(Self { format: arguments.format.into(), files, secrets, color: arguments.color, started: SystemTime::now() })
    }

    /// How long ago the scan started.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed().unwrap_or_default()
    }

    /// Writes `report` to all of them. Paths in it are relative to `base`.
    ///
    /// # Errors
    /// When a file cannot be written; the report then still stands on standard output and in the other files.
    pub fn write(&self, report: &Report, base: &Path) -> Result<(), Error> {
        let options = Options { secrets: self.secrets, period: self.period(), look: Look::default() };
        let written = self.files.iter().map(|(path, format)| write_file(report, *format, &options, path));
        // All are tried before the first failure counts.
        let written: Vec<Result<(), Error>> = written.collect();
        self.write_stdout(report, options, base)?;
        written.into_iter().collect()
    }

    fn write_stdout(&self, report: &Report, mut options: Options, base: &Path) -> Result<(), Error> {
        let stdout = io::stdout();
        let choice = if self.format == Format::Text { color_choice(self.color, &stdout) } else { anstream::ColorChoice::Never };
        options.look = look(choice, &stdout, base);
        // Plain text goes out as it is; where it is coloured, old consoles are switched to understand it.
        let mut out: Box<dyn Write> = match choice {
            anstream::ColorChoice::Never => Box::new(BufWriter::new(stdout.lock())),
            _ => Box::new(BufWriter::new(anstream::AutoStream::new(stdout.lock(), choice))),
        };
        match report.write(self.format, &options, &mut out).and_then(|()| out.flush()) {
            // Whoever read it has read enough; what was found stays the same.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => written.map_err(|error| Error::new(format!("cannot write the report to standard output: {error}"))),
        }
    }

    /// When the scan ran; `SOURCE_DATE_EPOCH` (seconds since 1970) stands for both ends where builds must be repeatable.
    fn period(&self) -> Period {
        let fixed = std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|text| text.parse().ok());
        // Four digits of a year are all that reports can write.
        let fixed = fixed
            .filter(|&seconds: &u64| seconds < 253_402_300_800)
            .map(|seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        Period { started: fixed.unwrap_or(self.started), ended: fixed.unwrap_or_else(SystemTime::now) }
    }
}

/// The format that `path` asks for, if it can be written at all.
fn format_of(path: &Path) -> Result<Format, Error> {
    let shown = path.display();
    let format = Format::of_file(path).ok_or_else(|| {
        Error::new(format!("--output {shown}: no format has this extension"))
            .hint("name it .json, .jsonl, .sarif, .csv, .xml (JUnit), .txt, or gl-secret-detection-report.json (GitLab)")
    })?;
    let folder = folder_of(path);
    if path.is_dir() {
        return Err(Error::new(format!("--output {shown}: this is a folder")).hint("name a file in it"));
    }
    if !folder.is_dir() {
        let hint = format!("create it first: mkdir -p {}", folder.display());
        return Err(Error::new(format!("--output {shown}: there is no folder {}", folder.display())).hint(hint));
    }
    Ok(format)
}

/// The folder that `path` stands in.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes the report to `path`: beside it first, then in its place, so that nobody reads half of it.
fn write_file(report: &Report, format: Format, options: &Options, path: &Path) -> Result<(), Error> {
    let failed = |error: io::Error| {
        Error::new(format!("cannot write the report to {}: {error}", path.display()))
            .hint("the report was printed on standard output; choose a place that can be written to")
    };
    // A link stays a link, and a device or a pipe is not replaced by a file.
    let target = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    if target.exists() && !target.is_file() {
        let mut out = BufWriter::new(File::options().write(true).open(&target).map_err(failed)?);
        return report.write(format, options, &mut out).and_then(|()| out.flush()).map_err(failed);
    }
    let mut beside = new_file(folder_of(&target), options.secrets).map_err(failed)?;
    let mut out = BufWriter::new(beside.as_file_mut());
    report.write(format, options, &mut out).and_then(|()| out.flush()).map_err(failed)?;
    drop(out);
    beside.persist(&target).map(drop).map_err(|error| failed(error.error))
}

/// A file in `folder` that vanishes unless it is given a name. One that holds secrets is its owner's alone.
fn new_file(folder: &Path, secrets: Secrets) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".keyward-");
    #[cfg(unix)]
    if secrets == Secrets::Masked {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    #[cfg(not(unix))]
    let _ = secrets;
    builder.tempfile_in(folder)
}

/// Whether to colour: as asked for, or as the terminal and the environment (`NO_COLOR`, `CLICOLOR_FORCE`) say.
fn color_choice(color: cli::Color, stdout: &io::Stdout) -> anstream::ColorChoice {
    match color {
        cli::Color::Always => anstream::ColorChoice::Always,
        cli::Color::Never => anstream::ColorChoice::Never,
        cli::Color::Auto => anstream::AutoStream::choice(stdout),
    }
}

/// What standard output can show.
fn look(choice: anstream::ColorChoice, stdout: &io::Stdout, base: &Path) -> Look {
    let paint = if choice == anstream::ColorChoice::Never { Paint::Plain } else { Paint::Colored };
    let linkable = paint == Paint::Colored && stdout.is_terminal() && supports_hyperlinks::supports_hyperlinks();
    let links = if linkable { Links::Below(base.to_path_buf()) } else { Links::None };
    let terminal = stdout.is_terminal().then(|| terminal_size::terminal_size_of(stdout)).flatten();
    let width = terminal.map_or(Look::default().width, |(terminal_size::Width(columns), _)| usize::from(columns));
    Look { paint, links, width }
}
