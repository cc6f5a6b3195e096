//! `keyward config`: what is in effect.

use crate::cli;
use crate::error::Error;

/// Runs `keyward config`.
///
/// # Errors
/// When the configuration cannot be used.
pub fn run(arguments: &cli::Config) -> Result<u8, Error> {
    let cli::Config::Show { config } = arguments;
    let start = std::env::current_dir().map_err(Error::new)?;
    crate::config::Config::load(config.as_deref(), &start, &[])?;
    Ok(0)
}
