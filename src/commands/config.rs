//! `keyward config`: what is in effect.

use crate::cli;
use crate::config::{Config, Lookup};
use crate::error::Error;
use std::io::Write as _;

/// Runs `keyward config`.
///
/// # Errors
/// When the configuration cannot be used.
pub fn run(arguments: &cli::Config) -> Result<u8, Error> {
    let cli::Config::Show { config } = arguments;
    let config = Config::load(&Lookup { file: config.as_deref(), ..Lookup::default() })?;
    std::io::stdout().lock().write_all(config.to_toml().as_bytes()).map_err(Error::new)?;
    Ok(0)
}
