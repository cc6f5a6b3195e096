//! Keyward finds committed keys and secrets and says what to do about them.
//!
//! The layers, lowest first; each imports only from those before it:
//!
//! | module | what it holds |
//! |---|---|
//! | [`secret`], [`location`], [`problem`] | key material and its printable traces; places; what could not be examined |
//! | [`rule`] | what credentials look like, as data |
//! | [`source`] | what to read: files, standard input |
//! | [`report`] | what a run found out, and its formats |
//! | [`scan`] | texts against rules |
//! | [`error`], [`cli`], [`config`] | what was typed, what was meant |
//! | [`commands`] | one story for each verb |

pub mod cli;
pub mod commands;
pub mod config;
pub mod error;
pub mod location;
pub mod problem;
pub mod report;
pub mod rule;
pub mod scan;
pub mod secret;
pub mod source;

use cli::{Cli, Command};
use error::Error;

/// Does what `cli` says. The number is the exit code.
///
/// # Errors
/// When the work could not start: bad flags, an unreadable configuration, a rule that is no rule.
pub fn run(cli: Cli) -> Result<u8, Error> {
    match cli.command {
        Command::Scan(arguments) => commands::scan::run(&arguments),
        Command::Explain(arguments) => commands::explain::run(&arguments),
        Command::Rules(arguments) => commands::rules::run(&arguments),
        Command::Config(arguments) => commands::config::run(&arguments),
        Command::Cache(arguments) => commands::cache::run(&arguments),
        Command::Completions { shell } => commands::reference::completions(shell),
        Command::Man => commands::reference::manual(),
    }
}
