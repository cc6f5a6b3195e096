//! What a credential looks like: rules as data, their file format, and the proofs that formats carry.

pub mod checksum;
pub mod file;
pub mod set;
pub mod template;

pub use file::{Checksum, Companion, Confidence, Provider, Reach, Role, Rule, Severity, Shape};
pub use set::RuleSet;
