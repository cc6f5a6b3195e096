//! `keyward completions` and `keyward man`: what the command line is, for shells, for `man`, and for `docs/cli.md`.

use crate::cli::Cli;
use crate::error::Error;
use clap::{Arg, Command, CommandFactory as _};
use std::fmt::Write as _;
use std::io::Write as _;

/// Prints the completions of `shell`.
///
/// # Errors
/// When standard output cannot be written.
pub fn completions(shell: clap_complete::Shell) -> Result<u8, Error> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "keyward", &mut script);
    print(&script)
}

/// Prints the manual page, all subcommands in one.
///
/// # Errors
/// When standard output cannot be written.
pub fn manual() -> Result<u8, Error> {
    let mut page = Vec::new();
    let mut root = Cli::command().disable_help_subcommand(true);
    root.build();
    let cannot = |error| Error::new(format!("cannot make the manual page: {error}"));
    clap_mangen::Man::new(root.clone()).render(&mut page).map_err(cannot)?;
    for (name, command) in commands(&root, "keyward") {
        let man = clap_mangen::Man::new(command.clone());
        writeln!(page, ".SH {}", name.to_uppercase().replace('-', "\\-")).map_err(cannot)?;
        man.render_synopsis_section(&mut page).map_err(cannot)?;
        man.render_description_section(&mut page).map_err(cannot)?;
        man.render_options_section(&mut page).map_err(cannot)?;
    }
    print(&page)
}

/// The command line in Markdown: what `docs/cli.md` holds.
pub fn markdown() -> String {
    let mut root = Cli::command().disable_help_subcommand(true);
    root.build();
    let mut page = String::from("# Command line\n\nWritten from the program's own definition of its flags.\n");
    for (name, command) in std::iter::once(("keyward".to_owned(), &root)).chain(commands(&root, "keyward")) {
        section(&mut page, &name, command);
    }
    page
}

/// All commands below `command`, with the words that call them.
fn commands<'a>(command: &'a Command, words: &str) -> Vec<(String, &'a Command)> {
    let mut all = Vec::new();
    for below in command.get_subcommands() {
        let words = format!("{words} {}", below.get_name());
        all.push((words.clone(), below));
        all.extend(commands(below, &words));
    }
    all
}

/// Appends what Markdown says of one command.
fn section(page: &mut String, name: &str, command: &Command) {
    let about = command.get_long_about().or(command.get_about()).map(ToString::to_string).unwrap_or_default();
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").trim();
    let mut text = format!("\n## `{name}`\n\n{about}\n\n```text\n{usage}\n```\n");
    let visible = |arg: &&Arg| !arg.is_hide_set() && arg.get_id() != "help" && arg.get_id() != "version";
    let rows: Vec<&Arg> = command.get_arguments().filter(visible).collect();
    if !rows.is_empty() {
        text.push_str("\n| argument | what it does |\n|---|---|\n");
    }
    // Writing to a string cannot fail.
    for arg in rows {
        let _ = writeln!(text, "| {} | {} |", form(arg), meaning(arg));
    }
    if let Some(after) = command.get_after_help() {
        let _ = writeln!(text, "\n{after}");
    }
    page.push_str(&text);
}

/// How an argument is typed.
fn form(arg: &Arg) -> String {
    let value = arg.get_value_names().and_then(|names| names.first()).map(ToString::to_string).unwrap_or_default();
    let takes_value = arg.get_action().takes_values();
    match (arg.get_long(), arg.get_short()) {
        (Some(long), short) => {
            let short = short.map_or_else(String::new, |short| format!(", `-{short}`"));
            if takes_value { format!("`--{long} {value}`{short}") } else { format!("`--{long}`{short}") }
        }
        _ => format!("`{value}`"),
    }
}

/// What an argument does, what it may be and what it is by default, in one cell of a table.
fn meaning(arg: &Arg) -> String {
    let mut text = arg.get_help().map(ToString::to_string).unwrap_or_default().replace('\n', " ").replace('|', "\\|");
    if arg.get_action().takes_values() {
        let values = arg.get_possible_values();
        let values: Vec<String> =
            values.iter().filter(|value| !value.is_hide_set()).map(|value| format!("`{}`", value.get_name())).collect();
        if !values.is_empty() {
            text.push_str(&format!(": {}", values.join(", ")));
        }
    }
    let defaults: Vec<String> = arg.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect();
    if arg.get_action().takes_values() && !defaults.is_empty() {
        text.push_str(&format!(" (default `{}`)", defaults.join(" ")));
    }
    text
}

fn print(bytes: &[u8]) -> Result<u8, Error> {
    std::io::stdout().lock().write_all(bytes).map_err(|error| Error::new(format!("cannot write to standard output: {error}")))?;
    Ok(0)
}
