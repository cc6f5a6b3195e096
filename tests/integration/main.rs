//! The program as people and machines run it: real processes, real folders, real repositories.
//!
//! One binary, one module for each matter. [`common`] holds the runner.
#![allow(clippy::print_stderr)] // A test that cannot show something here says so.

mod architecture;
mod common;
mod config;
mod documents;
mod exit_codes;
mod history;
mod history_equality;
mod hostile;
mod parsers;
mod positions;
mod properties;
mod remarks;
mod reports;
mod rules;
mod walk;
