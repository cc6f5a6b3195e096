//! The program as people and machines run it: real processes, real folders, real repositories.
//!
//! One binary, one module for each matter. [`common`] holds the runner.

mod common;
mod reports;
