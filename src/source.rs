//! What to read: blobs of bytes with a path and an origin, from files, standard input and git.

pub mod files;
pub mod history;

use crate::location::Origin;

/// Some bytes to scan, and where they came from.
pub struct Blob<'a> {
    /// The path as reports name it, separated by `/`.
    pub path: &'a str,
    pub origin: Origin,
    pub content: Content<'a>,
}

/// The bytes of a blob.
pub enum Content<'a> {
    /// All of them.
    Whole(&'a [u8]),
    /// Too many to hold: to be read piece by piece.
    Stream(&'a mut dyn std::io::Read),
}
