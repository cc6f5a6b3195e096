//! Scanning what deltas change finds exactly what scanning every version in full finds, whatever a repository looks like.
//!
//! Repositories are made from a random script: edits, copies, moves and cuts within and between files, secrets of every reach put
//! in, torn apart and put together again, packed with windows and depths that git never uses by itself.

use super::common::token;
use keyward::location::Origin;
use keyward::report::Report;
use keyward::rule::{Checksum, Confidence, RuleSet, template};
use keyward::scan::Scanner;
use keyward::scan::allow::Allow;
use keyward::scan::blob::scan_blob;
use keyward::scan::directive::Markers;
use keyward::scan::examine::Context;
use keyward::scan::history::hunt::Thoroughness;
use keyward::scan::history::{LARGEST, Selection, Settings, scan};
use keyward::secret::FingerprintKey;
use keyward::source::history::Repository;
use keyward::source::{Blob, Content};
use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

/// How many repositories are made, and how many commits each has.
const REPOSITORIES: u64 = 12;
const COMMITS: u64 = 32;

#[test]
fn changes_alone_find_what_everything_finds() {
    let rules = RuleSet::built_in();
    let scanner = Scanner::new(rules.clone(), keyward::commands::scan::CUT).expect("the built-in rules are sound");
    let key = FingerprintKey::default();
    let allow = Allow::default();
    let context = Context { scanner: &scanner, allow: &allow, markers: Markers::All, key: &key };
    let mut found = 0;
    for seed in 0..REPOSITORIES {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        Script::new(seed).build(folder.path());
        let changes = report(&context, &rules, folder.path(), Thoroughness::Changes);
        let everything = report(&context, &rules, folder.path(), Thoroughness::Everything);
        assert_eq!(format!("{:#?}", changes.problems), "[]", "repository {seed}");
        assert_eq!(format!("{changes:#?}"), format!("{everything:#?}"), "repository {seed}");
        let prints: BTreeSet<String> = changes.findings.iter().map(|finding| finding.fingerprint.to_string()).collect();
        let expected = by_hand(&context, folder.path());
        assert!(prints.is_subset(&expected), "repository {seed}: found what no object holds");
        let planted: BTreeSet<String> = (0..TOKENS)
            .map(|n| context.key.fingerprint(&keyward::secret::Secret::new(token(&n.to_string()).as_bytes())).to_string())
            .collect();
        let (here, there): (BTreeSet<_>, BTreeSet<_>) =
            (prints.intersection(&planted).collect(), expected.intersection(&planted).collect());
        assert_eq!(here, there, "repository {seed}: not every token was found");
        found += prints.len();
    }
    assert!(found > REPOSITORIES as usize, "the scripts plant secrets, {found} were found");
}

/// The report of a history.
fn report(context: &Context<'_>, rules: &RuleSet, folder: &Path, thoroughness: Thoroughness) -> Report {
    let repository = Repository::at(folder).expect("it is a repository");
    let settings = Settings {
        selection: Selection::default(),
        thoroughness,
        least: Confidence::Low,
        now: 2_000_000_000,
        limit: LARGEST,
        cache: None,
    };
    scan(context, &repository, &settings).finish(rules, Confidence::Low)
}

/// The fingerprints of all that git's own tool prints, object by object.
fn by_hand(context: &Context<'_>, folder: &Path) -> BTreeSet<String> {
    let printed = git(folder, &["cat-file", "--batch-all-objects", "--batch"], b"");
    let mut prints = BTreeSet::new();
    let mut rest = &printed[..];
    while !rest.is_empty() {
        let end = rest.iter().position(|&byte| byte == b'\n').expect("a head ends with a line");
        let head = String::from_utf8_lossy(&rest[..end]).into_owned();
        let words: Vec<&str> = head.split(' ').collect();
        let size: usize = words[2].parse().expect("the third word is the size");
        let content = &rest[end + 1..end + 1 + size];
        rest = &rest[end + 1 + size + 1..];
        if words[1] == "tree" {
            continue;
        }
        let blob = Blob { path: "x", origin: Origin::File, content: Content::Whole(content) };
        let (examined, _) = scan_blob(context, blob).expect("bytes at hand can be read");
        prints.extend(examined.sightings.iter().map(|sighting| sighting.fingerprint.to_string()));
    }
    prints
}

/// Runs git in `folder`; returns what it printed.
fn git(folder: &Path, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut command = Command::new("git");
    command.args(arguments).current_dir(folder).env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("git is installed");
    let mut pipe = child.stdin.take().expect("it was asked for");
    let input = input.to_vec();
    let writer = thread::spawn(move || pipe.write_all(&input));
    let output = child.wait_with_output().expect("git ends");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    writer.join().expect("the writer ends").expect("git reads all");
    output.stdout
}

/// How many different tokens there are.
const TOKENS: u64 = 6;
/// The files of a repository.
const PATHS: [&str; 5] = ["app.py", "deep/in/folders/settings.json", "notes.md", "deep/key.pem", "deep/in/list.csv"];

/// A random history.
struct Script {
    random: u64,
    files: Vec<Vec<u8>>,
    stream: Vec<u8>,
    /// The mark of the last commit on the main branch.
    main: u64,
    seed: u64,
}

impl Script {
    fn new(seed: u64) -> Self {
        let mut script =
            Self { random: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1, files: Vec::new(), stream: Vec::new(), main: 0, seed };
        for _ in PATHS {
            let lines = 1 + script.below(400);
            let file = (0..lines).flat_map(|_| script.line()).collect();
            script.files.push(file);
        }
        script
    }

    /// A number below `bound`.
    fn below(&mut self, bound: u64) -> u64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % bound
    }

    /// Writes the history into a new repository at `folder`, and packs it in some odd way.
    fn build(mut self, folder: &Path) {
        git(folder, &["init", "--quiet", "--initial-branch=main"], b"");
        for commit in 0..COMMITS {
            for _ in 0..1 + self.below(3) {
                self.edit();
            }
            self.add_commit(commit);
        }
        let stream = std::mem::take(&mut self.stream);
        let limit = if self.below(3) == 0 { "100000" } else { "1" };
        git(folder, &["-c", &format!("fastimport.unpackLimit={limit}"), "fast-import", "--quiet", "--force"], &stream);
        self.pack(folder);
    }

    fn add_commit(&mut self, commit: u64) {
        let message = if self.below(12) == 0 {
            format!("Rotate {}", token(&self.below(TOKENS).to_string()))
        } else {
            format!("Change {commit}")
        };
        let branch = if commit > 3 && self.below(4) == 0 { "side" } else { "main" };
        let time = 1_600_000_000 + commit * 1000;
        let mark = commit + 1;
        let mut part = format!(
            "commit refs/heads/{branch}\nmark :{mark}\ncommitter T <t@example.invalid> {time} +0000\ndata {}\n{message}\n",
            message.len()
        );
        if branch == "side" && self.below(2) == 0 {
            part.push_str(&format!("merge :{}\n", self.main));
        }
        if branch == "main" {
            self.main = mark;
        }
        self.stream.extend(part.bytes());
        for (path, file) in PATHS.iter().zip(&self.files) {
            self.stream.extend(format!("M 100644 inline {path}\ndata {}\n", file.len()).bytes());
            self.stream.extend(file);
            self.stream.push(b'\n');
        }
    }

    /// Some line of text.
    fn line(&mut self) -> Vec<u8> {
        const WORDS: [&str; 14] =
            ["let", "value", "=", "call", "(", ")", "password", "key", ";", "return", "http://host/", "0x1f", "ghp_", "token:"];
        let count = self.below(12);
        let words: Vec<&str> = (0..count).map(|_| WORDS[self.below(WORDS.len() as u64) as usize]).collect();
        format!("{}{}\n", " ".repeat(self.below(5) as usize), words.join(" ")).into_bytes()
    }

    /// Something secret, short or long.
    fn secret(&mut self) -> Vec<u8> {
        let number = self.below(TOKENS).to_string();
        let filled =
            |text: &str| template::expand(text, &number, &|text| Some(Checksum::Crc32Base62.complete(text))).expect("sound");
        let text = match self.below(6) {
            0 => filled("password = \"{{base62:18}}\"\n"),
            1 => filled("{{pem:RSA PRIVATE KEY}}\n"),
            2 => filled("\"auth\": \"{{jwt}}\",\n"),
            3 => filled("{{pem:PRIVATE KEY}}"),
            4 => format!("{}\n", token(&number)),
            _ => token(&number),
        };
        text.into_bytes()
    }

    /// Changes one file a little.
    fn edit(&mut self) {
        let which = self.below(self.files.len() as u64) as usize;
        let length = self.files[which].len() as u64;
        let at = self.below(length + 1) as usize;
        let span = self.below(900).min(length - at as u64) as usize;
        match self.below(12) {
            0 | 1 => {
                let line = self.line();
                insert(&mut self.files[which], at, &line);
            }
            2 | 3 => {
                let secret = self.secret();
                insert(&mut self.files[which], at, &secret);
            }
            4 => drop(self.files[which].drain(at..at + span)),
            5 => {
                let part = self.files[which][at..at + span].to_vec();
                let to = self.below(length + 1) as usize;
                insert(&mut self.files[which], to, &part);
            }
            6 => {
                let part: Vec<u8> = self.files[which].drain(at..at + span).collect();
                let to = self.below(self.files[which].len() as u64 + 1) as usize;
                insert(&mut self.files[which], to, &part);
            }
            7 => {
                let part = self.files[which][at..at + span].to_vec();
                let other = self.below(self.files.len() as u64) as usize;
                let to = self.below(self.files[other].len() as u64 + 1) as usize;
                insert(&mut self.files[other], to, &part);
            }
            8 => self.tear(which),
            9 if length > 0 => self.files[which][at.min(length as usize - 1)] = b"aZ9_\n \"=\0"[self.below(9) as usize],
            10 => {
                let other = self.below(self.files.len() as u64) as usize;
                self.files[which] = self.files[other].clone();
            }
            _ => self.encode(which),
        }
        self.files[which].truncate(40_000);
    }

    /// Puts half of a secret here and the other half somewhere else, or both together with something between.
    fn tear(&mut self, which: usize) {
        let secret = self.secret();
        let (head, tail) = secret.split_at(self.below(secret.len() as u64) as usize);
        let at = self.below(self.files[which].len() as u64 + 1) as usize;
        insert(&mut self.files[which], at, tail);
        if self.below(2) == 0 {
            let blank = self.line();
            insert(&mut self.files[which], at, &blank);
        }
        insert(&mut self.files[which], at, head);
    }

    /// Stores a file in another encoding, or with a mark; now and then back to plain.
    fn encode(&mut self, which: usize) {
        let file = &self.files[which];
        if let Some(plain) = file.strip_prefix(b"\xEF\xBB\xBF") {
            self.files[which] = plain.to_vec();
        } else if self.seed % 3 == 0 {
            let marked = [b"\xEF\xBB\xBF", &file[..]].concat();
            self.files[which] = marked;
        } else if self.seed % 3 == 1 && !file.contains(&0) {
            self.files[which] = file.iter().flat_map(|&byte| [byte, 0]).collect();
        } else if file.contains(&0) {
            self.files[which] = file.iter().copied().filter(|&byte| byte != 0).collect();
        }
    }

    /// Packs the repository, or leaves parts of it unpacked.
    fn pack(&mut self, folder: &Path) {
        let window = format!("--window={}", [0, 1, 2, 10, 100][self.below(5) as usize]);
        let depth = format!("--depth={}", [1, 2, 7, 50, 400][self.below(5) as usize]);
        let offsets = format!("repack.useDeltaBaseOffset={}", self.below(2) == 0);
        if self.below(4) == 0 {
            // What only the dropped branch held hangs loose from now on.
            git(folder, &["update-ref", "-d", "refs/heads/side"], b"");
        }
        match self.below(4) {
            0 => {}
            1 => drop(git(folder, &["-c", &offsets, "repack", "-adf", "--quiet", &window, &depth], b"")),
            2 => drop(git(folder, &["-c", &offsets, "repack", "-AdF", "--quiet", &window, &depth], b"")),
            _ => {
                git(folder, &["-c", &offsets, "repack", "-kadf", "--quiet", &window, &depth], b"");
                git(folder, &["multi-pack-index", "write"], b"");
            }
        }
    }
}

fn insert(file: &mut Vec<u8>, at: usize, part: &[u8]) {
    file.splice(at..at, part.iter().copied());
}
