//! The `keyward` program: reads the command line, runs it, and turns the outcome into an exit code.

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    match keyward::run(keyward::cli::Cli::parse()) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let message = error.to_string();
            anstream::eprintln!("error: {}", keyward::report::printable::lines(&message));
            ExitCode::from(2)
        }
    }
}
