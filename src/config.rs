//! What was meant: the configuration file, the environment and the flags, validated and joined into what a run works with.
//!
//! The stronger beats the weaker: a flag, the environment, the file, the default. `docs/configuration.md` describes the file.

mod file;
mod mistake;
mod rules;
mod show;
mod text;

use crate::cli;
use crate::error::Error;
use crate::report::FailOn;
use crate::rule::{Confidence, RuleSet};
use crate::scan::allow::Allow;
use crate::scan::directive::Markers;
use crate::secret::FingerprintKey;
use file::{File, Written};
use mistake::{Mistake, Step};
use std::path::{Path, PathBuf};

/// The environment variable that holds the key of fingerprints.
const KEY_VARIABLE: &str = "KEYWARD_FINGERPRINT_KEY";

/// The configuration in effect.
#[derive(Debug)]
pub struct Config {
    pub rules: RuleSet,
    pub allow: Allow,
    pub markers: Markers,
    pub confidence: Confidence,
    pub fail_on: FailOn,
    pub max_file_size: Option<u64>,
    pub key: FingerprintKey,
    /// The file it was read from.
    pub path: Option<PathBuf>,
    /// What the file says, for `keyward config show`.
    written: Written,
}

/// Where to look for a configuration.
#[derive(Debug, Default)]
pub struct Lookup<'a> {
    /// The file named by a flag; without one, `keyward.toml` is looked for.
    pub file: Option<&'a Path>,
    /// What is to be scanned: the search starts at each of these. Empty means the working directory.
    pub near: &'a [PathBuf],
    /// Files and folders with more rules.
    pub rules: &'a [PathBuf],
}

impl Config {
    /// Reads the file that `lookup` leads to; without one, the defaults stand.
    ///
    /// # Errors
    /// Names the file, line and column of whatever cannot be read or used.
    pub fn load(lookup: &Lookup<'_>) -> Result<Self, Error> {
        let path = match lookup.file {
            Some(file) => Some(file.to_path_buf()),
            None => text::find(lookup.near)?,
        };
        let text = path.as_deref().map_or_else(|| Ok(String::new()), text::read)?;
        let mut set = RuleSet::built_in();
        for directory in lookup.rules {
            set = set.with_directory(directory).map_err(Error::new)?;
        }
        Self::parse(&text, set, path.clone()).map_err(|mistake| match path {
            Some(path) => mistake.at(&path, &text),
            None => Error::new(mistake.message),
        })
    }

    /// The configuration of a scan: what [`Config::load`] finds near the paths, overruled by the flags.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn for_scan(flags: &cli::Scan) -> Result<Self, Error> {
        let mut config = Self::load(&Lookup { file: flags.config.as_deref(), near: &flags.paths, rules: &flags.rules })?;
        if flags.no_inline_ignores {
            config.markers = Markers::None;
        }
        if let Some(least) = flags.confidence {
            config.confidence = least.into();
        }
        if let Some(fail_on) = flags.fail_on {
            config.fail_on = fail_on.into();
        }
        config.max_file_size = flags.max_file_size.or(config.max_file_size);
        Ok(config)
    }

    /// The folder of the configuration file, absolute, when it is known.
    pub fn folder(&self) -> Option<PathBuf> {
        self.path.as_deref()?.canonicalize().ok()?.parent().map(Path::to_path_buf)
    }

    /// The configuration in effect as a file that says the same, every default spelt out.
    pub fn to_toml(&self) -> String {
        show::to_toml(self)
    }

    /// What `text`, the content of the file at `path`, makes of the rules in `set` and the defaults.
    fn parse(text: &str, set: RuleSet, path: Option<PathBuf>) -> Result<Self, Mistake> {
        let file: File = file::parse(text)?;
        let rules = rules::configure(set, &file)?;
        let entries = file.allow.iter().enumerate();
        let allow = entries.map(|(index, entry)| entry.to_allow(&rules).map_err(|mistake| mistake.below(index)));
        let allow = allow.collect::<Result<_, _>>().map_err(|mistake: Mistake| mistake.below("allow"))?;
        Ok(Self {
            rules,
            allow: Allow::new(allow),
            markers: file.scan.inline_ignores.into(),
            confidence: file.scan.confidence,
            fail_on: file.scan.fail_on.into(),
            max_file_size: file.scan.max_file_size.map(|size| size.0),
            key: key_from_environment().or(file.fingerprint.key).unwrap_or_default(),
            path,
            written: Written { rules: file.rules, added: file.added, allow: file.allow },
        })
    }
}

/// Whether `text` can be used as a configuration on top of the built-in rules: what a fuzzer asks.
///
/// # Errors
/// The message that a person would see, for a file called `keyward.toml`.
pub fn check(text: &str) -> Result<(), Error> {
    let parsed = Config::parse(text, RuleSet::built_in(), None);
    parsed.map(drop).map_err(|mistake| mistake.at(Path::new(text::NAME), text))
}

/// The key in the environment. An empty one counts as absent: that is what a secret becomes where it may not be read.
fn key_from_environment() -> Option<FingerprintKey> {
    let value = std::env::var_os(KEY_VARIABLE)?;
    let bytes = value.as_encoded_bytes();
    (!bytes.is_empty()).then(|| FingerprintKey::new(bytes))
}

impl From<&str> for Step {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

impl From<usize> for Step {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::{Severity, Shape};

    const ADDED: &str = r#"
[[rule]]
provider = { id = "acme", name = "Acme", url = "https://acme.example" }
id = "acme-api-key"
name = "Acme API key"
severity = "high"
confidence = "high"
anchors = ["acme_"]
pattern = '\b(?<secret>acme_[0-9a-z]{16})\b'
documentation = "https://acme.example/keys"
revoke = "Delete it."
rotate = "Make another."
examples = ['acme_{{base36:16}}']
non_examples = ['acme_key']
"#;

    fn parsed(text: &str) -> Config {
        Config::parse(text, RuleSet::built_in(), None).unwrap_or_else(|mistake| panic!("{mistake:?}"))
    }

    /// The whole message about a file that cannot be used.
    fn refused(text: &str) -> String {
        check(text).expect_err("this configuration has a mistake").to_string()
    }

    #[test]
    fn an_empty_file_is_the_defaults() {
        let config = parsed("");
        assert_eq!(config.rules.rules().len(), RuleSet::built_in().rules().len());
        assert_eq!((config.confidence, config.markers, config.max_file_size), (Confidence::Medium, Markers::All, None));
        assert_eq!(config.fail_on, FailOn::Severity(Severity::Low));
    }

    #[test]
    fn scan_options_are_read() {
        let config = parsed("[scan]\nconfidence = 'low'\nfail-on = 'none'\nmax-file-size = '10M'\ninline-ignores = 'own'\r\n");
        assert_eq!((config.confidence, config.markers, config.max_file_size), (Confidence::Low, Markers::Own, Some(10 << 20)));
        assert_eq!(config.fail_on, FailOn::Never);
        assert_eq!(parsed("scan.max-file-size = 1000").max_file_size, Some(1000));
    }

    #[test]
    fn one_field_changes_and_the_others_stay() {
        let before = RuleSet::built_in().find("generic-password").unwrap().clone();
        let config = parsed("[rules.generic-password]\nseverity = 'critical'\nexclude_paths = ['docs/**']");
        let after = config.rules.find("generic-password").unwrap();
        assert_eq!((after.severity, after.exclude_paths.as_slice()), (Severity::Critical, &["docs/**".to_owned()][..]));
        let same = crate::rule::Rule { severity: before.severity, exclude_paths: Vec::new(), ..after.clone() };
        assert_eq!(same, before);
    }

    #[test]
    fn rules_go_off_one_by_one_by_pattern_and_all_together() {
        assert!(parsed("rules.generic-password = false").rules.find("generic-password").is_none());
        assert!(parsed("[rules.generic-password]\nenabled = false").rules.find("generic-password").is_none());
        let config = parsed("[rules]\n'generic-*' = false\ngeneric-secret = true");
        assert!(config.rules.find("generic-password").is_none() && config.rules.find("generic-secret").is_some());
        let config = parsed("[rules]\ndefaults = false\ngeneric-secret = true");
        assert_eq!(config.rules.rules().len(), 1);
        assert!(refused("rules.defaults = false").contains("every rule is switched off"));
    }

    #[test]
    fn a_rule_is_added_beside_the_defaults() {
        let config = parsed(ADDED);
        assert_eq!(config.rules.rules().len(), RuleSet::built_in().rules().len() + 1);
        assert!(matches!(config.rules.find("acme-api-key").unwrap().shape, Shape::Format { .. }));
        assert_eq!(parsed(&format!("rules.defaults = false\n{ADDED}")).rules.rules().len(), 1);
    }

    #[test]
    fn mistakes_name_the_place_and_the_way_out() {
        let told = refused("[scan]\n\n  confidance = 'low'");
        assert!(told.starts_with("keyward.toml:3:3: there is no key `confidance` here"), "{told}");
        assert!(told.contains("did you mean `confidence`?"), "{told}");
        let told = refused("[scan]\nfail-on = 'hihg'");
        assert!(told.starts_with("keyward.toml:2:11: `hihg`") && told.contains("did you mean `high`?"), "{told}");
        let told = refused("[scan]\r\n# ä\r\nmax-file-size = true");
        assert!(told.starts_with("keyward.toml:3:17: ") && told.contains("a number of bytes"), "{told}");
        let told = refused("[scans]\n");
        assert!(told.starts_with("keyward.toml:1:2: ") && told.contains("did you mean `scan`?"), "{told}");
        let told = refused("[rules]\n\ngeneric-pasword = false");
        assert!(told.starts_with("keyward.toml:3:1: there is no rule") && told.contains("`generic-password`?"), "{told}");
        let told = refused("[rules.generic-password]\nsevrity = 'low'");
        assert!(told.starts_with("keyward.toml:2:1: ") && told.contains("did you mean `severity`?"), "{told}");
        assert!(refused("[scan\n").starts_with("keyward.toml:1:6: "));
        assert!(refused("[rules]\n'nothing-*' = false").contains("no rule has an id like"));
    }

    #[test]
    fn patterns_and_globs_are_proven_where_they_stand() {
        let broken = ADDED.replace("{16})", "{16}");
        let told = refused(&broken);
        assert!(told.starts_with("keyward.toml:9:1: rule acme-api-key: "), "{told}");
        let told = refused("[rules.generic-password]\npaths = ['[']");
        assert!(told.starts_with("keyward.toml:2:1: this is no glob"), "{told}");
        let told = refused("[rules.generic-password]\npattern = 'x'");
        assert!(told.contains("keyward.toml:1:8: rule generic-password: it must have either"), "{told}");
        let told = refused("[rules.generic-password]\nentropy = 9.5");
        assert!(told.starts_with("keyward.toml:2:1: ") && told.contains("0 to 8 bits"), "{told}");
        let told = refused("[rules.generic-password]\ncompanion = { rule = 'no-such', within = 2, severity = 'low' }");
        assert!(told.starts_with("keyward.toml:2:1: there is no rule `no-such`"), "{told}");
        let told = refused(&ADDED.replace("acme-api-key", "acme_api_key"));
        assert!(told.contains("the id must start with the provider's"), "{told}");
    }

    #[test]
    fn an_allow_entry_needs_a_reason_and_a_condition() {
        assert!(refused("[[allow]]\nrule = 'generic-password'").contains("must say its reason"));
        assert!(refused("[[allow]]\nreason = 'all'").contains("would allow everything"));
        assert!(refused("[[allow]]\nreason = 'x'\npath = []").contains("this list is empty"));
        let told = refused("[[allow]]\nreason = 'x'\nrule = 'generic-password'\n[[allow]]\nreason = 'x'\nvalue = '('");
        assert!(told.starts_with("keyward.toml:6:1: this is no regular expression"), "{told}");
        assert!(refused("[[allow]]\nreason = 'x'\npath = '['").contains("keyward.toml:3:1: this is no glob"));
        assert!(refused("[[allow]]\nreason = 'x'\nfingerprint = 'abc'").contains("32 hex digits"));
        assert!(refused("[[allow]]\nreason = 'x'\nrule = 'generic-pasword'").contains("did you mean `generic-password`?"));
        assert!(refused("[[allow]]\nreason = 'x'\nvalues = 'a'").contains("did you mean `value`?"));
    }

    #[test]
    fn conditions_join_inside_an_entry_and_entries_add_up() {
        let text =
            "[[allow]]\nreason = 'both'\npath = 'docs/**'\nvalue = '^demo'\n[[allow]]\nreason = 'or'\nrule = 'generic-secret'";
        let config = parsed(text);
        let allows = |rule: &str, path: &str, secret: &str| {
            let fingerprint = config.key.fingerprint(&crate::secret::Secret::new(secret.as_bytes()));
            config.allow.allows(rule, path, secret.as_bytes(), fingerprint)
        };
        assert!(allows("generic-password", "docs/a.md", "demo-1"));
        assert!(!allows("generic-password", "src/a.md", "demo-1"));
        assert!(!allows("generic-password", "docs/a.md", "real-1"));
        assert!(allows("generic-secret", "src/a.md", "real-1"));
    }

    #[test]
    fn the_key_is_never_repeated() {
        for text in [
            "[fingerprint]\nkey = ['not to be told']",
            "[fingerprint]\nkeys = 'not to be told'",
            "fingerprint = 'not to be told'",
        ] {
            assert!(!refused(text).contains("not to be told"), "{}", refused(text));
        }
        let config = parsed("fingerprint.key = 'not to be told'");
        assert!(!config.to_toml().contains("not to be told") && !format!("{config:?}").contains("not to be told"));
        let secret = crate::secret::Secret::new(b"hunter2");
        assert_ne!(config.key.fingerprint(&secret), parsed("").key.fingerprint(&secret));
    }

    #[test]
    fn what_is_shown_reads_back_to_the_same() {
        let texts = [
            String::new(),
            "[scan]\nmax-file-size = '1M'\nfail-on = 'high'".to_owned(),
            format!(
                "{ADDED}\n[rules]\n'generic-*' = {{ severity = 'low' }}\ngeneric-secret = false\n[rules.acme-api-key]\nentropy = 2.5"
            ),
            format!("rules.defaults = false\n{ADDED}"),
            "[rules.generic-password]\nnames = ['passwort']\n[[allow]]\nreason = \"it's \\\"so\\\"\"\npath = ['a/**', 'b']"
                .to_owned(),
        ];
        for text in texts {
            let first = parsed(&text);
            let shown = first.to_toml();
            let second =
                Config::parse(&shown, RuleSet::built_in(), None).unwrap_or_else(|mistake| panic!("{mistake:?}\n{shown}"));
            assert_eq!(first.rules.rules(), second.rules.rules(), "{shown}");
            assert_eq!((first.confidence, first.fail_on), (second.confidence, second.fail_on));
            assert_eq!((first.markers, first.max_file_size), (second.markers, second.max_file_size));
            assert_eq!(shown, second.to_toml());
        }
    }
}
