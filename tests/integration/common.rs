//! The runner: a command with nothing inherited, a folder to run it on, and what came of it.

use keyward::rule::{Checksum, template};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A run that takes longer than this hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// A well-formed GitHub token that no one ever issued; another for each `seed`.
pub fn token(seed: &str) -> String {
    let checksum = |text: &str| Some(Checksum::Crc32Base62.complete(text));
    template::expand("ghp_{{base62:30}}{{checksum}}", seed, &checksum).expect("the template is well-formed")
}

/// The rule that finds [`token`].
pub const TOKEN_RULE: &str = "github-personal-access-token";

/// A folder of its own, removed with everything in it at the end.
pub struct Project {
    folder: TempDir,
}

impl Project {
    /// An empty folder.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("keyward-").tempdir().expect("a temporary folder can be made");
        Self { folder }
    }

    /// An empty repository.
    pub fn git() -> Self {
        let project = Self::new();
        project.git_command(&["init", "--quiet", "--initial-branch=main"]);
        project
    }

    /// The folder, without links.
    pub fn path(&self) -> PathBuf {
        self.folder.path().canonicalize().expect("the folder exists")
    }

    /// Writes a file, with the folders it needs.
    pub fn file(&self, path: impl AsRef<Path>, content: impl AsRef<[u8]>) -> &Self {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a file stands in a folder")).expect("folders can be made");
        fs::write(path, content).expect("the file can be written");
        self
    }

    /// Makes an empty folder.
    pub fn folder(&self, path: impl AsRef<Path>) -> &Self {
        fs::create_dir_all(self.folder.path().join(path)).expect("folders can be made");
        self
    }

    /// Tracks what git does not ignore, and `forced` all the same; commits.
    pub fn commit(&self, forced: &[&str]) -> &Self {
        self.git_command(&["add", "--all"]);
        for path in forced {
            self.git_command(&["add", "--force", path]);
        }
        self.git_command(&["commit", "--quiet", "--allow-empty", "--message", "A commit"]);
        self
    }

    /// Runs git here, with no configuration but its own.
    pub fn git_command(&self, arguments: &[&str]) -> &Self {
        let identity = ["-c", "user.name=Test", "-c", "user.email=test@example.invalid", "-c", "commit.gpgsign=false"];
        let mut command = Command::new("git");
        scrub(&mut command);
        let output = command.args(identity).args(arguments).current_dir(self.folder.path()).output().expect("git is installed");
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        self
    }

    /// `keyward scan .` in this folder, to be extended.
    pub fn scan(&self) -> Run {
        Run::new(["scan"]).dir(self.path())
    }

    /// `keyward` with these arguments in this folder.
    pub fn run<const N: usize>(&self, arguments: [&str; N]) -> Run {
        Run::new(arguments).dir(self.path())
    }
}

/// One run to come.
#[must_use]
pub struct Run {
    program: PathBuf,
    before: Vec<OsString>,
    arguments: Vec<OsString>,
    dir: Option<PathBuf>,
    variables: Vec<(OsString, OsString)>,
    input: Input,
}

/// What stands on standard input.
enum Input {
    /// These bytes, then the end.
    Bytes(Vec<u8>),
    /// Nothing is connected.
    Closed,
}

impl Run {
    /// `keyward` with these arguments.
    pub fn new<const N: usize>(arguments: [&str; N]) -> Self {
        Self {
            program: PathBuf::from(env!("CARGO_BIN_EXE_keyward")),
            before: Vec::new(),
            arguments: arguments.iter().map(OsString::from).collect(),
            dir: None,
            variables: Vec::new(),
            input: Input::Closed,
        }
    }

    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    pub fn args<const N: usize>(mut self, arguments: [&str; N]) -> Self {
        self.arguments.extend(arguments.iter().map(OsString::from));
        self
    }

    pub fn dir(mut self, dir: impl AsRef<Path>) -> Self {
        self.dir = Some(dir.as_ref().to_path_buf());
        self
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    pub fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = Input::Bytes(bytes.into());
        self
    }

    /// Runs `program` in place of the one under test, called by `before`: to drop privileges.
    pub fn through(mut self, before: &[&str], program: PathBuf) -> Self {
        self.before = before.iter().map(OsString::from).collect();
        self.program = program;
        self
    }

    fn command(&self) -> Command {
        let mut words = self.before.iter().cloned().chain([self.program.clone().into_os_string()]);
        let mut command = Command::new(words.next().expect("there is a program"));
        scrub(&mut command);
        command.args(words).args(&self.arguments).envs(self.variables.iter().cloned());
        if let Some(dir) = &self.dir {
            command.current_dir(dir);
        }
        command
    }

    /// Starts it with all streams in the hands of the caller.
    pub fn start(self) -> Child {
        let mut command = self.command();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("the program starts")
    }

    /// Runs it to its end and expects this exit code.
    #[track_caller]
    pub fn code(self, expected: i32) -> Outcome {
        let outcome = self.outcome();
        assert_eq!(outcome.code, Some(expected), "\n--- stdout\n{}\n--- stderr\n{}", outcome.stdout, outcome.stderr);
        outcome
    }

    /// Runs it to its end. Whatever happens, it must not panic.
    #[track_caller]
    pub fn outcome(self) -> Outcome {
        let mut command = self.command();
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let input = match self.input {
            Input::Bytes(bytes) => Some(bytes),
            Input::Closed => None,
        };
        command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
        let mut child = command.spawn().expect("the program starts");
        let writer = child.stdin.take().map(|mut pipe| {
            // The program may end before it has read everything.
            thread::spawn(move || drop(pipe.write_all(&input.unwrap_or_default())))
        });
        let stdout = reader(child.stdout.take());
        let stderr = reader(child.stderr.take());
        let code = wait(&mut child);
        writer.map(thread::JoinHandle::join);
        let outcome = Outcome { code, stdout: stdout.join().expect("it was read"), stderr: stderr.join().expect("it was read") };
        assert!(!outcome.stderr.contains("panicked at"), "{}", outcome.stderr);
        outcome
    }
}

/// What came of a run.
#[derive(Debug)]
pub struct Outcome {
    /// None when a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Outcome {
    /// Expects `text` in the report.
    #[track_caller]
    pub fn has(self, text: &str) -> Self {
        assert!(self.stdout.contains(text), "no {text:?} in\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }

    /// Expects that `text` is not in the report.
    #[track_caller]
    pub fn lacks(self, text: &str) -> Self {
        assert!(!self.stdout.contains(text), "{text:?} in\n{}", self.stdout);
        self
    }

    /// Expects `text` in what was said on standard error.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "no {text:?} in\n{}\n--- stdout\n{}", self.stderr, self.stdout);
        self
    }

    /// Expects a finding at `place`, which is `path:line:column`.
    #[track_caller]
    pub fn finds_at(self, place: &str) -> Self {
        let at_end = |line: &str| line.split_whitespace().any(|word| word == place);
        assert!(self.stdout.lines().any(at_end), "nothing found at {place}\n{}", self.stdout);
        self
    }
}

/// Waits for the end, and ends it when it hangs.
#[track_caller]
pub fn wait(child: &mut Child) -> Option<i32> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("its end can be awaited") {
            return status.code();
        }
        if start.elapsed() > PATIENCE {
            child.kill().expect("it can be ended");
            panic!("it still ran after {PATIENCE:?}");
        }
        thread::sleep(Duration::from_millis(2));
    }
}

fn reader(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What was written before a failure is what there is.
            let _ = pipe.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Nothing of the environment but what finds programs and folders.
fn scrub(command: &mut Command) {
    let kept = ["PATH", "SystemRoot", "TEMP", "TMP", "TMPDIR"];
    let kept: Vec<_> = kept.iter().filter_map(|name| std::env::var_os(name).map(|value| (*name, value))).collect();
    command.env_clear().envs(kept);
    command.env("HOME", std::env::temp_dir().join("keyward-no-home")).env("GIT_CONFIG_NOSYSTEM", "1").env("LC_ALL", "C");
}
