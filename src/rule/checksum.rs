//! The proof some credentials carry in themselves: a checksum, a length, a structure.
//!
//! A token that fails its own proof was mistyped, shortened or invented, so it is not reported as that token.
//! Every check works on bytes from anywhere, takes time linear in their number and never panics.

mod azure;
mod private_key;

use super::file::Checksum;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

impl Checksum {
    /// Whether `secret` carries this proof. `secret` is the whole credential, prefix and checksum included.
    pub fn holds(self, secret: &[u8]) -> bool {
        match self {
            Checksum::Crc32Base62 => crc32_base62_holds(secret),
            Checksum::Crc32Hex => crc32_hex_holds(secret),
            Checksum::GitlabRoutable => gitlab_routable_holds(secret),
            Checksum::AwsAccessKeyId => aws_access_key_id_holds(secret),
            Checksum::Jwt => jwt_holds(secret),
            Checksum::PrivateKey => private_key::holds(secret),
            Checksum::Base64Json => base64_json_holds(secret),
            Checksum::Macaroon => macaroon_holds(secret),
            Checksum::AzureKey => azure::key_holds(secret),
            Checksum::AzureDevopsPat => azure::devops_pat_holds(secret),
            Checksum::EntraClientSecret => azure::client_secret_holds(secret),
            Checksum::Bech32 => bech32_holds(secret),
            Checksum::JfrogReference => jfrog_reference_holds(secret),
        }
    }

    /// What has to follow `token_so_far` for the proof to hold: the rest of an invented token, always the same one for the same text.
    ///
    /// `token_so_far` may begin with other text (`KEY = "`); the token is the run of token characters at its end.
    pub fn complete(self, token_so_far: &str) -> String {
        let token = token_at_end(token_so_far);
        match self {
            Checksum::Crc32Base62 => base62(crc32fast::hash(after_last_underscore(token.as_bytes()))),
            Checksum::Crc32Hex => crc32_hex_suffix(token),
            Checksum::GitlabRoutable => gitlab_routable_suffix(token),
            Checksum::AwsAccessKeyId => aws_access_key_id_suffix(token),
            Checksum::Jwt => jwt(token_so_far),
            Checksum::PrivateKey => private_key::complete(token_so_far),
            Checksum::Base64Json => base64_json_suffix(token),
            Checksum::Macaroon => macaroon_suffix(token),
            Checksum::AzureKey => azure::key_suffix(token),
            Checksum::AzureDevopsPat => azure::devops_pat(token_so_far),
            Checksum::EntraClientSecret => azure::client_secret_suffix(token),
            Checksum::Bech32 => bech32_suffix(token),
            Checksum::JfrogReference => jfrog_reference_suffix(token),
        }
    }
}

/// The digits of base 62 in the order GitHub, npm and Vercel count in.
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Lower-case base 32 as RFC 4648 orders it.
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Base64 as it is met in the wild: padded or not, unused trailing bits ignored.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true).with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Unpadded base64url.
const URL_SAFE: GeneralPurpose = base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Decodes base64 or base64url, padded or not; nothing if another character is in it.
fn decode_base64(text: &[u8]) -> Option<Vec<u8>> {
    let standard: Vec<u8> = text
        .iter()
        .map(|&byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => other,
        })
        .collect();
    let end = standard.iter().rposition(|&byte| byte != b'=').map_or(0, |last| last + 1);
    LENIENT.decode(&standard[..end]).ok()
}

/// The run of token characters at the end of `text`, a closing `=` included.
fn token_at_end(text: &str) -> &str {
    let body = text.trim_end_matches('=');
    let start = body
        .rfind(|c: char| !(c.is_ascii_alphanumeric() || "_-.~+/".contains(c)))
        .map_or(0, |at| at + body[at..].chars().next().map_or(1, char::len_utf8));
    &text[start..]
}

/// An endless row of invented numbers, the same for the same text.
struct Invented(u64);

impl Invented {
    /// Starts the row that belongs to `text`.
    fn from(text: &str) -> Self {
        Invented(u64::from(crc32fast::hash(text.as_bytes())) << 32 | 0x9E37_79B9)
    }

    /// The next number (xorshift64*).
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    /// `count` bytes.
    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }

    /// `count` characters of `alphabet`, which must not be empty.
    fn text(&mut self, alphabet: &[u8], count: usize) -> String {
        (0..count).map(|_| char::from(alphabet[self.next() as usize % alphabet.len()])).collect()
    }
}

/// `number` in base 62, six digits.
fn base62(mut number: u32) -> String {
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[(number % 62) as usize];
        number /= 62;
    }
    digits.iter().copied().map(char::from).collect()
}

/// What follows the last `_`; everything if there is none.
fn after_last_underscore(token: &[u8]) -> &[u8] {
    let start = token.iter().rposition(|&byte| byte == b'_').map_or(0, |at| at + 1);
    &token[start..]
}

/// Deno sums the prefix too.
fn crc32_base62_holds(token: &[u8]) -> bool {
    let Some((whole, sum)) = token.split_last_chunk::<6>() else {
        return false;
    };
    let body = after_last_underscore(whole);
    !body.is_empty() && [body, whole].iter().any(|summed| base62(crc32fast::hash(summed)).as_bytes() == sum)
}

/// The three stretches vendors sum: all before the digits, all before the separator, and what stands between the prefix and it.
fn crc32_hex_bodies(before: &[u8]) -> [&[u8]; 3] {
    let bare = match before.split_last() {
        Some((last, rest)) if !last.is_ascii_alphanumeric() => rest,
        _ => before,
    };
    [before, bare, after_last_underscore(bare)]
}

fn crc32_hex_holds(token: &[u8]) -> bool {
    let Some((before, digits)) = token.split_last_chunk::<8>() else {
        return false;
    };
    let Some(sum) = std::str::from_utf8(digits)
        .ok()
        .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
        .and_then(|digits| u32::from_str_radix(digits, 16).ok())
    else {
        return false;
    };
    crc32_hex_bodies(before)
        .iter()
        .filter(|body| !body.is_empty())
        .map(|body| crc32fast::hash(body))
        .any(|crc| crc == sum || crc.swap_bytes() == sum)
}

/// Grafana writes its sum little end first, Atlassian in capitals over everything, the others over the middle alone.
fn crc32_hex_suffix(token: &str) -> String {
    let [all, bare, middle] = crc32_hex_bodies(token.as_bytes()).map(crc32fast::hash);
    if token.starts_with("glsa_") {
        format!("{:08x}", bare.swap_bytes())
    } else if token.ends_with('=') {
        format!("{all:08X}")
    } else {
        format!("{middle:08x}")
    }
}

/// `number` in lower-case base 36, `width` digits.
fn base36(mut number: u64, width: usize) -> String {
    let mut digits = vec![b'0'; width];
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789abcdefghijklmnopqrstuvwxyz"[(number % 36) as usize];
        number /= 36;
    }
    digits.iter().copied().map(char::from).collect()
}

/// `prefix payload . [version .] length(2) crc(7)`: the length is the payload's, the CRC covers everything before it.
fn gitlab_routable_holds(token: &[u8]) -> bool {
    let Some((summed, crc)) = token.split_last_chunk::<7>() else {
        return false;
    };
    if base36(u64::from(crc32fast::hash(summed)), 7).as_bytes() != crc {
        return false;
    }
    let Some((rest, length)) = summed.split_last_chunk::<2>() else {
        return false;
    };
    let Some(dot) = rest.iter().position(|&byte| byte == b'.') else {
        return false;
    };
    let tail_is_known = matches!(&rest[dot..], [b'.'] | [b'.', _, _, b'.']);
    let length = std::str::from_utf8(length).ok().and_then(|digits| usize::from_str_radix(digits, 36).ok());
    tail_is_known && length.is_some_and(|length| (1..=dot).contains(&length))
}

/// The payload is taken to begin after the first `-`.
fn gitlab_routable_suffix(token: &str) -> String {
    let head = token.split('.').next().unwrap_or_default();
    let payload = head.split_once('-').map_or(head, |(_, payload)| payload);
    let length = base36(payload.len() as u64, 2);
    let crc = crc32fast::hash(format!("{token}{length}").as_bytes());
    format!("{length}{}", base36(u64::from(crc), 7))
}

/// The value of a base32 digit of either case.
fn base32_value(digit: u8) -> Option<u8> {
    match digit {
        b'A'..=b'Z' => Some(digit - b'A'),
        b'a'..=b'z' => Some(digit - b'a'),
        b'2'..=b'7' => Some(digit - b'2' + 26),
        _ => None,
    }
}

/// Ids made since 2019 have the top bit of their first ten characters set and the account number in the forty bits after it;
/// older ones begin with I or J and name no account. Ids that end in EXAMPLE are the documentation's.
fn aws_access_key_id_holds(token: &[u8]) -> bool {
    if token.len() != 20 || token.ends_with(b"EXAMPLE") || !token[..4].iter().all(u8::is_ascii_uppercase) {
        return false;
    }
    let mut bits = 0u128;
    for &digit in &token[4..] {
        let Some(value) = base32_value(digit).filter(|_| !digit.is_ascii_lowercase()) else {
            return false;
        };
        bits = bits << 5 | u128::from(value);
    }
    let account = (bits >> 39) & ((1 << 40) - 1);
    match token[4] {
        b'I' | b'J' => true,
        b'A'..=b'P' => false,
        _ => (1..1_000_000_000_000).contains(&account),
    }
}

/// Sixteen base32 digits, or as many as are missing.
fn aws_access_key_id_suffix(token: &str) -> String {
    let mut invented = Invented::from(token);
    let missing = 20usize.saturating_sub(token.len());
    for _ in 0..4096 {
        let suffix = invented.text(BASE32, missing).to_ascii_uppercase();
        if aws_access_key_id_holds(format!("{token}{suffix}").as_bytes()) {
            return suffix;
        }
    }
    String::new()
}

/// Whether `bytes` are a JSON object.
fn json_object(bytes: &[u8]) -> Option<serde_json::Map<String, serde_json::Value>> {
    serde_json::from_slice(bytes).ok()
}

fn jwt_holds(token: &[u8]) -> bool {
    let mut parts = token.split(|&byte| byte == b'.');
    let (Some(header), Some(claims), Some(_signature), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let header = decode_base64(header).and_then(|json| json_object(&json));
    let claims = decode_base64(claims).and_then(|json| json_object(&json));
    claims.is_some() && header.is_some_and(|header| header.get("alg").is_some_and(serde_json::Value::is_string))
}

/// A whole token with an invented signature.
fn jwt(seed: &str) -> String {
    let mut invented = Invented::from(seed);
    let claims = format!(r#"{{"sub":"{}","iat":1700000000}}"#, invented.text(BASE32, 12));
    let signature = URL_SAFE.encode(invented.bytes(32));
    format!("{}.{}.{signature}", URL_SAFE.encode(r#"{"alg":"HS256","typ":"JWT"}"#), URL_SAFE.encode(claims))
}

/// Where the base64 of a JSON object begins (`{"` is `eyJ`, `{ ` is `eyA`, `{` and a line end is `ew`).
fn json_start(token: &[u8]) -> Option<usize> {
    token.windows(2).position(|pair| pair == b"ey" || pair == b"ew")
}

/// The object may be followed by `_` and more (Sentry), and `_` is also a base64url digit: both ends are tried.
fn base64_json_holds(token: &[u8]) -> bool {
    let Some(start) = json_start(token) else {
        return false;
    };
    let body = &token[start..];
    let ends = [Some(body.len()), body.iter().rposition(|&byte| byte == b'_'), body.iter().position(|&byte| byte == b'_')];
    ends.into_iter().flatten().any(|end| decode_base64(&body[..end]).and_then(|json| json_object(&json)).is_some())
}

/// Closes the object already begun after the prefix (on a multiple of four characters), or writes one.
fn base64_json_suffix(token: &str) -> String {
    let begun = json_start(token.as_bytes()).map_or("", |at| &token[at..]);
    let known = decode_base64(&begun.as_bytes()[..begun.len() / 4 * 4]).unwrap_or_default();
    let value = Invented::from(token).text(BASE62, 66);
    let endings = ["{\"v\":\"@\"}", ":\"@\"}", "\"@\"}", "@\"}", "\":\"@\"}", "\"v\":\"@\"}", ",\"v\":\"@\"}"];
    for ending in endings {
        let json = [known.as_slice(), ending.replace('@', &value).as_bytes()].concat();
        if json_object(&json).is_some() {
            return URL_SAFE.encode(json).get(begun.len()..).unwrap_or_default().to_string();
        }
    }
    String::new()
}

/// Everything after the prefix, which ends at the first `-` or `_` if there is one among the first sixteen bytes.
fn after_prefix(token: &[u8]) -> &[u8] {
    let head = &token[..token.len().min(16)];
    let start = head.iter().position(|&byte| byte == b'-' || byte == b'_').map_or(0, |at| at + 1);
    &token[start..]
}

fn macaroon_holds(token: &[u8]) -> bool {
    [after_prefix(token), token]
        .into_iter()
        .filter_map(decode_base64)
        .any(|bytes| macaroon_v2_holds(&bytes) || macaroon_v1_holds(&bytes))
}

/// Version 2: `02`, then fields of type, length and data, sections ended by `00`; the last field is a signature of 32 bytes.
fn macaroon_v2_holds(bytes: &[u8]) -> bool {
    const SIGNATURE: u8 = 6;
    let Some((2, mut rest)) = bytes.split_first().map(|(version, rest)| (*version, rest)) else {
        return false;
    };
    loop {
        let Some((&kind, tail)) = rest.split_first() else {
            return false;
        };
        rest = tail;
        if kind == 0 {
            continue;
        }
        if kind > SIGNATURE {
            return false;
        }
        let Some((length, used)) = varint(rest) else {
            return false;
        };
        let Some(tail) = rest.get(used..).and_then(|tail| tail.get(length..)) else {
            return false;
        };
        if kind == SIGNATURE {
            return length == 32 && tail.is_empty();
        }
        rest = tail;
    }
}

/// A little-endian base-128 number of at most three bytes, and how many it took.
fn varint(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut number = 0;
    for (at, &byte) in bytes.iter().take(3).enumerate() {
        number |= usize::from(byte & 0x7F) << (7 * at);
        if byte < 0x80 {
            return Some((number, at + 1));
        }
    }
    None
}

/// Version 1: packets of four hex digits of length, a word, a space, data and a line end; the last is a signature.
fn macaroon_v1_holds(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    let mut last = &b""[..];
    while !rest.is_empty() {
        let length = rest
            .get(..4)
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| usize::from_str_radix(digits, 16).ok());
        let Some(packet) = length.filter(|&length| length > 5).and_then(|length| rest.get(..length)) else {
            return false;
        };
        if packet.last() != Some(&b'\n') {
            return false;
        }
        last = &packet[4..];
        rest = &rest[packet.len()..];
    }
    last.starts_with(b"signature ") && last.len() == "signature ".len() + 32 + 1
}

/// A macaroon of the Python package index, or of its test instance if the token begins like one.
fn macaroon_suffix(token: &str) -> String {
    let begun = std::str::from_utf8(after_prefix(token.as_bytes())).unwrap_or_default();
    let mut invented = Invented::from(token);
    for location in ["pypi.org", "test.pypi.org", "example.org"] {
        let mut bytes = vec![2, 1, location.len() as u8];
        bytes.extend_from_slice(location.as_bytes());
        bytes.extend_from_slice(&[2, 36]);
        bytes.extend_from_slice(invented.text(BASE32, 36).as_bytes());
        bytes.extend_from_slice(&[0, 2, 12]);
        bytes.extend_from_slice(invented.text(BASE32, 12).as_bytes());
        bytes.extend_from_slice(&[0, 0, 6, 32]);
        bytes.extend_from_slice(&invented.bytes(32));
        if let Some(suffix) = URL_SAFE.encode(bytes).strip_prefix(begun) {
            return suffix.to_string();
        }
    }
    String::new()
}

/// The digits of bech32.
const BECH32: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// Folds one five-bit value into the running BCH code (BIP 173).
fn bech32_step(code: u32, value: u8) -> u32 {
    const GENERATOR: [u32; 5] = [0x3B6A_57B2, 0x2650_8E6D, 0x1EA1_19FA, 0x3D42_33DD, 0x2A14_62B3];
    let top = code >> 25;
    let shifted = (code & 0x1FF_FFFF) << 5 ^ u32::from(value);
    GENERATOR.iter().enumerate().filter(|(bit, _)| top >> bit & 1 == 1).fold(shifted, |code, (_, generator)| code ^ generator)
}

/// The code after the human-readable part and the data digits; nothing if a character is none.
fn bech32_code(token: &[u8]) -> Option<u32> {
    let separator = token.iter().rposition(|&byte| byte == b'1').filter(|&at| at > 0)?;
    let human = token[..separator].to_ascii_lowercase();
    let high = human.iter().map(|byte| byte >> 5);
    let low = human.iter().map(|byte| byte & 31);
    let mut code = high.chain([0]).chain(low).fold(1, bech32_step);
    for digit in token[separator + 1..].to_ascii_lowercase() {
        let value = BECH32.iter().position(|&known| known == digit)?;
        code = bech32_step(code, value as u8);
    }
    Some(code)
}

fn bech32_holds(token: &[u8]) -> bool {
    let mixed = token.iter().any(u8::is_ascii_lowercase) && token.iter().any(u8::is_ascii_uppercase);
    !mixed && bech32_code(token) == Some(1)
}

fn bech32_suffix(token: &str) -> String {
    let Some(code) = bech32_code(token.as_bytes()) else {
        return String::new();
    };
    let code = [0; 6].into_iter().fold(code, bech32_step) ^ 1;
    let digits: String = (0..6).map(|at| char::from(BECH32[(code >> (5 * (5 - at)) & 31) as usize])).collect();
    if token.bytes().any(|byte| byte.is_ascii_uppercase()) { digits.to_ascii_uppercase() } else { digits }
}

fn jfrog_reference_holds(token: &[u8]) -> bool {
    let Some(decoded) = decode_base64(token) else {
        return false;
    };
    let mut parts = decoded.split(|&byte| byte == b':');
    let digits = |part: Option<&[u8]>| part.is_some_and(|part| !part.is_empty() && part.iter().all(u8::is_ascii_digit));
    parts.next() == Some(b"reftkn".as_slice())
        && digits(parts.next())
        && digits(parts.next())
        && parts.next().is_some_and(|random| random.len() >= 16 && random.iter().all(u8::is_ascii_graphic))
        && parts.next().is_none()
}

fn jfrog_reference_suffix(token: &str) -> String {
    let mut invented = Invented::from(token);
    let whole = format!("reftkn:01:1900000000:{}", invented.text(BASE62, 27));
    URL_SAFE.encode(whole).strip_prefix(token).unwrap_or_default().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tokens computed apart from this program (zlib, base64 and struct of another language, or the vendor's own documents).
    const KNOWN: &[(Checksum, &str)] = &[
        (Checksum::Crc32Base62, "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"),
        (Checksum::Crc32Base62, "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"),
        (Checksum::Crc32Hex, "glsa_abcdefghijklmnopqrstuvwxyzABCDEF_ec61ef3f"),
        (Checksum::Crc32Hex, "ATATT3xFfGF0abcdefghijklmnopqrstuvwxyz=106F2EF3"),
        (Checksum::Crc32Hex, "zpka_0123456789abcdef0123456789abcdef_7759b50e"),
        (Checksum::GitlabRoutable, "bzoxd_Rb5_cHeWe1JH56wr2FCBA.0r1pum4t4"),
        (Checksum::GitlabRoutable, "glpat-bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.01.140i83xqg"),
        (Checksum::AwsAccessKeyId, "AKIARZPUZDIKKUAQEAYE"),
        (Checksum::Macaroon, "pypi-AgEIcHlwaS5vcmcCBGFiY2QAAgJbXQAABiAAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHw"),
        (
            Checksum::Macaroon,
            "MDAxM2xvY2F0aW9uIHgub3JnCjAwMTNpZGVudGlmaWVyIGFiYwowMDJmc2lnbmF0dXJlIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fCg==",
        ),
        (Checksum::AzureDevopsPat, "aebfubafayd3haqkbmga2dqpcaireeyuculakgazdinryhi6d4qc"),
        (Checksum::JfrogReference, "cmVmdGtuOjAxOjAxMjM0NTY3ODk6YWJjZGVmR2hpamtsbW5vUHFyc3R1Vnd4eXow"),
        // BIP 173
        (Checksum::Bech32, "A12UEL5L"),
        (Checksum::Bech32, "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw"),
    ];

    #[test]
    fn tokens_computed_elsewhere_hold() {
        for (kind, token) in KNOWN {
            assert!(kind.holds(token.as_bytes()), "{kind:?} {token}");
        }
    }

    #[test]
    fn one_wrong_character_breaks_the_proof() {
        for (kind, token) in KNOWN {
            if matches!(kind, Checksum::Macaroon | Checksum::JfrogReference | Checksum::AwsAccessKeyId) {
                continue;
            }
            for at in [token.len() - 1, token.len() - 4, token.len() / 2] {
                let mut bytes = token.as_bytes().to_vec();
                bytes[at] = if bytes[at] == b'3' { b'4' } else { b'3' };
                assert!(!kind.holds(&bytes), "{kind:?} {token} changed at {at}");
            }
        }
    }

    #[test]
    fn structure_is_checked_to_the_end() {
        assert!(!Checksum::AwsAccessKeyId.holds(b"AKIA7I6HAQQAAAAQEAYE"), "account above twelve digits");
        assert!(!Checksum::AwsAccessKeyId.holds(b"AKIAIOSFODNN7EXAMPLE"));
        assert!(!Checksum::AwsAccessKeyId.holds(b"AKIARZPUZDIKKUAQEAY1"));
        assert!(Checksum::AwsAccessKeyId.holds(b"AKIAJ2345672345672AB"), "made before 2019");
        let cut = KNOWN[8].1;
        assert!(!Checksum::Macaroon.holds(&cut.as_bytes()[..cut.len() - 4]));
        assert!(!Checksum::JfrogReference.holds(b"cmVmdGtuOjAxOjAxMjM0NTY3ODk"));
        assert!(!Checksum::Jwt.holds(b"eyJhbGciOiJIUzI1NiJ9.bm90IGpzb24.c2ln"));
        assert!(!Checksum::Jwt.holds(b"eyJ0eXAiOiJKV1QifQ.e30.c2ln"), "no alg");
        assert!(Checksum::Jwt.holds(b"eyJhbGciOiJIUzI1NiJ9.e30.c2ln"));
        assert!(Checksum::Base64Json.holds(b"glc_eyJvIjoiMSJ9"));
        assert!(Checksum::Base64Json.holds(b"sntrys_eyJpYXQiOjF9_abcdefghijklmnopqrstuvwxyz"));
        assert!(!Checksum::Base64Json.holds(b"glc_eyJvIjoiMSJ"));
    }

    #[test]
    fn completed_tokens_hold() {
        let starts = [
            (Checksum::Crc32Base62, "KEY=ghp_abcdefghij0123456789abcdefghij"),
            (Checksum::Crc32Hex, "glsa_abcdefghij0123456789abcdefghij01_"),
            (Checksum::Crc32Hex, "X: ATATT3xFfGF0abcdefghijklmnopqrstuvwxyz="),
            (Checksum::Crc32Hex, "zpka_0123456789abcdef0123456789abcdef_"),
            (Checksum::GitlabRoutable, "\"glpat-bbbbbbbbbbbbbbbbbbbbbbbbbbbb.01."),
            (Checksum::AwsAccessKeyId, "id = AKIA"),
            (Checksum::Jwt, ""),
            (Checksum::Base64Json, "glc_"),
            (Checksum::Base64Json, "ops_eyJzaWduSW5BZGRyZXNzIjoi"),
            (Checksum::Base64Json, "sntrys_eyJpYXQi"),
            (Checksum::Macaroon, "pypi-"),
            (Checksum::Macaroon, "pypi-AgEIcHlwaS5vcmc"),
            (Checksum::Macaroon, "pypi-AgENdGVzdC5weXBpLm9yZw"),
            (Checksum::AzureDevopsPat, ""),
            (Checksum::EntraClientSecret, "abc8Q~abcdefghijklmnopqrstuvwxyz01234"),
            (Checksum::Bech32, "AGE-SECRET-KEY-1QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7LQPZRY9X8GF2TVDW0S3"),
            (Checksum::JfrogReference, "cmVmdGtuOjAxOj"),
            (Checksum::AzureKey, "0123456789abcdefghijklmnopqrstuvw+ASb"),
            (Checksum::AzureKey, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFAzSe"),
            (Checksum::AzureKey, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHAzFu"),
        ];
        for (kind, start) in starts {
            let suffix = kind.complete(start);
            let token = format!("{}{suffix}", token_at_end(start));
            assert!(!suffix.is_empty() && kind.holds(token.as_bytes()), "{kind:?} {start} {suffix}");
            assert_eq!(suffix, kind.complete(start), "always the same");
        }
    }

    #[test]
    fn names_are_those_of_the_rule_format() {
        let name = |kind: Checksum| serde_json::to_string(&kind).unwrap();
        assert_eq!(name(Checksum::Crc32Base62), "\"crc32-base62\"");
        assert_eq!(name(Checksum::Crc32Hex), "\"crc32-hex\"");
        assert_eq!(name(Checksum::GitlabRoutable), "\"gitlab-routable\"");
        assert_eq!(name(Checksum::AwsAccessKeyId), "\"aws-access-key-id\"");
        assert_eq!(name(Checksum::Base64Json), "\"base64-json\"");
        assert_eq!(name(Checksum::AzureDevopsPat), "\"azure-devops-pat\"");
        assert_eq!(name(Checksum::Bech32), "\"bech32\"");
    }

    #[test]
    fn no_input_breaks_a_check() {
        let kinds = [
            Checksum::Crc32Base62,
            Checksum::Crc32Hex,
            Checksum::GitlabRoutable,
            Checksum::AwsAccessKeyId,
            Checksum::Jwt,
            Checksum::PrivateKey,
            Checksum::Base64Json,
            Checksum::Macaroon,
            Checksum::AzureKey,
            Checksum::AzureDevopsPat,
            Checksum::EntraClientSecret,
            Checksum::Bech32,
            Checksum::JfrogReference,
        ];
        let mut invented = Invented::from("any input");
        for round in 0..600 {
            let length = invented.next() as usize % 120;
            let mut bytes = match round % 3 {
                0 => invented.bytes(length),
                1 => invented.text(b"eyJAgEI.=-_19qJQQJ8~ ", length).into_bytes(),
                _ => KNOWN[round % KNOWN.len()].1.as_bytes().to_vec(),
            };
            if let Some(last) = bytes.len().checked_sub(1) {
                bytes[invented.next() as usize % (last + 1)] = invented.next() as u8;
                bytes.truncate(invented.next() as usize % (last + 2));
            }
            for kind in kinds {
                kind.holds(&bytes);
                kind.complete(&String::from_utf8_lossy(&bytes));
            }
        }
    }
}
