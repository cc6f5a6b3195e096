//! `keyward cache`: what is remembered of histories between runs.

use crate::cli;
use crate::error::Error;
use crate::source::history::cache;
use std::io::Write as _;

/// Runs `keyward cache`.
///
/// # Errors
/// When the folder cannot be read, or a file in it not removed.
pub fn run(arguments: &cli::Cache) -> Result<u8, Error> {
    let mut out = std::io::stdout().lock();
    let Some(folder) = cache::folder() else {
        return writeln!(out, "there is no folder for a cache; set KEYWARD_CACHE_DIR to have one")
            .map(|()| 0)
            .map_err(Error::new);
    };
    let files = cache::files(&folder).map_err(Error::new)?;
    let bytes: u64 = files.iter().map(|(_, size)| size).sum();
    let (count, place) = (files.len(), folder.display());
    let line = match arguments {
        cli::Cache::Show => format!("{place}: {count} repositories, {bytes} bytes"),
        cli::Cache::Clear => {
            files.iter().try_for_each(|(path, _)| std::fs::remove_file(path)).map_err(Error::new)?;
            format!("{place}: {count} repositories forgotten, {bytes} bytes freed")
        }
    };
    writeln!(out, "{line}").map(|()| 0).map_err(Error::new)
}
