//! One file for each verb; each reads as a story.

pub mod cache;
pub mod config;
pub mod explain;
pub mod reference;
pub mod rules;
pub mod scan;
