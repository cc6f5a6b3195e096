//! The rule file format (`rules/*.toml`) and the rule it becomes. The build script compiles the built-in rules with this same code.

use serde::{Deserialize, Serialize};
use std::fmt;

/// How bad it is when the credential leaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing, harmless alone.
    Info,
    /// Opens little: test keys, documented defaults.
    Low,
    /// Opens one service in part.
    Medium,
    /// Opens one service as a user.
    High,
    /// Opens money, production data or the means to issue more keys.
    Critical,
}

/// How sure a match is the real thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    Low,
    Medium,
    High,
}

impl Severity {
    /// The word that rules and reports use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Confidence {
    /// The word that rules and reports use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Which half of a pair a rule finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The credential itself.
    #[default]
    Secret,
    /// The public half, such as an access key id: informational when alone.
    Identifier,
}

/// How far from its anchor a rule may look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// [`Reach::NEAR`] bytes: nearly every rule.
    #[default]
    Near,
    /// [`Reach::FAR`] bytes: key blocks and other long credentials with rare anchors.
    Far,
}

impl Reach {
    /// Bytes a near rule may examine on either side of its anchor.
    pub const NEAR: usize = 512;
    /// Bytes a far rule may examine on either side of its anchor.
    pub const FAR: usize = 64 * 1024;

    /// The reach in bytes.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Near => Self::NEAR,
            Self::Far => Self::FAR,
        }
    }
}

/// How a rule recognises its credential.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Shape {
    /// A format of its own: a pattern around one of some literals.
    Format { anchors: Vec<String>, pattern: String },
    /// A bare value close behind one of some words.
    Near { words: Vec<String>, value: String },
    /// The value of an assignment to a telling name; the judge decides, after `value` if there is one.
    Assignment { names: Vec<String>, value: Option<String> },
}

/// Which proof a format carries. The names in rule files are the kebab-case ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Checksum {
    /// The last six characters are the base62 CRC-32 of what stands between the last `_` and them (GitHub, npm, Vercel) or of
    /// everything before them (Deno).
    #[serde(rename = "crc32-base62")]
    Crc32Base62,
    /// The last eight hex digits are a CRC-32 of what stands before them (Atlassian, Grafana, Cloudflare, Zuplo).
    #[serde(rename = "crc32-hex")]
    Crc32Hex,
    /// GitLab's routable tokens: payload, its length and a CRC-32 of both, in base 36.
    GitlabRoutable,
    /// The twenty characters of an AWS access key id, and the account number inside is one.
    AwsAccessKeyId,
    /// A JSON Web Token whose first two parts decode to JSON objects and whose header names an `alg`.
    Jwt,
    /// A PEM, OpenSSH, PGP or PuTTY private key whose body decodes to one.
    PrivateKey,
    /// The part after the prefix decodes to a JSON object.
    Base64Json,
    /// The part after the prefix decodes to a macaroon.
    Macaroon,
    /// Azure's identifiable keys and common annotated security keys: a Marvin hash of the key with the service's seed.
    AzureKey,
    /// An Azure DevOps token of 52 base32 characters with a CRC-32 spread among them.
    AzureDevopsPat,
    /// An Entra client secret: the last three characters of those marked `8Q~` are a Marvin hash of the others.
    EntraClientSecret,
    /// A bech32 string: its last six characters are a BCH code of the others (age keys).
    Bech32,
    /// A JFrog reference token: base64 of `reftkn:`, a version, an expiry time and random characters.
    JfrogReference,
}

/// The other half of a pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Companion {
    /// The rule that finds it.
    pub rule: String,
    /// How many lines away it may stand.
    pub within: u32,
    /// The severity of the two together.
    pub severity: Severity,
}

/// Who issues the credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    pub id: String,
    pub name: String,
    pub url: String,
    /// Whether it issues the credentials. Where it only names a place where credentials stand, such as a header, its rules give
    /// way to those of issuers.
    #[serde(default = "yes")]
    pub issuer: bool,
}

/// Nearly all providers are issuers.
const fn yes() -> bool {
    true
}

/// One kind of credential: how to recognise it, how bad a leak is, and what to do then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// `provider-kind`, unique.
    pub id: String,
    pub provider: Provider,
    pub name: String,
    pub severity: Severity,
    pub confidence: Confidence,
    pub role: Role,
    pub shape: Shape,
    pub reach: Reach,
    /// The least Shannon entropy of the secret, in bits per character.
    pub entropy: Option<f32>,
    pub checksum: Option<Checksum>,
    pub companion: Option<Companion>,
    /// Globs one of which the path must match; none means any path.
    pub paths: Vec<String>,
    /// Globs none of which the path may match.
    pub exclude_paths: Vec<String>,
    pub documentation: String,
    pub revoke: String,
    pub rotate: String,
    /// Templates that the rule must find.
    pub examples: Vec<String>,
    /// Templates that the rule must not find.
    pub non_examples: Vec<String>,
}

/// Why a rule file cannot be used.
#[derive(Debug)]
pub enum RuleError {
    /// Not TOML, or not the fields of a rule; the message names the line.
    Syntax(String),
    /// A rule whose fields contradict each other.
    Invalid { rule: String, reason: String },
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(message) => f.write_str(message.trim_end()),
            Self::Invalid { rule, reason } => write!(f, "rule {rule}: {reason}"),
        }
    }
}

impl std::error::Error for RuleError {}

/// Reads the rules of one file.
///
/// # Errors
/// When the text is not TOML, has a field no rule has, or a rule is contradictory.
pub fn parse(text: &str) -> Result<Vec<Rule>, RuleError> {
    let file: RuleFile = toml::from_str(text).map_err(|error| RuleError::Syntax(syntax_message(text, &error)))?;
    let provider = file.provider;
    file.rules
        .into_iter()
        .map(|raw| match raw.provider {
            None => raw.validate(&provider),
            Some(_) => {
                let reason = "the provider stands at the top of the file, once for all rules".to_owned();
                Err(RuleError::Invalid { rule: raw.id, reason })
            }
        })
        .collect()
}

/// What is wrong and where. The line itself is not shown: what was taken for a rule file may hold anything.
fn syntax_message(text: &str, error: &toml::de::Error) -> String {
    let Some(before) = error.span().and_then(|span| text.get(..span.start)) else { return error.message().to_owned() };
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
    format!("line {line}, column {column}: {}", error.message())
}

/// One file, as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    provider: Provider,
    #[serde(default, rename = "rule")]
    rules: Vec<RawRule>,
}

/// One rule, as written: every field the format has, before they are held against each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawRule {
    pub id: String,
    /// Only outside rule files, which name their provider once.
    pub provider: Option<Provider>,
    pub name: String,
    pub severity: Severity,
    pub confidence: Confidence,
    #[serde(default)]
    pub role: Role,
    pub anchors: Option<Vec<String>>,
    pub pattern: Option<String>,
    pub near: Option<Vec<String>>,
    pub value: Option<String>,
    pub names: Option<Vec<String>>,
    #[serde(default)]
    pub reach: Reach,
    pub entropy: Option<f32>,
    pub checksum: Option<Checksum>,
    pub companion: Option<Companion>,
    #[serde(default)]
    pub paths: Vec<String>,
    #[serde(default)]
    pub exclude_paths: Vec<String>,
    pub documentation: String,
    pub revoke: String,
    pub rotate: String,
    pub examples: Vec<String>,
    pub non_examples: Vec<String>,
}

impl From<Rule> for RawRule {
    /// The rule as a file would write it.
    fn from(rule: Rule) -> Self {
        let (mut anchors, mut pattern, mut near, mut value, mut names) = (None, None, None, None, None);
        match rule.shape {
            Shape::Format { anchors: literals, pattern: regex } => (anchors, pattern) = (Some(literals), Some(regex)),
            Shape::Near { words, value: regex } => (near, value) = (Some(words), Some(regex)),
            Shape::Assignment { names: words, value: regex } => (names, value) = (Some(words), regex),
        }
        Self {
            id: rule.id,
            provider: Some(rule.provider),
            name: rule.name,
            severity: rule.severity,
            confidence: rule.confidence,
            role: rule.role,
            anchors,
            pattern,
            near,
            value,
            names,
            reach: rule.reach,
            entropy: rule.entropy,
            checksum: rule.checksum,
            companion: rule.companion,
            paths: rule.paths,
            exclude_paths: rule.exclude_paths,
            documentation: rule.documentation,
            revoke: rule.revoke,
            rotate: rule.rotate,
            examples: rule.examples,
            non_examples: rule.non_examples,
        }
    }
}

impl RawRule {
    /// Checks what can be checked without running the rule, and gives it its shape.
    pub fn validate(self, provider: &Provider) -> Result<Rule, RuleError> {
        let invalid = |reason: String| RuleError::Invalid { rule: self.id.clone(), reason };
        if !self.id.starts_with(&format!("{}-", provider.id)) {
            return Err(invalid(format!("the id must start with the provider's, {}-", provider.id)));
        }
        if let Some(odd) = self.id.chars().find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '-')) {
            return Err(invalid(format!("the id holds {odd:?}; it may hold a-z, 0-9 and -")));
        }
        if self.examples.is_empty() || self.non_examples.is_empty() {
            return Err(invalid("examples and non_examples must both hold at least one line".into()));
        }
        let shape = match (self.anchors, self.pattern, self.near, self.value, self.names) {
            (Some(anchors), Some(pattern), None, None, None) => Shape::Format { anchors, pattern },
            (None, None, Some(words), Some(value), None) => Shape::Near { words, value },
            (None, None, None, value, Some(names)) => Shape::Assignment { names, value },
            _ => {
                let reason = "it must have either `anchors` and `pattern`, or `near` and `value`, or `names`";
                return Err(RuleError::Invalid { rule: self.id, reason: reason.into() });
            }
        };
        let literals = match &shape {
            Shape::Format { anchors, .. } => anchors,
            Shape::Near { words, .. } => words,
            Shape::Assignment { names, .. } => names,
        };
        if literals.is_empty() || literals.iter().any(|literal| !(3..=64).contains(&literal.len())) {
            let reason = "anchors, near and names hold literals of 3 to 64 bytes, at least one";
            return Err(RuleError::Invalid { rule: self.id, reason: reason.into() });
        }
        Ok(Rule {
            id: self.id,
            provider: provider.clone(),
            name: self.name,
            severity: self.severity,
            confidence: self.confidence,
            role: self.role,
            shape,
            reach: self.reach,
            entropy: self.entropy,
            checksum: self.checksum,
            companion: self.companion,
            paths: self.paths,
            exclude_paths: self.exclude_paths,
            documentation: self.documentation,
            revoke: self.revoke,
            rotate: self.rotate,
            examples: self.examples,
            non_examples: self.non_examples,
        })
    }
}
