//! Stand-in keys: PEM blocks with the structure of their label and random numbers that are no key of anyone.

use super::Random;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// 1.2.840.113549.1.1.1; object identifiers here are the content of their DER element.
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// 1.2.840.113549.1.1.11
const SHA256_WITH_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
/// 1.2.840.113549.1.5.13
const PBES2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d];
/// 1.2.840.113549.1.5.12
const PBKDF2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c];
/// 1.2.840.113549.2.9
const HMAC_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x09];
/// 2.16.840.1.101.3.4.1.42
const AES_256_CBC: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a];
/// 1.2.840.10045.3.1.7
const PRIME256V1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// 2.5.4.3
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];

/// DER tag of a whole number.
const INTEGER: u8 = 0x02;
/// DER tag of a string of bits.
const BIT_STRING: u8 = 0x03;
/// DER tag of a string of bytes.
const OCTET_STRING: u8 = 0x04;
/// DER tag of an absent value.
const NULL: u8 = 0x05;
/// DER tag of a name of an algorithm or attribute.
const OBJECT_IDENTIFIER: u8 = 0x06;
/// DER tag of a text.
const UTF8_STRING: u8 = 0x0c;
/// DER tag of a time with a two-digit year.
const UTC_TIME: u8 = 0x17;
/// DER tag of an ordered list.
const SEQUENCE: u8 = 0x30;
/// DER tag of an unordered list.
const SET: u8 = 0x31;

/// The block for `label`, without a line end after its last line; `None` for a label whose structure is not known here.
pub(super) fn block(label: &str, random: &mut Random) -> Option<String> {
    let body = match label {
        "RSA PRIVATE KEY" => rsa_private_key(random),
        "RSA PUBLIC KEY" => rsa_public_key(random),
        "EC PRIVATE KEY" => ec_private_key(random),
        "DSA PRIVATE KEY" => dsa_private_key(random),
        "PRIVATE KEY" => private_key_info(random),
        "ENCRYPTED PRIVATE KEY" => encrypted_private_key_info(random),
        "PUBLIC KEY" => public_key_info(random),
        "CERTIFICATE" => certificate(random),
        "OPENSSH PRIVATE KEY" => {
            return Some(armour(label, &wrapped(&openssh_private_key(random), 70)));
        }
        "PGP PRIVATE KEY BLOCK" => {
            return Some(armour(label, &pgp_lines(&pgp_key(PgpPart::Private, random))));
        }
        "PGP PUBLIC KEY BLOCK" => {
            return Some(armour(label, &pgp_lines(&pgp_key(PgpPart::Public, random))));
        }
        _ => return None,
    };
    Some(armour(label, &wrapped(&body, 64)))
}

/// `lines` between the BEGIN and END lines of `label`.
fn armour(label: &str, lines: &str) -> String {
    format!("-----BEGIN {label}-----\n{lines}\n-----END {label}-----")
}

/// `bytes` in base64, broken into lines of `width` characters.
fn wrapped(bytes: &[u8], width: usize) -> String {
    let mut text = String::new();
    for (at, character) in STANDARD.encode(bytes).chars().enumerate() {
        if at > 0 && at % width == 0 {
            text.push('\n');
        }
        text.push(character);
    }
    text
}

/// The element `tag` around `content`.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    let length = content.len();
    if length < 0x80 {
        bytes.push(length as u8);
    } else {
        let digits = length.to_be_bytes();
        let used = digits.iter().skip_while(|b| **b == 0).count();
        bytes.push(0x80 | used as u8);
        bytes.extend_from_slice(&digits[digits.len() - used..]);
    }
    bytes.extend_from_slice(content);
    bytes
}

/// A sequence of `parts`.
fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    element(SEQUENCE, &parts.concat())
}

/// An INTEGER from big-endian bytes without leading zeros; a zero byte keeps a number with its top bit set positive.
fn integer(magnitude: &[u8]) -> Vec<u8> {
    let mut content = Vec::with_capacity(magnitude.len() + 1);
    if magnitude.first().is_some_and(|b| b & 0x80 != 0) {
        content.push(0);
    }
    content.extend_from_slice(magnitude);
    element(INTEGER, &content)
}

/// An algorithm identifier with NULL parameters.
fn algorithm(identifier: &[u8]) -> Vec<u8> {
    sequence(&[object(identifier), element(NULL, &[])])
}

/// An OBJECT IDENTIFIER.
fn object(identifier: &[u8]) -> Vec<u8> {
    element(OBJECT_IDENTIFIER, identifier)
}

/// A BIT STRING of whole bytes.
fn bit_string(content: &[u8]) -> Vec<u8> {
    element(BIT_STRING, &[&[0], content].concat())
}

/// A random odd number of exactly `length` bytes, its top bit set.
fn number(length: usize, random: &mut Random) -> Vec<u8> {
    let mut bytes = random.bytes(length);
    if let Some(first) = bytes.first_mut() {
        *first |= 0x80;
    }
    if let Some(last) = bytes.last_mut() {
        *last |= 1;
    }
    bytes
}

/// PKCS #1 RSAPrivateKey of 2048 bits.
fn rsa_private_key(random: &mut Random) -> Vec<u8> {
    let mut parts = vec![integer(&[0]), integer(&number(256, random)), integer(&[1, 0, 1])];
    for length in [256, 128, 128, 128, 128, 128] {
        parts.push(integer(&number(length, random)));
    }
    sequence(&parts)
}

/// PKCS #1 RSAPublicKey of 2048 bits.
fn rsa_public_key(random: &mut Random) -> Vec<u8> {
    sequence(&[integer(&number(256, random)), integer(&[1, 0, 1])])
}

/// SEC 1 ECPrivateKey on P-256.
fn ec_private_key(random: &mut Random) -> Vec<u8> {
    let point = [vec![4], random.bytes(64)].concat();
    sequence(&[
        integer(&[1]),
        element(OCTET_STRING, &random.bytes(32)),
        element(0xa0, &object(PRIME256V1)),
        element(0xa1, &bit_string(&point)),
    ])
}

/// OpenSSL's DSA private key: version, p, q, g, y, x.
fn dsa_private_key(random: &mut Random) -> Vec<u8> {
    let mut parts = vec![integer(&[0])];
    for length in [256, 32, 256, 256, 32] {
        parts.push(integer(&number(length, random)));
    }
    sequence(&parts)
}

/// PKCS #8 PrivateKeyInfo around an RSA key.
fn private_key_info(random: &mut Random) -> Vec<u8> {
    sequence(&[integer(&[0]), algorithm(RSA_ENCRYPTION), element(OCTET_STRING, &rsa_private_key(random))])
}

/// PKCS #8 EncryptedPrivateKeyInfo: PBES2 with PBKDF2-HMAC-SHA-256 and AES-256-CBC.
fn encrypted_private_key_info(random: &mut Random) -> Vec<u8> {
    let derivation = sequence(&[
        object(PBKDF2),
        sequence(&[element(OCTET_STRING, &random.bytes(8)), integer(&[0x08, 0x00]), algorithm(HMAC_SHA256)]),
    ]);
    let cipher = sequence(&[object(AES_256_CBC), element(OCTET_STRING, &random.bytes(16))]);
    sequence(&[sequence(&[object(PBES2), sequence(&[derivation, cipher])]), element(OCTET_STRING, &random.bytes(1232))])
}

/// SubjectPublicKeyInfo around an RSA key.
fn public_key_info(random: &mut Random) -> Vec<u8> {
    sequence(&[algorithm(RSA_ENCRYPTION), bit_string(&rsa_public_key(random))])
}

/// An X.509 version 3 certificate without extensions.
fn certificate(random: &mut Random) -> Vec<u8> {
    let name = sequence(&[element(SET, &sequence(&[object(COMMON_NAME), element(UTF8_STRING, b"keyward.example")]))]);
    let validity = sequence(&[element(UTC_TIME, b"240101000000Z"), element(UTC_TIME, b"340101000000Z")]);
    let to_be_signed = sequence(&[
        element(0xa0, &integer(&[2])),
        integer(&number(16, random)),
        algorithm(SHA256_WITH_RSA),
        name.clone(),
        validity,
        name,
        public_key_info(random),
    ]);
    sequence(&[to_be_signed, algorithm(SHA256_WITH_RSA), bit_string(&random.bytes(256))])
}

/// An unencrypted Ed25519 key in the openssh-key-v1 format.
fn openssh_private_key(random: &mut Random) -> Vec<u8> {
    let public = random.bytes(32);
    let public_blob = [ssh_string(b"ssh-ed25519"), ssh_string(&public)].concat();
    let check = random.bytes(4);
    let mut private = [
        check.clone(),
        check,
        public_blob.clone(),
        ssh_string(&[random.bytes(32), public].concat()),
        ssh_string(b"keyward@example"),
    ]
    .concat();
    let mut padding = 0;
    while private.len() % 8 != 0 {
        padding += 1;
        private.push(padding);
    }
    [
        b"openssh-key-v1\0".to_vec(),
        ssh_string(b"none"),
        ssh_string(b"none"),
        ssh_string(b""),
        1_u32.to_be_bytes().to_vec(),
        ssh_string(&public_blob),
        ssh_string(&private),
    ]
    .concat()
}

/// Bytes behind their length in four bytes, as SSH writes strings. Strings here are far shorter than 4 GiB.
fn ssh_string(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32).to_be_bytes(), bytes].concat()
}

/// Which half of an OpenPGP key a block holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PgpPart {
    Private,
    Public,
}

/// A version 4 RSA key packet and a user id packet.
fn pgp_key(part: PgpPart, random: &mut Random) -> Vec<u8> {
    let created = 1_700_000_000_u32.to_be_bytes();
    let mut key = [vec![4], created.to_vec(), vec![1]].concat();
    key.extend(pgp_integer(&number(256, random)));
    key.extend(pgp_integer(&[1, 0, 1]));
    let tag = match part {
        PgpPart::Public => 6,
        PgpPart::Private => {
            let mut secret = Vec::new();
            for length in [256, 128, 128, 128] {
                secret.extend(pgp_integer(&number(length, random)));
            }
            let sum = secret.iter().fold(0_u16, |sum, b| sum.wrapping_add(u16::from(*b)));
            key.push(0);
            key.extend(secret);
            key.extend(sum.to_be_bytes());
            5
        }
    };
    [pgp_packet(tag, &key), pgp_packet(13, b"Keyward <keyward@example.org>")].concat()
}

/// A packet in the new format with its length in five bytes.
fn pgp_packet(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u32).to_be_bytes();
    [&[0xc0 | tag, 0xff], length.as_slice(), body].concat()
}

/// A multiprecision integer: its length in bits, then its bytes, which have no leading zeros.
fn pgp_integer(magnitude: &[u8]) -> Vec<u8> {
    let unused = magnitude.first().map_or(0, |b| b.leading_zeros());
    let bits = (magnitude.len() * 8) as u16 - unused as u16;
    [&bits.to_be_bytes(), magnitude].concat()
}

/// The lines of an armoured block: an empty line, base64 and the CRC-24 of the bytes.
fn pgp_lines(bytes: &[u8]) -> String {
    let crc = crc24(bytes).to_be_bytes();
    format!("\n{}\n={}", wrapped(bytes, 64), STANDARD.encode(&crc[1..]))
}

/// OpenPGP's CRC-24 (RFC 9580, 6.1.1).
fn crc24(bytes: &[u8]) -> u32 {
    let mut crc = 0x00b7_04ce_u32;
    for byte in bytes {
        crc ^= u32::from(*byte) << 16;
        for _ in 0..8 {
            crc <<= 1;
            if crc & 0x0100_0000 != 0 {
                crc ^= 0x0186_4cfb;
            }
        }
    }
    crc & 0x00ff_ffff
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The decoded body of the block for `label`, and the block.
    fn decoded(label: &str) -> (Vec<u8>, String) {
        let text = block(label, &mut Random::from_seed("pem")).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines.len() >= 4, "{text}");
        assert_eq!(lines[0], format!("-----BEGIN {label}-----"));
        assert_eq!(lines[lines.len() - 1], format!("-----END {label}-----"));
        let body: String = lines[1..lines.len() - 1].iter().filter(|line| !line.starts_with('=')).copied().collect();
        (STANDARD.decode(body).unwrap(), text)
    }

    /// Reads one element; answers tag, content and what follows.
    fn read(bytes: &[u8]) -> (u8, &[u8], &[u8]) {
        let (length, header) = match bytes[1] {
            short @ 0..=0x7f => (usize::from(short), 2),
            long => {
                let count = usize::from(long & 0x7f);
                let length = bytes[2..2 + count].iter().fold(0, |n, b| n << 8 | usize::from(*b));
                (length, 2 + count)
            }
        };
        (bytes[0], &bytes[header..header + length], &bytes[header + length..])
    }

    /// The tags inside the outer sequence, which must span the bytes exactly.
    fn tags(bytes: &[u8]) -> Vec<u8> {
        let (outer, mut inner, rest) = read(bytes);
        assert_eq!(outer, SEQUENCE);
        assert!(rest.is_empty());
        let mut tags = Vec::new();
        while !inner.is_empty() {
            let (tag, _, after) = read(inner);
            tags.push(tag);
            inner = after;
        }
        tags
    }

    #[test]
    fn der_labels_have_their_structure() {
        for (label, expected) in [
            ("RSA PRIVATE KEY", vec![INTEGER; 9]),
            ("RSA PUBLIC KEY", vec![INTEGER; 2]),
            ("DSA PRIVATE KEY", vec![INTEGER; 6]),
            ("EC PRIVATE KEY", vec![INTEGER, OCTET_STRING, 0xa0, 0xa1]),
            ("PRIVATE KEY", vec![INTEGER, SEQUENCE, OCTET_STRING]),
            ("ENCRYPTED PRIVATE KEY", vec![SEQUENCE, OCTET_STRING]),
            ("PUBLIC KEY", vec![SEQUENCE, BIT_STRING]),
            ("CERTIFICATE", vec![SEQUENCE, SEQUENCE, BIT_STRING]),
        ] {
            assert_eq!(tags(&decoded(label).0), expected, "{label}");
        }
    }

    #[test]
    fn openssh_keys_carry_their_magic() {
        let (body, _) = decoded("OPENSSH PRIVATE KEY");
        assert!(body.starts_with(b"openssh-key-v1\0\0\0\0\x04none"));
    }

    #[test]
    fn pgp_blocks_hold_the_packet_of_their_label() {
        assert_eq!(decoded("PGP PRIVATE KEY BLOCK").0[0], 0xc5);
        assert_eq!(decoded("PGP PUBLIC KEY BLOCK").0[0], 0xc6);
        let (body, text) = decoded("PGP PRIVATE KEY BLOCK");
        let crc = text.lines().find(|line| line.starts_with('=')).unwrap();
        assert_eq!(STANDARD.decode(&crc[1..]).unwrap(), crc24(&body).to_be_bytes()[1..]);
    }

    #[test]
    fn crc24_has_its_published_check_value() {
        assert_eq!(crc24(b"123456789"), 0x0021_cf02);
    }
}
