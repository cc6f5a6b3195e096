//! What a value looks like, whatever it is called.

use super::lexicon;

/// How many bytes of a value are looked at.
const SEEN: usize = 400;

/// Pairs of bytes that expressions hold.
const CODE: [[u8; 2]; 12] = [*b"()", *b"->", *b"::", *b"=>", *b"==", *b"&&", *b"||", *b");", *b", ", *b"; ", *b"+ ", *b" +"];

/// Counts over the bytes of a value.
pub struct Shape {
    length: i32,
    lower: i32,
    upper: i32,
    digits: i32,
    blanks: i32,
    symbols: i32,
    beyond_ascii: i32,
    /// Places where the class of byte changes.
    changes: i32,
    longest_lower: i32,
    longest_digits: i32,
    longest_letters: i32,
    /// How often each byte occurs.
    counts: [u16; 256],
    /// The longest run of one byte.
    longest_repeat: i32,
    /// The longest run in which each byte follows the one before: `abcd`, `1234`, `4321`.
    longest_count: i32,
    /// Lower before upper, as in `camelCase`.
    humps: i32,
}

/// The class of a byte within a value.
fn class(byte: u8) -> u8 {
    match byte {
        b'a'..=b'z' => 0,
        b'A'..=b'Z' => 1,
        b'0'..=b'9' => 2,
        b' ' | b'\t' | b'\r' | b'\n' => 3,
        0x80.. => 4,
        _ => 5,
    }
}

impl Shape {
    /// Counts the bytes of `value`.
    pub fn of(value: &[u8]) -> Self {
        let value = &value[..value.len().min(SEEN)];
        let mut totals = [0i32; 6];
        let mut counts = [0u16; 256];
        let (mut changes, mut humps) = (0, 0);
        let (mut run, mut letters, mut repeat, mut up, mut down) = (0, 0, 0, 1, 1);
        let (mut longest_lower, mut longest_digits, mut longest_letters, mut longest_repeat, mut longest_count) = (0, 0, 0, 0, 1);
        let mut last = 0u8;
        for (index, &byte) in value.iter().enumerate() {
            let here = class(byte);
            totals[here as usize] += 1;
            counts[byte as usize] += 1;
            let same = index > 0 && class(last) == here;
            if index > 0 && !same {
                changes += 1;
            }
            humps += i32::from(index > 0 && here == 1 && class(last) == 0);
            run = if same { run + 1 } else { 1 };
            match here {
                0 => longest_lower = longest_lower.max(run),
                2 => longest_digits = longest_digits.max(run),
                _ => {}
            }
            letters = if here < 2 { letters + 1 } else { 0 };
            longest_letters = longest_letters.max(letters);
            repeat = if index > 0 && byte == last { repeat + 1 } else { 1 };
            longest_repeat = longest_repeat.max(repeat);
            up = if index > 0 && byte == last.wrapping_add(1) { up + 1 } else { 1 };
            down = if index > 0 && byte == last.wrapping_sub(1) { down + 1 } else { 1 };
            longest_count = longest_count.max(up).max(down);
            last = byte;
        }
        let [lower, upper, digits, blanks, beyond_ascii, symbols] = totals;
        Self {
            length: value.len() as i32,
            lower,
            upper,
            digits,
            blanks,
            symbols,
            beyond_ascii,
            changes,
            longest_lower,
            longest_digits,
            longest_letters,
            counts,
            longest_repeat,
            longest_count,
            humps,
        }
    }

    /// Gives the features of the value, in the order of `FEATURE_NAMES`.
    pub fn fill(&self, value: &[u8], name: &[u8], mut push: impl FnMut(i32)) {
        let value = &value[..value.len().min(SEEN)];
        let share = |count: i32| count * 100 / self.length.max(1);
        let distinct = self.counts.iter().filter(|&&count| count > 0).count() as i32;
        for cell in [self.length, distinct, self.entropy(), self.lower, self.upper, self.digits, self.symbols, self.blanks] {
            push(cell);
        }
        for count in [self.lower, self.upper, self.digits, self.symbols, self.changes] {
            push(share(count));
        }
        for cell in [self.longest_lower, self.longest_digits, self.longest_letters] {
            push(cell);
        }
        push(i32::from(self.is_hex(value)));
        push(i32::from(
            value.iter().all(|&byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_')),
        ));
        push(value.iter().rev().take_while(|&&byte| byte == b'=').count() as i32);
        push(i32::from(is_uuid(value)));
        push(super::byte_class(value[0]));
        push(super::byte_class(value[value.len() - 1]));
        let count = |byte: u8| i32::from(self.counts[byte as usize]);
        for byte in [b'-', b'_', b'.', b'/', b':', b'@', b'%', b'$'] {
            push(count(byte));
        }
        push([b'(', b')', b'[', b']', b'{', b'}', b'<', b'>'].into_iter().map(count).sum());
        for byte in [b'*', b'+', b'=', b',', b'\\'] {
            push(count(byte));
        }
        push(self.beyond_ascii);
        push(share(self.counts.iter().copied().max().unwrap_or(0).into()));
        push(self.longest_repeat);
        push(self.longest_count);
        self.fill_words(value, &mut push);
        self.fill_forms(value, name, &mut push);
    }

    /// How much the letters read like words.
    fn fill_words(&self, value: &[u8], push: &mut impl FnMut(i32)) {
        let likeness = lexicon::likeness(value);
        push(likeness.mean);
        push(likeness.least);
        push(likeness.sum);
        let filler = lexicon::fillers(value);
        let letters = (self.lower + self.upper).max(1);
        push(filler.letters * 100 / letters);
        push(filler.words);
        push(i32::from(filler.letters == letters && self.digits == 0));
        let vowel = |byte: &&u8| matches!(byte.to_ascii_lowercase(), b'a' | b'e' | b'i' | b'o' | b'u' | b'y');
        push(value.iter().filter(vowel).count() as i32 * 100 / letters);
        let (mut run, mut longest) = (0, 0);
        for byte in value {
            run = if byte.is_ascii_alphabetic() && !vowel(&byte) { run + 1 } else { 0 };
            longest = longest.max(run);
        }
        push(longest);
    }

    /// Whether it is written like something that is no secret: a name, a path, an address.
    fn fill_forms(&self, value: &[u8], name: &[u8], push: &mut impl FnMut(i32)) {
        let word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let identifier = value.iter().all(word) && !value[0].is_ascii_digit();
        push(i32::from(identifier));
        push(self.humps);
        let parts = value.split(|&byte| byte == b'.');
        let dotted = self.counts[b'.' as usize] > 0
            && parts.clone().all(|part| !part.is_empty() && part.iter().all(word) && !part[0].is_ascii_digit());
        push(i32::from(dotted));
        push(i32::from(memchr::memmem::find(value, b"://").is_some()));
        let path = value[0] == b'/'
            || value.starts_with(b"./")
            || value.starts_with(b"../")
            || value.starts_with(b"~/")
            || value.get(1..3) == Some(b":\\");
        push(i32::from(path));
        let extension = value.rsplit(|&byte| byte == b'.').next().map_or(0, <[u8]>::len);
        let ends_with_extension = extension < value.len()
            && (2..=4).contains(&extension)
            && value[value.len() - extension..].iter().all(u8::is_ascii_lowercase);
        push(i32::from(ends_with_extension));
        push(letters_then_digits(value));
        push(i32::from(value.eq_ignore_ascii_case(name)));
        push(i32::from(holds(value, name) || holds(name, value)));
        push(i32::from(
            value
                .windows(4)
                .any(|four| (four.starts_with(b"19") || four.starts_with(b"20")) && four.iter().all(u8::is_ascii_digit)),
        ));
        // Words with single blanks between: prose.
        push(if self.blanks > 0 { self.length / (self.blanks + 1) } else { 0 });
        let code = value.windows(2).filter(|pair| CODE.contains(&[pair[0], pair[1]])).count();
        push(code as i32);
        push(case_pattern(value));
        // Letters and digits in turn, as random strings have and words have not.
        let turns = value.windows(2).filter(|pair| {
            pair[0].is_ascii_alphabetic() && pair[1].is_ascii_digit() || pair[0].is_ascii_digit() && pair[1].is_ascii_alphabetic()
        });
        push(turns.count() as i32);
        push(structure(value) as i32);
        push(basic_pair(value));
    }

    /// Shannon entropy in hundredths of a bit per byte.
    fn entropy(&self) -> i32 {
        let total = self.length as f64;
        let bits: f64 = self
            .counts
            .iter()
            .filter(|&&count| count > 0)
            .map(|&count| f64::from(count))
            .map(|count| -count * (count / total).log2())
            .sum();
        (bits / total * 100.0).round() as i32
    }

    /// Hex digits of one case only, with at least one digit.
    fn is_hex(&self, value: &[u8]) -> bool {
        self.digits > 0 && value.iter().all(u8::is_ascii_hexdigit) && (self.lower == 0 || self.upper == 0)
    }
}

/// What a value is by its first bytes, whoever holds it.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Structure {
    Unknown,
    /// A private key in DER.
    PrivateKey,
    /// A public key or a certificate.
    Public,
    Jwt,
    /// A salted hash of a password.
    Hash,
    /// A version, a date, an address.
    Plain,
}

/// Recognises values by their structure.
fn structure(value: &[u8]) -> Structure {
    if value.starts_with(b"MI")
        && let [0x30, rest @ ..] = decode_base64(&value[..value.len().min(32)]).as_slice()
    {
        let length = rest.first().map_or(0, |&first| if first & 0x80 == 0 { 1 } else { 1 + usize::from(first & 0x7F) });
        return match rest.get(length..length + 3) {
            Some([2, 1, 0 | 1]) => Structure::PrivateKey,
            _ => Structure::Public,
        };
    }
    let starts = |list: &[&[u8]]| list.iter().any(|start| value.starts_with(start));
    match () {
        () if starts(&[b"eyJ"]) => Structure::Jwt,
        () if starts(&[b"AAAAB3Nza", b"AAAAC3Nza", b"AAAAE2Vj"]) => Structure::Public,
        () if starts(&[
            b"$2a$", b"$2b$", b"$2y$", b"$argon2", b"$1$", b"$5$", b"$6$", b"$apr1$", b"pbkdf2", b"{SHA", b"{bcrypt", b"$P$",
            b"$pbkdf2",
        ]) =>
        {
            Structure::Hash
        }
        () if value.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b':' | b'/'))
            && !value.iter().all(u8::is_ascii_digit) =>
        {
            Structure::Plain
        }
        () if value[0] == b'v' && value.len() < 12 && value[1..].iter().all(|byte| byte.is_ascii_digit() || *byte == b'.') => {
            Structure::Plain
        }
        () => Structure::Unknown,
    }
}

/// 2 if `value` is base64 of a readable `user:password`, 1 if of other readable text, 0 if of neither.
fn basic_pair(value: &[u8]) -> i32 {
    if value.len() < 8 || !value.iter().all(|&byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')) {
        return 0;
    }
    let plain = decode_base64(value);
    if plain.len() < 5 || !plain.iter().all(|byte| (0x20..0x7F).contains(byte)) {
        return 0;
    }
    match plain.iter().position(|&byte| byte == b':') {
        Some(colon) if colon > 0 && colon + 1 < plain.len() => 2,
        _ => 1,
    }
}

/// The bytes that `text` is base64 of, up to the first byte that is none.
fn decode_base64(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let (mut bits, mut held) = (0u32, 0);
    for &byte in text {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => break,
        };
        bits = bits << 6 | u32::from(six);
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
        }
    }
    out
}

/// The form 8-4-4-4-12.
fn is_uuid(value: &[u8]) -> bool {
    let value = value.strip_prefix(b"{").and_then(|inner| inner.strip_suffix(b"}")).unwrap_or(value);
    value.len() == 36
        && value
            .iter()
            .enumerate()
            .all(|(at, byte)| if matches!(at, 8 | 13 | 18 | 23) { *byte == b'-' } else { byte.is_ascii_hexdigit() })
}

/// 1 for letters then digits, 2 with one symbol within or behind, 3 for words joined by dashes that end in digits, 0 for others.
fn letters_then_digits(value: &[u8]) -> i32 {
    let letters = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let symbol = |text: &[u8]| usize::from(text.first().is_some_and(u8::is_ascii_punctuation));
    let first = letters(value);
    let rest = &value[first..];
    if first < 3 {
        return 0;
    }
    let within = symbol(rest);
    let count = digits(&rest[within..]);
    let behind = symbol(&rest[within + count..]);
    if count > 0 && within + count + behind == rest.len() {
        return if within + behind == 0 { 1 } else { 2 };
    }
    let joined = value.iter().filter(|&&byte| matches!(byte, b'-' | b'_' | b'.' | b' ')).count();
    let tail = value.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let plain = value.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b' '));
    if plain && joined > 0 && tail > 0 && value.iter().filter(|byte| byte.is_ascii_digit()).count() == tail { 3 } else { 0 }
}

/// How the letters are cased: 0 none, 1 lower, 2 upper, 3 capitalised, 4 camel, 5 mixed without order.
fn case_pattern(value: &[u8]) -> i32 {
    let lower = value.iter().filter(|byte| byte.is_ascii_lowercase()).count();
    let upper = value.iter().filter(|byte| byte.is_ascii_uppercase()).count();
    let pairs = value.windows(2).filter(|pair| pair[0].is_ascii_uppercase() && pair[1].is_ascii_uppercase()).count();
    let begins = value.iter().find(|byte| byte.is_ascii_alphabetic()).is_some_and(u8::is_ascii_uppercase);
    match (lower, upper) {
        (0, 0) => 0,
        (_, 0) => 1,
        (0, _) => 2,
        (_, 1) if begins => 3,
        _ if pairs == 0 && upper * 2 < lower => 4,
        _ => 5,
    }
}

/// Whether `inner` occurs in `outer`, in any case, when both are long enough to tell.
fn holds(outer: &[u8], inner: &[u8]) -> bool {
    inner.len() >= 4 && outer.len() >= inner.len() && outer.windows(inner.len()).any(|part| part.eq_ignore_ascii_case(inner))
}
