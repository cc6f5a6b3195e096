//! Whether a block of text is a private key: PEM of every label, OpenSSH, PGP armour and PuTTY files.
//! A key locked with a passphrase is a private key too.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Invented, decode_base64};

/// Whether `block` holds a private key whose body decodes to one. Line ends may be real or written `\n`, and lines may
/// be indented, quoted and joined with `+` as in source code.
pub(super) fn holds(block: &[u8]) -> bool {
    let text = unescape(block);
    if let Some(at) = find(&text, b"PuTTY-User-Key-File-") {
        return putty_holds(&text[at..]);
    }
    let Some((label, body)) = pem_parts(&text) else {
        return false;
    };
    if label.starts_with("PGP ") {
        return pgp_holds(body);
    }
    let locked = find(body, b"ENCRYPTED").is_some();
    let Some(bytes) = decode_base64(&body_digits(body)) else {
        return false;
    };
    match label.as_str() {
        "OPENSSH PRIVATE KEY" => openssh_holds(&bytes),
        "SSH2 ENCRYPTED PRIVATE KEY" => bytes.starts_with(&[0x3F, 0x6F, 0xF9, 0xEB]),
        _ if locked && label != "ENCRYPTED PRIVATE KEY" => bytes.len() >= 32 && bytes.len() % 8 == 0,
        _ => der_holds(&bytes),
    }
}

/// The rest of a PEM block whose `BEGIN` line ends `text_so_far`: an invented body and the `END` line.
pub(super) fn complete(text_so_far: &str) -> String {
    let Some(at) = text_so_far.rfind("-----BEGIN ") else {
        return String::new();
    };
    let rest = &text_so_far[at + "-----BEGIN ".len()..];
    let Some((label, _)) = rest.split_once("-----") else {
        return String::new();
    };
    let mut invented = Invented::from(text_so_far);
    let bytes = match label {
        "OPENSSH PRIVATE KEY" => openssh_key(&mut invented),
        "PGP PRIVATE KEY BLOCK" => pgp_key(&mut invented),
        "SSH2 ENCRYPTED PRIVATE KEY" => [vec![0x3F, 0x6F, 0xF9, 0xEB], invented.bytes(300)].concat(),
        "ENCRYPTED PRIVATE KEY" => locked_pkcs8_key(&mut invented),
        "PRIVATE KEY" => pkcs8_key(&mut invented),
        "EC PRIVATE KEY" => ec_key(&mut invented),
        "DSA PRIVATE KEY" => der(0x30, &numbers(&mut invented, &[128, 20, 128, 128, 20])),
        _ => der(0x30, &numbers(&mut invented, &[129, 3, 128, 65, 65, 64, 64, 64])),
    };
    let body = STANDARD.encode(&bytes);
    let lines: Vec<&str> = (0..body.len()).step_by(64).map(|at| &body[at..body.len().min(at + 64)]).collect();
    let head = if label.starts_with("PGP ") { "\n\n" } else { "\n" };
    format!("{head}{}\n-----END {label}-----", lines.join("\n"))
}

/// Where `needle` first stands in `text`.
fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    memchr::memmem::find(text, needle)
}

/// Turns written `\n` and `\r` into line ends, drops other backslashes, quotes and commas, and the `+` that joins quoted strings.
fn unescape(block: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(block.len());
    let mut quoted = false;
    let mut bytes = block.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => {
                if let Some(b'n' | b'r') = bytes.peek() {
                    bytes.next();
                    text.push(b'\n');
                }
            }
            b'"' | b'\'' | b'`' => quoted = true,
            b',' => {}
            b'+' | b'.' if quoted => {}
            _ => {
                quoted = quoted && byte.is_ascii_whitespace();
                text.push(byte);
            }
        }
    }
    text
}

/// The label of the first block named a private key, and what stands before the next dashes.
fn pem_parts(text: &[u8]) -> Option<(String, &[u8])> {
    let mut rest = text;
    loop {
        let begin = find(rest, b"BEGIN ")? + b"BEGIN ".len();
        let after = &rest[begin..];
        rest = after;
        let label_end = after.iter().take(64).position(|&byte| byte == b'-').unwrap_or(0);
        let label = std::str::from_utf8(&after[..label_end]).unwrap_or_default().trim();
        if !label.contains("PRIVATE KEY") {
            continue;
        }
        let dashes = after[label_end..].iter().take_while(|&&byte| byte == b'-').count();
        let body = &after[label_end + dashes..];
        let end = find(body, b"-----END").or_else(|| find(body, b"---- END")).unwrap_or(body.len());
        return Some((label.to_string(), &body[..end]));
    }
}

/// The base64 digits of a body, without header lines and white space.
fn body_digits(body: &[u8]) -> Vec<u8> {
    let mut digits = Vec::with_capacity(body.len());
    for line in body.split(|&byte| byte == b'\n' || byte == b'\r') {
        if !line.contains(&b':') {
            digits.extend(line.iter().filter(|byte| !byte.is_ascii_whitespace()));
        }
    }
    digits
}

/// One DER element: its tag, its content and what follows; the content must lie inside `bytes`.
fn der_element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let count = usize::from(first & 0x7F);
        if !(1..=4).contains(&count) || rest.len() < count {
            return None;
        }
        let (digits, rest) = rest.split_at(count);
        (digits.iter().fold(0, |length, &digit| length << 8 | usize::from(digit)), rest)
    };
    (length <= rest.len()).then(|| (tag, &rest[..length], &rest[length..]))
}

/// PKCS#1, SEC 1, DSA, PKCS#8 and its locked form all are a sequence that ends with the input.
fn der_holds(bytes: &[u8]) -> bool {
    const INTEGER: u8 = 0x02;
    const OCTETS: u8 = 0x04;
    const SEQUENCE: u8 = 0x30;
    let Some((SEQUENCE, content, rest)) = der_element(bytes) else {
        return false;
    };
    let Some((first_tag, first, after_first)) = der_element(content) else {
        return false;
    };
    let Some((second_tag, second, after_second)) = der_element(after_first) else {
        return false;
    };
    rest.iter().all(|&byte| byte == 0)
        && match (first_tag, second_tag) {
            (INTEGER, INTEGER) => first.len() == 1 && second.len() >= 32 && integers(after_second) >= 3,
            (INTEGER, OCTETS) => first == [1] && second.len() >= 16,
            (INTEGER, SEQUENCE) => {
                first.len() == 1 && matches!(der_element(after_second), Some((OCTETS, key, _)) if key.len() >= 16)
            }
            (SEQUENCE, OCTETS) => second.len() >= 16,
            _ => false,
        }
}

/// How many integers stand one after the other in `bytes`.
fn integers(mut bytes: &[u8]) -> usize {
    let mut count = 0;
    while let Some((0x02, _, rest)) = der_element(bytes) {
        count += 1;
        bytes = rest;
    }
    count
}

/// `openssh-key-v1`, then cipher, derivation and its options, the number of keys, a public key and the private part.
fn openssh_holds(bytes: &[u8]) -> bool {
    let strings = |bytes, count| {
        (0..count).try_fold(bytes, |rest: &[u8], _| {
            let (length, rest) = rest.split_first_chunk::<4>()?;
            rest.get(u32::from_be_bytes(*length) as usize..)
        })
    };
    let Some(rest) = bytes.strip_prefix(b"openssh-key-v1\0").and_then(|rest| strings(rest, 3)) else {
        return false;
    };
    match rest.split_first_chunk::<4>() {
        Some((count, keys)) => u32::from_be_bytes(*count) >= 1 && strings(keys, 2).is_some(),
        None => false,
    }
}

/// Armour: header lines up to an empty one, base64, and a line of `=` and a CRC-24. The first packet is a secret key.
fn pgp_holds(body: &[u8]) -> bool {
    let mut digits = Vec::new();
    let mut sum = None;
    for line in body.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii) {
        if let Some(code) = line.strip_prefix(b"=").filter(|code| code.len() == 4) {
            sum = decode_base64(code);
        } else if !line.windows(2).any(|pair| pair == b": ") && !line.ends_with(b":") {
            digits.extend_from_slice(line);
        }
    }
    let Some(bytes) = decode_base64(&digits) else {
        return false;
    };
    let tag = match bytes.first() {
        Some(&first) if first & 0xC0 == 0xC0 => first & 0x3F,
        Some(&first) if first & 0x80 == 0x80 => first >> 2 & 0x0F,
        _ => return false,
    };
    let sum_agrees = sum.is_none_or(|sum| sum == crc24(&bytes).to_be_bytes()[1..]);
    matches!(tag, 5 | 7) && bytes.len() > 32 && sum_agrees
}

/// The checksum of PGP armour (RFC 4880, 6.1).
fn crc24(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0xB7_04CE, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte) << 16, |crc, _| {
            let shifted = crc << 1;
            if shifted & 0x100_0000 == 0 { shifted } else { shifted ^ 0x186_4CFB }
        })
    })
}

/// A PuTTY file names how many lines its private part has, and they decode.
fn putty_holds(text: &[u8]) -> bool {
    let mut lines = text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let count = lines
        .by_ref()
        .find_map(|line| line.strip_prefix(b"Private-Lines:"))
        .and_then(|digits| std::str::from_utf8(digits).ok())
        .and_then(|digits| digits.trim().parse::<usize>().ok());
    let Some(count) = count.filter(|count| (1..=10_000).contains(count)) else {
        return false;
    };
    let body: Vec<&[u8]> = lines.take(count).collect();
    body.len() == count && decode_base64(&body.concat()).is_some_and(|bytes| bytes.len() >= 20)
}

/// One DER element of `content`.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len() as u16;
    let mut element = vec![tag];
    match length {
        0..0x80 => element.push(length as u8),
        0x80..0x100 => element.extend([0x81, length as u8]),
        _ => element.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    element.extend_from_slice(content);
    element
}

/// Version 0 and invented positive integers of so many bytes.
fn numbers(invented: &mut Invented, sizes: &[usize]) -> Vec<u8> {
    let mut content = der(0x02, &[0]);
    for &size in sizes {
        let mut bytes = invented.bytes(size);
        bytes[0] = bytes[0] & 0x3F | 0x10;
        content.extend(der(0x02, &bytes));
    }
    content
}

/// A SEC 1 key on P-256 (no such point exists; nothing checks).
fn ec_key(invented: &mut Invented) -> Vec<u8> {
    const P256: [u8; 10] = [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];
    let parts = [der(0x02, &[1]), der(0x04, &invented.bytes(32)), der(0xA0, &P256)];
    der(0x30, &parts.concat())
}

/// A PKCS#8 key for Ed25519.
fn pkcs8_key(invented: &mut Invented) -> Vec<u8> {
    let algorithm = der(0x30, &[0x06, 0x03, 0x2B, 0x65, 0x70]);
    let parts = [der(0x02, &[0]), algorithm, der(0x04, &der(0x04, &invented.bytes(32)))];
    der(0x30, &parts.concat())
}

/// A locked PKCS#8 key (PBES2).
fn locked_pkcs8_key(invented: &mut Invented) -> Vec<u8> {
    let algorithm = der(0x30, &[0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x05, 0x0D, 0x05, 0x00]);
    der(0x30, &[algorithm, der(0x04, &invented.bytes(160))].concat())
}

/// An `openssh-key-v1` file with an Ed25519 key and no passphrase.
fn openssh_key(invented: &mut Invented) -> Vec<u8> {
    let string = |bytes: &[u8]| [&(bytes.len() as u32).to_be_bytes()[..], bytes].concat();
    let mut file = b"openssh-key-v1\0".to_vec();
    file.extend([string(b"none"), string(b"none"), string(b"")].concat());
    file.extend(1u32.to_be_bytes());
    let public = [string(b"ssh-ed25519"), string(&invented.bytes(32))].concat();
    file.extend(string(&public));
    file.extend(string(&[invented.bytes(8), public, string(&invented.bytes(64)), string(b"")].concat()));
    file
}

/// A version 4 secret-key packet of invented content.
fn pgp_key(invented: &mut Invented) -> Vec<u8> {
    let content = [vec![4], invented.bytes(180)].concat();
    [vec![0xC5, content.len() as u8], content].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LABELS: [&str; 8] = [
        "RSA PRIVATE KEY",
        "DSA PRIVATE KEY",
        "EC PRIVATE KEY",
        "PRIVATE KEY",
        "ENCRYPTED PRIVATE KEY",
        "OPENSSH PRIVATE KEY",
        "PGP PRIVATE KEY BLOCK",
        "SSH2 ENCRYPTED PRIVATE KEY",
    ];

    fn invented_block(label: &str) -> String {
        let begin = format!("-----BEGIN {label}-----");
        format!("{begin}{}\n", complete(&begin))
    }

    #[test]
    fn completed_blocks_hold_whole_and_not_cut() {
        for label in LABELS {
            let block = invented_block(label);
            assert!(holds(block.as_bytes()), "{label}");
            let escaped = block.replace('\n', "\\n");
            assert!(holds(format!("\"{escaped}\"").as_bytes()), "{label}, escaped");
            let joined = block.replace('\n', "\\n\" +\n    \"");
            assert!(holds(joined.as_bytes()), "{label}, joined");
            let body_at = block.find("-----\n").unwrap() + 6;
            let cut = format!("{}abc...{}", &block[..body_at], &block[block.find("\n-----END").unwrap()..]);
            assert!(!holds(cut.as_bytes()), "{label}, cut");
        }
    }

    #[test]
    fn a_public_key_or_certificate_is_not_a_private_key() {
        let block = invented_block("PRIVATE KEY");
        assert!(!holds(block.replace("PRIVATE KEY", "PUBLIC KEY").as_bytes()));
        let certificate = der(0x30, &[der(0x30, &[0x02, 0x01, 0x02]), der(0x30, &[0x05, 0x00])].concat());
        let text = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----", STANDARD.encode(certificate));
        assert!(!holds(text.as_bytes()));
    }

    #[test]
    fn armour_with_a_wrong_sum_is_refused() {
        let packet = pgp_key(&mut Invented::from("armour"));
        let armour = |sum: u32| {
            let sum = STANDARD.encode(&sum.to_be_bytes()[1..]);
            let head = "-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: GnuPG v2\n\n";
            format!("{head}{}\n={sum}\n-----END PGP PRIVATE KEY BLOCK-----\n", STANDARD.encode(&packet))
        };
        assert_eq!(crc24(b"123456789"), 0x21_CF02);
        assert!(holds(armour(crc24(&packet)).as_bytes()));
        assert!(!holds(armour(crc24(&packet) ^ 1).as_bytes()));
    }

    #[test]
    fn putty_files_need_all_their_private_lines() {
        let line = STANDARD.encode(Invented::from("putty").bytes(48));
        let file = format!(
            "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: x\nPublic-Lines: 1\n{line}\nPrivate-Lines: 2\n{line}\n{line}\nPrivate-MAC: 00\n"
        );
        assert!(holds(file.as_bytes()));
        assert!(!holds(file.replace("Private-Lines: 2", "Private-Lines: 3").as_bytes()));
        assert!(!holds(file.replace("Private-Lines: 2", "Private-Lines: x").as_bytes()));
    }
}
