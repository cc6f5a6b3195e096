//! Azure's checksums: Marvin-32 with a seed for each service, and the CRC-32 of old Azure DevOps tokens.
//! As published in Microsoft's security-utilities library.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{BASE32, BASE62, Invented, base32_value, decode_base64};

/// The four characters that mark a service's keys, and the seeds its kinds of key are hashed with.
const SERVICES: &[(&[u8; 4], &[&[u8; 8]])] = &[
    (b"+ASb", MESSAGING),
    (b"+AEh", MESSAGING),
    (b"+ARm", MESSAGING),
    (b"AZEG", &[b"SendRecv"]),
    (b"+ABa", &[b"AbAcct00"]),
    (b"AzFu", &[b"Master00", b"System00", b"Functi00"]),
    (b"ACDb", &[b"SysAll00", b"Resour00", b"MastRO00", b"SystRO00", b"Encryp00", b"MastRW00", b"SystRW00"]),
    (b"AzCa", &[b"Access00"]),
    (b"+ASt", &[b"Default0"]),
    (b"AzSe", &[b"Query000", b"PAdmin00"]),
    (b"+AMC", &[b"Classic0"]),
    (b"+ACR", &[b"ACRDflt0"]),
    (b"+SQL", &[b"UsrPwd00"]),
    (b"AIoT", &[b"IoTHub00", b"DpsKey00", b"Device00"]),
    (b"APIM", &[b"Tenant00", b"IoTHub00", b"Gatewy00", b"GitKey00"]),
];

/// Service Bus, Event Hubs and Relay share theirs.
const MESSAGING: &[&[u8; 8]] = &[b"System00", b"Unknown0", b"Send0000", b"Manage00", b"Listen00"];

/// Whether `token` is an identifiable key or a common annotated security key with the right hash.
pub(super) fn key_holds(token: &[u8]) -> bool {
    let end = token.iter().rposition(|&byte| byte != b'=').map_or(0, |last| last + 1);
    let body = &token[..end];
    if annotated(body) {
        return annotated_key_holds(body);
    }
    let Some(mark) = body.len().checked_sub(10).map(|at| &body[at..at + 4]) else {
        return false;
    };
    let Some((_, seeds)) = SERVICES.iter().find(|(known, _)| known.as_slice() == mark) else {
        return false;
    };
    let Some(bytes) = decode_base64(body) else {
        return false;
    };
    let Some((data, sum)) = bytes.split_last_chunk::<4>() else {
        return false;
    };
    seeds.iter().any(|seed| marvin(data, seed).to_le_bytes() == *sum)
}

/// What has to follow the random part and the mark of an Azure key; Functions keys are base64url.
pub(super) fn key_suffix(token: &str) -> String {
    if annotated(token.as_bytes()) {
        return decode_base64(token.get(..80).unwrap_or_default().as_bytes())
            .map(|data| base62_little(marvin(&data, b"Default0"))[..4].to_string())
            .unwrap_or_default();
    }
    let mark = token.as_bytes().split_last_chunk::<4>().map(|(_, mark)| mark);
    let seed = SERVICES.iter().find(|(known, _)| Some(*known) == mark).map_or(b"Default0", |(_, seeds)| seeds[0]);
    let whole_bytes = (token.len() * 6).div_ceil(8);
    let padded = format!("{token}{}", "A".repeat((4 - token.len() % 4) % 4));
    let Some(mut bytes) = decode_base64(padded.as_bytes()) else {
        return String::new();
    };
    bytes.truncate(whole_bytes);
    let sum = marvin(&bytes, seed);
    bytes.extend_from_slice(&sum.to_le_bytes());
    let suffix = STANDARD.encode(bytes)[token.len()..].to_string();
    if mark == Some(b"AzFu") { suffix.replace('+', "-").replace('/', "_") } else { suffix }
}

/// Whether `JQQJ` stands where a common annotated security key has it.
fn annotated(body: &[u8]) -> bool {
    body.get(52..56) == Some(b"JQQJ")
}

/// Sixty bytes, then the first characters of their hash, in base 62 or (older keys) base 64.
fn annotated_key_holds(body: &[u8]) -> bool {
    let (Some(data), Some(sum)) = (body.get(..80).and_then(decode_base64), body.get(80..)) else {
        return false;
    };
    let hash = marvin(&data, b"Default0");
    let known = [base62_little(hash), STANDARD.encode(hash.to_le_bytes())];
    let compared = sum.len().min(6);
    sum.len() >= 4 && known.iter().any(|known| known.as_bytes().get(..compared) == Some(&sum[..compared]))
}

/// The hash's bytes, lowest first, read as one number in base 62; filled up to six digits with zeros behind.
fn base62_little(hash: u32) -> String {
    let mut number = hash.swap_bytes();
    let mut digits = Vec::new();
    while number > 0 {
        digits.push(BASE62[(number % 62) as usize]);
        number /= 62;
    }
    digits.reverse();
    digits.resize(6, b'0');
    digits.into_iter().map(char::from).collect()
}

/// The order in which Entra counts its 66 characters.
const ENTRA: &[u8; 66] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ1234567890.-_~";

/// The first three of the six digits of the hash of a client secret.
fn client_secret_sum(text: &[u8]) -> [u8; 3] {
    let mut number = marvin(text, b"AadPwd00");
    let mut digits = [ENTRA[0]; 6];
    for digit in digits.iter_mut().rev() {
        *digit = ENTRA[(number % 66) as usize];
        number /= 66;
    }
    [digits[0], digits[1], digits[2]]
}

/// Secrets marked `7Q~` carry no hash; 37 characters are their proof.
pub(super) fn client_secret_holds(token: &[u8]) -> bool {
    match token.get(3..6) {
        Some(b"7Q~") => token.len() == 37,
        Some(b"8Q~") if token.len() == 40 => client_secret_sum(&token[..37]) == token[37..],
        _ => false,
    }
}

/// The three characters after 37, or nothing for the older mark.
pub(super) fn client_secret_suffix(token: &str) -> String {
    let token = token.as_bytes();
    match token.get(3..6) {
        Some(b"8Q~") => client_secret_sum(token).iter().copied().map(char::from).collect(),
        _ => String::new(),
    }
}

/// Where the bytes of the CRC stand among the 32 of a token, lowest byte first.
const DEVOPS_SUM: [usize; 4] = [22, 8, 7, 2];

/// What the CRC is mixed with: one value for users' tokens, one for applications'.
const DEVOPS_SEEDS: [u32; 2] = [0xE0B9_692D, 0x1019_F92E];

/// The CRC of the 28 bytes that are not the CRC.
fn devops_crc(bytes: &[u8]) -> u32 {
    let data: Vec<u8> = (0..32).filter(|at| !DEVOPS_SUM.contains(at)).map(|at| bytes[at]).collect();
    crc32fast::hash(&data)
}

/// The bytes of base32 text; nothing if it holds another character or both cases.
fn decode_base32(text: &[u8]) -> Option<Vec<u8>> {
    if text.iter().any(u8::is_ascii_lowercase) && text.iter().any(u8::is_ascii_uppercase) {
        return None;
    }
    let (mut bytes, mut buffer, mut bits) = (Vec::new(), 0u32, 0);
    for &digit in text {
        buffer = (buffer << 5 | u32::from(base32_value(digit)?)) & 0xFFFF;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((buffer >> bits) as u8);
        }
    }
    Some(bytes)
}

/// Whether `token` is 52 base32 characters with the CRC in its places.
pub(super) fn devops_pat_holds(token: &[u8]) -> bool {
    let Some(bytes) = decode_base32(token).filter(|bytes| token.len() == 52 && bytes.len() == 32) else {
        return false;
    };
    let sum = u32::from_le_bytes(DEVOPS_SUM.map(|at| bytes[at]));
    DEVOPS_SEEDS.contains(&(devops_crc(&bytes) ^ sum))
}

/// A whole token: the CRC stands among the characters, not behind them.
pub(super) fn devops_pat(seed: &str) -> String {
    let mut bytes = Invented::from(seed).bytes(33);
    let sum = (devops_crc(&bytes) ^ DEVOPS_SEEDS[0]).to_le_bytes();
    for (at, byte) in DEVOPS_SUM.into_iter().zip(sum) {
        bytes[at] = byte;
    }
    let bit = |at: usize| bytes[at / 8] >> (7 - at % 8) & 1;
    (0..52)
        .map(|digit| (0..5).fold(0, |value, at| value << 1 | bit(digit * 5 + at)))
        .map(|value| char::from(BASE32[usize::from(value)]))
        .collect()
}

/// Marvin-32 of `data`. The seed is eight letters that say what the key is for, read as one big-endian number.
fn marvin(data: &[u8], seed: &[u8; 8]) -> u32 {
    let seed = u64::from_be_bytes(*seed);
    let (mut low, mut high) = (seed as u32, (seed >> 32) as u32);
    let mut words = data.chunks_exact(4);
    for word in &mut words {
        low = low.wrapping_add(u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
        marvin_block(&mut low, &mut high);
    }
    let last = words.remainder().iter().rev().fold(0x80u32, |last, &byte| last << 8 | u32::from(byte));
    low = low.wrapping_add(last);
    marvin_block(&mut low, &mut high);
    marvin_block(&mut low, &mut high);
    low ^ high
}

/// One round of Marvin-32.
fn marvin_block(low: &mut u32, high: &mut u32) {
    *high ^= *low;
    *low = low.rotate_left(20).wrapping_add(*high);
    *high = high.rotate_left(9) ^ *low;
    *low = low.rotate_left(27).wrapping_add(*high);
    *high = high.rotate_left(19);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marvin_agrees_with_the_published_vector() {
        // Microsoft publishes this made-up client secret as a valid one.
        let secret = format!("zzz8Q~{}blP", "z".repeat(31));
        assert!(client_secret_holds(secret.as_bytes()));
        assert!(!client_secret_holds(secret.replace("blP", "blQ").as_bytes()));
        assert_eq!(client_secret_suffix(&secret[..37]), "blP");
    }

    #[test]
    fn annotated_keys_agree_with_the_published_vector() {
        // One of Microsoft's test keys, of one repeated character.
        let long = format!("{}JQQJ99AG{}ABCDTZJ9JA==", "A".repeat(52), "A".repeat(16));
        for key in [&long, &long[..84].to_string()] {
            assert!(key_holds(key.as_bytes()), "{key}");
            assert!(!key_holds(key.replacen('A', "B", 1).as_bytes()), "{key}");
        }
        let newer = format!("{}{}", &long[..80], key_suffix(&long[..80]));
        assert!(key_holds(newer.as_bytes()));
    }

    #[test]
    fn completed_keys_of_every_service_hold() {
        let random: String = Invented::from("keys").text(BASE62, 76);
        for (mark, _) in SERVICES {
            let mark = std::str::from_utf8(*mark).unwrap();
            for length in [33, 42, 44, 76] {
                let start = format!("{}{mark}", &random[..length]);
                let key = format!("{start}{}", key_suffix(&start));
                assert!(key_holds(key.as_bytes()), "{key}");
                let other = if key.starts_with('x') { "y" } else { "x" };
                assert!(!key_holds(format!("{other}{}", &key[1..]).as_bytes()), "{key}");
            }
        }
    }
}
