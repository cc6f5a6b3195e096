//! Example templates: text with `{{…}}` placeholders becomes text with stand-in credentials.
//!
//! Rules carry examples, and an example of a credential would itself be reported by every scanner that reads the rule file. A template
//! holds only the shape. Filling it is deterministic (the same seed gives the same bytes on every machine), and the characters come
//! from a small generator of our own, so no provider ever issued what it yields.

mod pem;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fmt;

/// Longest random run a placeholder may ask for, in characters.
const LONGEST_RUN: usize = 65_536;

/// Runs of at least this many characters mix every character class of their alphabet.
const SHORTEST_MIXED_RUN: usize = 8;

/// How often a run is drawn anew until it mixes its classes and differs from the runs before it.
const MOST_DRAWS: usize = 1_000;

/// Why a template could not be filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplateError {
    /// No placeholder has this name (or no PEM block this label).
    UnknownPlaceholder(String),
    /// The placeholder needs a length from 1 to 65,536 after a colon, or must not have one.
    BadLength(String),
    /// A placeholder is opened and never closed; the text from its `{{` on, shortened.
    Unclosed(String),
    /// `{{checksum}}` stands in an example of a rule whose checksum cannot be computed for the token before it.
    NoChecksum,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownPlaceholder(name) => {
                write!(
                    f,
                    "unknown placeholder {{{{{name}}}}}; write one of those in docs/rules.md"
                )
            }
            Self::BadLength(name) => {
                write!(
                    f,
                    "placeholder {{{{{name}}}}} has a wrong length; write 1 to {LONGEST_RUN} after a colon where the placeholder takes one"
                )
            }
            Self::Unclosed(text) => {
                write!(
                    f,
                    "placeholder is never closed: {text:?}; close it with }}}}"
                )
            }
            Self::NoChecksum => f.write_str(
                "{{checksum}} has no value here; give the rule a checksum that can be computed, or spell the characters out with another placeholder",
            ),
        }
    }
}

impl std::error::Error for TemplateError {}

/// Fills the placeholders of `template`; the same `seed` always gives the same text.
///
/// A placeholder is `{{` directly followed by a letter; `{{ name }}` with a space, as template languages write it, is plain text.
/// `checksum` answers `{{checksum}}`: it is given the token so far, which is the text back to the last character that is not one
/// of `A-Z a-z 0-9 _ . - ~ +` (or `=` at its end), so that in `KEY=abc_123{{checksum}}` and in `https://host/abc_123{{checksum}}` it is `abc_123`.
///
/// # Errors
/// Names the placeholder that is unknown, has a wrong length or is never closed; `NoChecksum` when `checksum` answers `None`.
pub fn expand(template: &str, seed: &str, checksum: &dyn Fn(&str) -> Option<String>) -> Result<String, TemplateError> {
    let mut random = Random::from_seed(seed);
    let mut runs: Vec<String> = Vec::new();
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(open) = rest.find("{{") {
        let (before, from_open) = rest.split_at(open);
        text.push_str(before);
        let inner = &from_open[2..];
        if !inner.starts_with(|c: char| c.is_ascii_alphabetic()) {
            text.push('{');
            rest = &from_open[1..];
            continue;
        }
        let Some(close) = inner.find("}}") else {
            return Err(TemplateError::Unclosed(from_open.chars().take(40).collect()));
        };
        let placeholder = &inner[..close];
        let filled = match placeholder {
            "checksum" => checksum(token_so_far(&text)).ok_or(TemplateError::NoChecksum)?,
            _ => fill(placeholder, &mut random, &mut runs)?,
        };
        text.push_str(&filled);
        rest = &inner[close + 2..];
    }
    text.push_str(rest);
    Ok(text)
}

/// What one placeholder other than `checksum` becomes. `runs` holds the random runs of this template so far, to tell new ones apart.
fn fill(placeholder: &str, random: &mut Random, runs: &mut Vec<String>) -> Result<String, TemplateError> {
    let (name, argument) = match placeholder.split_once(':') {
        Some((name, argument)) => (name, Some(argument)),
        None => (placeholder, None),
    };
    if let Some(alphabet) = Alphabet::named(name) {
        let length = argument
            .and_then(|n| n.parse::<usize>().ok())
            .filter(|n| (1..=LONGEST_RUN).contains(n))
            .ok_or_else(|| TemplateError::BadLength(placeholder.to_owned()))?;
        return Ok(distinct_run(alphabet, length, random, runs));
    }
    match (name, argument) {
        ("uuid", None) => Ok(uuid(random)),
        ("jwt", None) => Ok(json_web_token(random)),
        ("uuid" | "jwt" | "checksum", Some(_)) => Err(TemplateError::BadLength(placeholder.to_owned())),
        ("pem", Some(label)) => {
            pem::block(label, random).ok_or_else(|| TemplateError::UnknownPlaceholder(placeholder.to_owned()))
        }
        _ => Err(TemplateError::UnknownPlaceholder(placeholder.to_owned())),
    }
}

/// The tail of `text` that a checksum is taken over.
fn token_so_far(text: &str) -> &str {
    let start = text
        .trim_end_matches('=')
        .char_indices()
        .rev()
        .find(|(_, c)| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '~' | '+')))
        .map_or(0, |(at, c)| at + c.len_utf8());
    &text[start..]
}

/// A random run that no earlier placeholder of this template became, as far as its length leaves a choice.
fn distinct_run(alphabet: Alphabet, length: usize, random: &mut Random, runs: &mut Vec<String>) -> String {
    let mut run = random_run(alphabet, length, random);
    for _ in 0..MOST_DRAWS {
        if alphabet.mixed(&run) && !runs.contains(&run) {
            break;
        }
        run = random_run(alphabet, length, random);
    }
    runs.push(run.clone());
    run
}

/// `length` characters of `alphabet`: never three equal ones in a row, no leading zero in a run of digits, and base64 that decodes
/// (the bits its last character does not use are zero).
fn random_run(alphabet: Alphabet, length: usize, random: &mut Random) -> String {
    let characters = alphabet.characters();
    let mut run: Vec<u8> = Vec::with_capacity(length);
    while run.len() < length {
        let mut index = random.below(characters.len());
        if alphabet.is_base64() && run.len() + 1 == length {
            match length % 4 {
                2 => index &= !0b1111,
                3 => index &= !0b11,
                _ => {}
            }
        }
        let character = characters[index];
        let leading_zero = alphabet == Alphabet::Digits && run.is_empty() && length > 1 && character == b'0';
        if leading_zero || run.ends_with(&[character, character]) {
            continue;
        }
        run.push(character);
    }
    run.into_iter().map(char::from).collect()
}

/// A version 4 UUID in lower case.
fn uuid(random: &mut Random) -> String {
    let mut bytes = random.bytes(16);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut text = String::with_capacity(36);
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

/// A JSON Web Token whose header and payload decode, with 32 random bytes where the HS256 signature stands.
fn json_web_token(random: &mut Random) -> String {
    let subject = random_run(Alphabet::Digits, 10, random);
    let issued_at = 1_700_000_000 + random.below(100_000_000);
    let payload = format!(r#"{{"sub":"{subject}","iat":{issued_at}}}"#);
    [
        URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#),
        URL_SAFE_NO_PAD.encode(payload),
        URL_SAFE_NO_PAD.encode(random.bytes(32)),
    ]
    .join(".")
}

/// The characters a random run is drawn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Alphabet {
    Base62,
    Base64,
    Base64Url,
    Base32,
    LowerHex,
    UpperHex,
    Digits,
    Lower,
    Upper,
    LowerBase36,
    UpperBase36,
}

impl Alphabet {
    /// The alphabet a placeholder of this name draws from.
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "base62" => Self::Base62,
            "base64" => Self::Base64,
            "base64url" => Self::Base64Url,
            "base32" => Self::Base32,
            "hex" => Self::LowerHex,
            "HEX" => Self::UpperHex,
            "digits" => Self::Digits,
            "lower" => Self::Lower,
            "upper" => Self::Upper,
            "base36" => Self::LowerBase36,
            "BASE36" => Self::UpperBase36,
            _ => return None,
        })
    }

    /// Its characters; those of base64 in the order of their values.
    fn characters(self) -> &'static [u8] {
        match self {
            Self::Base62 => b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
            Self::Base64 => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
            Self::Base64Url => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
            Self::Base32 => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
            Self::LowerHex => b"0123456789abcdef",
            Self::UpperHex => b"0123456789ABCDEF",
            Self::Digits => b"0123456789",
            Self::Lower => b"abcdefghijklmnopqrstuvwxyz",
            Self::Upper => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            Self::LowerBase36 => b"0123456789abcdefghijklmnopqrstuvwxyz",
            Self::UpperBase36 => b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        }
    }

    /// Whether characters stand for six bits each.
    fn is_base64(self) -> bool {
        matches!(self, Self::Base64 | Self::Base64Url)
    }

    /// Whether `run` has a digit, a lower-case and an upper-case letter, each if the alphabet has one. Short runs need not.
    fn mixed(self, run: &str) -> bool {
        let classes: [fn(&u8) -> bool; 3] = [u8::is_ascii_digit, u8::is_ascii_lowercase, u8::is_ascii_uppercase];
        run.len() < SHORTEST_MIXED_RUN
            || classes.iter().all(|class| !self.characters().iter().any(class) || run.as_bytes().iter().any(class))
    }
}

/// The splitmix64 generator, started from the FNV-1a hash of a seed text. Reproducible, and no source of secrets.
struct Random(u64);

impl Random {
    /// The generator that `seed` stands for.
    fn from_seed(seed: &str) -> Self {
        let hash =
            seed.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        Self(hash)
    }

    /// The next 64 bits.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `limit`, which is at least 1. The bias is far below anything an example shows.
    fn below(&mut self, limit: usize) -> usize {
        let wide = u128::from(self.next()) * (limit as u128);
        (wide >> 64) as usize
    }

    /// `length` random bytes.
    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next().to_le_bytes()[7]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::STANDARD;

    /// Expands without a checksum; panics where a test expects success and there is none.
    fn filled(template: &str) -> String {
        expand(template, "acme-api-key#0", &|_| None).unwrap()
    }

    #[test]
    fn text_without_placeholders_stays() {
        let text = "a = \"{{ vault }}\" {{}} { {{ x }} {";
        assert_eq!(filled(text), text);
    }

    #[test]
    fn the_seed_alone_decides() {
        let template = "k={{base62:40}}";
        let one = expand(template, "a#0", &|_| None).unwrap();
        assert_eq!(one, expand(template, "a#0", &|_| None).unwrap());
        assert_ne!(one, expand(template, "a#1", &|_| None).unwrap());
    }

    #[test]
    fn runs_have_their_length_and_alphabet() {
        for name in ["base62", "base64", "base64url", "base32", "hex", "HEX", "digits", "lower", "upper", "base36", "BASE36"] {
            let alphabet = Alphabet::named(name).unwrap();
            for length in [1, 2, 7, 8, 9, 20, 33, 64, 513] {
                for seed in 0..50 {
                    let run = expand(&format!("{{{{{name}:{length}}}}}"), &seed.to_string(), &|_| None).unwrap();
                    assert_eq!(run.len(), length);
                    assert!(run.bytes().all(|b| alphabet.characters().contains(&b)), "{name}: {run}");
                    assert!(alphabet.mixed(&run), "{name}: {run}");
                    assert!(!run.as_bytes().windows(3).any(|w| w[0] == w[1] && w[1] == w[2]), "{name}: {run}");
                }
            }
        }
    }

    #[test]
    fn placeholders_of_one_template_differ() {
        for seed in 0..200 {
            let text = expand("{{hex:2}} {{hex:2}} {{hex:2}} {{hex:2}} {{hex:2}}", &seed.to_string(), &|_| None).unwrap();
            let mut runs: Vec<&str> = text.split(' ').collect();
            runs.sort_unstable();
            runs.dedup();
            assert_eq!(runs.len(), 5, "{text}");
        }
    }

    #[test]
    fn padded_base64_decodes() {
        for seed in 0..50 {
            let seed = seed.to_string();
            for template in ["{{base64:86}}==", "{{base64:43}}=", "{{base64:88}}"] {
                let text = expand(template, &seed, &|_| None).unwrap();
                assert!(STANDARD.decode(&text).is_ok(), "{text}");
            }
        }
    }

    #[test]
    fn the_checksum_sees_the_token_so_far() {
        let spy = |token: &str| Some(format!("<{token}>"));
        for (template, expected) in [
            ("KEY=abc_12{{checksum}}", "KEY=abc_12<abc_12>"),
            ("\"k\": \"a-b.c~d+e{{checksum}}\"", "\"k\": \"a-b.c~d+e<a-b.c~d+e>\""),
            ("https://h/abc{{checksum}}", "https://h/abc<abc>"),
            ("é{{checksum}}", "é<>"),
            ("{{checksum}}", "<>"),
        ] {
            assert_eq!(expand(template, "s", &spy).unwrap(), expected);
        }
    }

    #[test]
    fn a_uuid_is_of_version_four() {
        let id = filled("{{uuid}}");
        let parts: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12]);
        assert_eq!(&id[14..15], "4");
        assert!("89ab".contains(&id[19..20]));
    }

    #[test]
    fn a_json_web_token_decodes() {
        let token = filled("{{jwt}}");
        let parts: Vec<Vec<u8>> = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap()).collect();
        assert_eq!(parts.len(), 3);
        assert_eq!(parts[0], br#"{"alg":"HS256","typ":"JWT"}"#);
        assert!(parts[1].starts_with(br#"{"sub":""#) && parts[1].ends_with(b"}"));
        assert_eq!(parts[2].len(), 32);
    }

    #[test]
    fn errors_name_the_placeholder() {
        let fails = |template: &str| expand(template, "s", &|_| None).unwrap_err();
        assert_eq!(fails("{{base61:4}}"), TemplateError::UnknownPlaceholder("base61:4".into()));
        assert_eq!(fails("{{pem:BREAD}}"), TemplateError::UnknownPlaceholder("pem:BREAD".into()));
        assert_eq!(fails("{{hex}}"), TemplateError::BadLength("hex".into()));
        assert_eq!(fails("{{hex:0}}"), TemplateError::BadLength("hex:0".into()));
        assert_eq!(fails("{{hex:-1}}"), TemplateError::BadLength("hex:-1".into()));
        assert_eq!(fails("{{hex:99999999}}"), TemplateError::BadLength("hex:99999999".into()));
        assert_eq!(fails("{{uuid:3}}"), TemplateError::BadLength("uuid:3".into()));
        assert_eq!(fails("x {{hex:3"), TemplateError::Unclosed("{{hex:3".into()));
        assert_eq!(fails("{{checksum}}"), TemplateError::NoChecksum);
        assert!(fails("{{base61:4}}").to_string().contains("{{base61:4}}"));
    }
}
