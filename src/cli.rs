//! What was typed. Doc comments are the help texts.

use crate::rule::{Confidence, Severity};
use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Finds committed keys and secrets, explains them, and says what to do.
#[derive(Debug, Parser)]
#[command(name = "keyward", version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Scan files for secrets
    Scan(Scan),
    /// Show why each value in a file is believed to be a secret, or is not
    Explain(Explain),
    /// List, show and check the rules
    #[command(subcommand)]
    Rules(Rules),
    /// Show the configuration in effect
    #[command(subcommand)]
    Config(Config),
    /// Show or clear what is remembered of histories between runs
    #[command(subcommand)]
    Cache(Cache),
    /// Print the completions of a shell, to be sourced or saved where it looks for them
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page in roff: `keyward man | man -l -`
    Man,
}

#[derive(Debug, Subcommand)]
pub enum Cache {
    /// Show where it is and how large
    Show,
    /// Remove all of it
    Clear,
}

/// The flags of `keyward scan`.
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 clean and complete, 1 findings, 2 could not complete or could not start.")]
pub struct Scan {
    /// Files and folders to scan; `-` is standard input
    #[arg(default_value = ".", value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// Format of the report on standard output
    #[arg(long, short, value_enum, default_value_t, help_heading = "Report")]
    pub format: Format,

    /// Write the report to a file as well, in the format of its extension (.json, .jsonl, .sarif, .csv, .xml for JUnit,
    /// .txt; gl-secret-detection-report.json for GitLab); may be repeated
    #[arg(long, short, value_name = "FILE", help_heading = "Report")]
    pub output: Vec<PathBuf>,

    /// The least severity that makes the exit code 1, low by default; `none` never does
    #[arg(long, value_enum, help_heading = "Report")]
    pub fail_on: Option<FailOn>,

    /// The least confidence that is reported, medium by default
    #[arg(long, value_enum, help_heading = "Report")]
    pub confidence: Option<Level>,

    /// Print secrets in full: whoever reads the report can use them
    #[arg(long, help_heading = "Report")]
    pub show_secrets: bool,

    /// Print nothing on standard error but errors
    #[arg(long, short, help_heading = "Report")]
    pub quiet: bool,

    /// When to use colour
    #[arg(long, value_enum, default_value_t, help_heading = "Report")]
    pub color: Color,

    /// Configuration file, instead of the keyward.toml found upwards from the path
    #[arg(long, value_name = "FILE", help_heading = "Rules")]
    pub config: Option<PathBuf>,

    /// Add the rules of a folder of *.toml files, or of one; may be repeated
    #[arg(long, value_name = "DIR", help_heading = "Rules")]
    pub rules: Vec<PathBuf>,

    /// Report findings that remarks in the text allow
    #[arg(long, help_heading = "Rules")]
    pub no_inline_ignores: bool,

    /// Scan what git ignores, too
    #[arg(long, help_heading = "Sources")]
    pub no_ignore: bool,

    /// Whether files are scanned
    #[arg(long, value_enum, default_value_t, help_heading = "Sources")]
    pub files: Files,

    /// Which part of a git history to scan: `all`, `none`, or commits as git names them (`main..HEAD`, `v1.0`, `^v1.0 HEAD`);
    /// all by default where a path is the top of a repository
    #[arg(long, value_name = "RANGE", allow_hyphen_values = true, help_heading = "Sources")]
    pub history: Option<String>,

    /// Scan only commits of this branch; may be repeated
    #[arg(long, value_name = "NAME", help_heading = "Sources")]
    pub branch: Vec<String>,

    /// Scan only commits since this date (2024-01-31, "30 days ago")
    #[arg(long, value_name = "DATE", help_heading = "Sources")]
    pub since: Option<String>,

    /// Whether to scan objects that no branch or tag leads to: dropped commits, old stashes, what was only staged; `auto`
    /// includes them unless a range, branch or date is given
    #[arg(long, value_enum, default_value_t, help_heading = "Sources")]
    pub unreachable: Unreachable,

    /// Neither use nor write what is remembered of histories between runs (see `keyward cache`)
    #[arg(long, help_heading = "Sources")]
    pub no_cache: bool,

    /// Search every version of every file in full. Slow; finds the same
    #[arg(long, hide = true)]
    pub exhaustive: bool,

    /// Leave files out that are larger, and report them as problems (1000, 64K, 10M, 2G)
    #[arg(long, value_name = "SIZE", value_parser = parse_size, help_heading = "Sources")]
    pub max_file_size: Option<u64>,

    /// Threads to use; all processors by default
    #[arg(long, short = 'j', value_name = "N", help_heading = "Sources")]
    pub threads: Option<std::num::NonZeroUsize>,
}

/// Prints every candidate with where it came from, what the judge saw, its probability and the verdict.
#[derive(Debug, Args)]
pub struct Explain {
    /// A file, or one line of it as FILE:LINE; `-` is standard input
    #[arg(value_name = "FILE[:LINE]", required = true)]
    pub targets: Vec<PathBuf>,

    /// Show the features that are zero, too
    #[arg(long)]
    pub all_features: bool,

    /// Write the candidates below the paths as JSON lines with their features, for training the judge
    #[arg(long, hide = true)]
    pub features: bool,
}

#[derive(Debug, Subcommand)]
pub enum Rules {
    /// List all rules
    List(RulesFrom),
    /// Show one rule with its examples
    Show {
        /// Id of the rule
        id: String,
        #[command(flatten)]
        from: RulesFrom,
    },
    /// Prove every rule by its own examples
    Check(RulesFrom),
}

#[derive(Debug, Args)]
pub struct RulesFrom {
    /// Configuration file, instead of the keyward.toml found upwards from here
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Add the rules of a folder of *.toml files, or of one; may be repeated
    #[arg(long, value_name = "DIR")]
    pub rules: Vec<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum Config {
    /// Print the configuration in effect, defaults included
    Show {
        /// Configuration file, instead of the keyward.toml found upwards from here
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

/// The formats of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Text,
    /// One JSON document
    Json,
    /// One JSON value a line
    Jsonl,
    /// SARIF 2.1.0
    Sarif,
    /// Comma-separated values
    Csv,
    /// JUnit XML
    Junit,
    /// GitLab secret detection report
    Gitlab,
}

/// The least severity that makes a run fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailOn {
    None,
    Info,
    Low,
    Medium,
    High,
    Critical,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Level {
    Low,
    Medium,
    High,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Files {
    /// The files below the paths
    #[default]
    All,
    /// None
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Unreachable {
    #[default]
    Auto,
    Include,
    Exclude,
}

impl From<Level> for Confidence {
    fn from(level: Level) -> Self {
        match level {
            Level::Low => Self::Low,
            Level::Medium => Self::Medium,
            Level::High => Self::High,
        }
    }
}

impl From<Format> for crate::report::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Text => Self::Text,
            Format::Json => Self::Json,
            Format::Jsonl => Self::Jsonl,
            Format::Sarif => Self::Sarif,
            Format::Csv => Self::Csv,
            Format::Junit => Self::Junit,
            Format::Gitlab => Self::Gitlab,
        }
    }
}

impl From<FailOn> for crate::report::FailOn {
    fn from(fail_on: FailOn) -> Self {
        match fail_on {
            FailOn::None => Self::Never,
            FailOn::Info => Self::Severity(Severity::Info),
            FailOn::Low => Self::Severity(Severity::Low),
            FailOn::Medium => Self::Severity(Severity::Medium),
            FailOn::High => Self::Severity(Severity::High),
            FailOn::Critical => Self::Severity(Severity::Critical),
        }
    }
}

/// Reads a number of bytes with an optional K, M or G.
///
/// # Errors
/// Says what to write instead.
pub fn parse_size(text: &str) -> Result<u64, String> {
    let (digits, factor) = match text.trim_end_matches(['B', 'b']).char_indices().next_back() {
        Some((at, 'K' | 'k')) => (&text[..at], 1 << 10),
        Some((at, 'M' | 'm')) => (&text[..at], 1 << 20),
        Some((at, 'G' | 'g')) => (&text[..at], 1 << 30),
        _ => (text.trim_end_matches(['B', 'b']), 1u64),
    };
    let number: u64 = digits.parse().map_err(|_| "write a number of bytes, such as 1000, 64K, 10M or 2G".to_owned())?;
    number.checked_mul(factor).ok_or_else(|| "that is more than a file can hold".to_owned())
}
