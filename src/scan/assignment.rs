//! Finds the values that stand beside a telling name: `name = value` in all the ways people write it.
//!
//! Given one occurrence of a keyword (`password`, `token`, `key`, …) the matcher takes the whole name around it, steps over what
//! joins a name and a value (an operator, a call, a type, an element's bracket, a word like `by`), and reads the value by its
//! quoting. It is a few table lookups a byte and gives up at the first byte that cannot be; nothing is compiled and nothing is
//! allocated. Whether the value is a secret is not decided here.

use crate::rule::Reach;
use std::ops::Range;

/// What joins a name and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Operator {
    /// `name = value`, also `:=`, `+=`, `?=`.
    Equals,
    /// `name == value`, `!=`.
    Compare,
    /// `name: value`.
    Colon,
    /// `name => value`, `->`.
    Arrow,
    /// `name(value)`: a setter, a function, a macro.
    Call,
    /// `"name", "value"`.
    Comma,
    /// `<name>value</name>`.
    Element,
    /// `--name value`, `identified by value`.
    Space,
    /// A quoted string further on, behind a word of the same line.
    Nearby,
    /// The word is a scheme, and the value is what follows: `Bearer value`, `Basic value`.
    Scheme,
    /// A user and a password: `scheme://user:value@host`, `curl -u user:value`. The name is the user with what stands before it.
    Pair,
}

/// How a value is quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Quote {
    None,
    Single,
    Double,
    Backtick,
    /// A quote inside a string: `\"value\"`, `&quot;value&quot;`.
    Escaped,
    /// `"""value"""`.
    Triple,
}

/// A value that stands beside a name, with how the two are joined. All ranges are offsets into the text it was found in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The keyword it was found by.
    pub keyword: Range<usize>,
    /// The whole name around the keyword.
    pub name: Range<usize>,
    /// The value, without quotes.
    pub value: Range<usize>,
    /// The function around the value, as in `name = decode("value")`; empty if there is none.
    pub wrapper: Range<usize>,
    pub operator: Operator,
    pub quote: Quote,
}

/// The longest name, in bytes.
const NAME: usize = 80;
/// The most blanks between a name and its value; tables in YAML and documents are padded.
const BLANKS: usize = 40;
/// How far behind a name quoted strings are still looked at.
const NEARBY: usize = 160;
/// The shortest value worth a look.
const SHORTEST: usize = 3;

/// Classes of bytes, as bits.
mod class {
    /// Letters, digits and `_`.
    pub const WORD: u8 = 1;
    /// What a name is made of: a word byte, `-`, `.` and `$`.
    pub const NAME: u8 = 2;
    pub const BLANK: u8 = 4;
    /// Ends a value that is not quoted.
    pub const STOP: u8 = 8;
    pub const LOWER: u8 = 16;
    pub const UPPER: u8 = 32;
    pub const DIGIT: u8 = 64;

    /// The classes of every byte.
    pub static TABLE: [u8; 256] = {
        let mut table = [0; 256];
        let mut byte = 0;
        while byte < 256 {
            let b = byte as u8;
            let mut bits = 0;
            if b.is_ascii_alphanumeric() || b == b'_' {
                bits |= WORD | NAME;
            }
            if matches!(b, b'-' | b'.' | b'$') {
                bits |= NAME;
            }
            if matches!(b, b' ' | b'\t') {
                bits |= BLANK;
            }
            if b <= b' ' || matches!(b, b'"' | b'\'' | b'`' | b'<' | b'>' | b',' | b';' | b')' | b'}' | b']') {
                bits |= STOP;
            }
            if b.is_ascii_lowercase() {
                bits |= LOWER;
            }
            if b.is_ascii_uppercase() {
                bits |= UPPER;
            }
            if b.is_ascii_digit() {
                bits |= DIGIT;
            }
            table[byte] = bits;
            byte += 1;
        }
        table
    };
}

/// Whether `byte` is in one of the classes `bits`.
#[inline]
fn is(byte: u8, bits: u8) -> bool {
    class::TABLE[byte as usize] & bits != 0
}

/// Adds to `out` the values that stand beside the name around `keyword`. Looks at most [`Reach::NEAR`] bytes to either side of it.
pub fn candidates(text: &[u8], keyword: Range<usize>, out: &mut Vec<Candidate>) {
    let limit = text.len().min(keyword.end + Reach::NEAR);
    let floor = keyword.start.saturating_sub(Reach::NEAR);
    let mut reader = Reader { text: &text[..limit], keyword, name: 0..0, out };
    match &reader.text[reader.keyword.clone()] {
        b"://" => return reader.url(floor),
        word if word.eq_ignore_ascii_case(b"curl") => return reader.curl(),
        word if is_scheme(word) && reader.scheme() => return,
        _ => {}
    }
    let Some(name) = name_around(reader.text, floor, &reader.keyword) else { return };
    reader.name = name;
    reader.read();
}

/// The name that `keyword` is part of; nothing when the keyword is the start of another word, or the name is too long to be one.
fn name_around(text: &[u8], floor: usize, keyword: &Range<usize>) -> Option<Range<usize>> {
    let mut end = keyword.end;
    while end < text.len() && is(text[end], class::NAME) {
        end += 1;
        if end - keyword.end > NAME {
            return None;
        }
    }
    if is_inside_word(text, keyword)
        || is_another_word(&text[keyword.clone()], &text[keyword.end..end])
        || is_public(&text[floor..keyword.start])
    {
        return None;
    }
    while end > keyword.end && matches!(text[end - 1], b'.' | b'-' | b'$') {
        // `password->`, `key.` at the end of a sentence.
        end -= 1;
    }
    let mut start = keyword.start;
    while start > floor && is(text[start - 1], class::NAME) {
        start -= 1;
        if keyword.start - start > NAME {
            return None;
        }
    }
    Some(start..end)
}

/// Whether `keyword` followed by `rest` is an English word that has nothing to do with secrets: `keyboard`, `author`, `passing`.
fn is_another_word(keyword: &[u8], rest: &[u8]) -> bool {
    let Some(&first) = rest.first() else { return false };
    if !first.is_ascii_alphabetic() {
        return false;
    }
    let starts =
        |words: &[&[u8]]| words.iter().any(|word| rest.len() >= word.len() && rest[..word.len()].eq_ignore_ascii_case(word));
    match keyword.len() {
        3 if keyword.eq_ignore_ascii_case(b"key") => {
            starts(&[b"board", b"word", b"code", b"down", b"up", b"press", b"frame", b"note", b"stroke", b"ing", b"ed"])
        }
        3 if keyword.eq_ignore_ascii_case(b"sid") => first.is_ascii_lowercase() && keyword[2].is_ascii_lowercase(),
        4 if keyword.eq_ignore_ascii_case(b"pass") => {
            starts(&[b"ing", b"ed", b"es", b"iv", b"eng", b"age", b"ion", b"able", b"thr", b"through", b"by", b"ive", b"band"])
        }
        4 if keyword.eq_ignore_ascii_case(b"auth") => starts(&[b"or"]) && !starts(&[b"oriz", b"oris"]),
        4 if keyword.eq_ignore_ascii_case(b"cred") => starts(&[b"it", b"ib"]),
        5 if keyword.eq_ignore_ascii_case(b"token") => starts(&[b"iz", b"is", b"stream"]),
        _ => false,
    }
}

/// Whether `keyword` is one of those that hide in other words (`NotPrecedes`, `sacred`) and does not start a word here.
fn is_inside_word(text: &[u8], keyword: &Range<usize>) -> bool {
    let word = &text[keyword.clone()];
    let hides = [b"otp".as_slice(), b"cred", b"basic", b"jwt"].iter().any(|hidden| word.eq_ignore_ascii_case(hidden));
    let Some(before) = keyword.start.checked_sub(1).map(|at| text[at]) else { return false };
    let joined = is(before, class::LOWER) && is(word[0], class::LOWER)
        || is(before, class::UPPER) && is(word[0], class::UPPER | class::LOWER);
    hides && joined
}

/// Whether what stands before a keyword says that the value is public: `public_key`, `publicKeyToken`.
fn is_public(before: &[u8]) -> bool {
    let before = before.strip_suffix(b"_").or_else(|| before.strip_suffix(b"-")).unwrap_or(before);
    let ends = |word: &[u8]| before.len() >= word.len() && before[before.len() - word.len()..].eq_ignore_ascii_case(word);
    [b"public".as_slice(), b"pub", b"publickey", b"public_key"].into_iter().any(ends)
}

/// Whether the keyword is the name of an authorization scheme.
fn is_scheme(keyword: &[u8]) -> bool {
    [b"bearer".as_slice(), b"basic", b"ntlm"].iter().any(|scheme| keyword.eq_ignore_ascii_case(scheme))
}

/// Walks from a name to its values.
struct Reader<'a> {
    /// The text up to the limit; nothing behind it is looked at.
    text: &'a [u8],
    keyword: Range<usize>,
    name: Range<usize>,
    out: &'a mut Vec<Candidate>,
}

impl Reader<'_> {
    /// Reads what follows the name.
    fn read(&mut self) {
        let (at, closed) = self.close(self.name.end);
        let start = self.skip_blanks(at);
        if let Some(value) = self.value_member(at) {
            self.value(Operator::Equals, value, 0);
            return;
        }
        let behind = match self.operator(at, start, closed) {
            Some((operator, at)) => {
                let behind = self.value(operator, at, 0);
                let quoted = matches!(self.peek(behind.wrapping_sub(1)), b'"' | b'\'' | b'`') && behind > at;
                if quoted {
                    return;
                }
                behind
            }
            None => start,
        };
        self.nearby(behind.max(self.name.end));
    }

    /// Where the value stands when the name is itself one: `name: DB_PASSWORD` with `value: …` beside or below it.
    fn value_member(&self, at: usize) -> Option<usize> {
        let mut at = at;
        let most = at + 64;
        while at < most && matches!(self.peek(at), b' ' | b'\t' | b'\r' | b'\n' | b',' | b'"' | b'\'') {
            at += 1;
        }
        let word = self.text.get(at..at + 5)?;
        if !word.eq_ignore_ascii_case(b"value") {
            return None;
        }
        at += 5;
        at += usize::from(matches!(self.peek(at), b'"' | b'\''));
        at = self.skip_blanks(at);
        matches!(self.peek(at), b':' | b'=').then_some(at + 1)
    }

    /// Steps over what closes a name: quotes, brackets, an attribute, a type's `?` or `!`. Returns where it ends, and whether it was quoted.
    fn close(&self, mut at: usize) -> (usize, bool) {
        let mut quoted = false;
        for _ in 0..4 {
            match self.peek(at) {
                b'"' | b'\'' | b'`' => quoted = true,
                b'\\' if matches!(self.peek(at + 1), b'"' | b'\'' | b'\\') => quoted = true,
                b']' | b'}' | b'?' | b'!' | b'*' => {
                    if self.peek(at) == b'!' && self.peek(at + 1) == b'=' {
                        break;
                    }
                }
                b')' if matches!(self.peek(at + 1), b' ' | b':' | b'=' | b',') => {}
                b'&' if self.text[at..].starts_with(b"&quot;") => {
                    at += 5;
                    quoted = true;
                }
                b'%' if self.text[at..].starts_with(b"%22") => {
                    at += 2;
                    quoted = true;
                }
                _ => break,
            }
            at += 1;
        }
        (at, quoted)
    }

    /// Reads the operator at `start`; `at` is where the blanks before it began. Returns it and where the value side begins.
    fn operator(&self, at: usize, start: usize, quoted: bool) -> Option<(Operator, usize)> {
        let (next, after) = (self.peek(start), self.peek(start + 1));
        Some(match next {
            b'=' if after == b'=' => (Operator::Compare, start + if self.peek(start + 2) == b'=' { 3 } else { 2 }),
            b'=' if after == b'>' => (Operator::Arrow, start + 2),
            b'=' if after == b'~' && start > at => return None,
            b'=' if self.text[start..].starts_with(b"=3D") => (Operator::Equals, start + 3),
            b'=' => (Operator::Equals, start + 1),
            b'%' if self.text[start..].starts_with(b"%3D") => (Operator::Equals, start + 3),
            b':' if after == b'=' => (Operator::Equals, start + 2),
            b':' if after == b':' => return None,
            b':' => (Operator::Colon, start + 1),
            b'+' | b'?' | b'|' | b'/' if after == b'=' => (Operator::Equals, start + 2),
            b'|' | b'?' if after == next && self.peek(start + 2) == b'=' => (Operator::Equals, start + 3),
            b'!' if after == b'=' => (Operator::Compare, start + if self.peek(start + 2) == b'=' { 3 } else { 2 }),
            b'-' if after == b'>' => (Operator::Arrow, start + 2),
            b'(' => (Operator::Call, start + 1),
            b',' => (Operator::Comma, start + 1),
            b'>' => (Operator::Element, start + 1),
            _ if start > at && !quoted => (Operator::Space, start),
            _ => return None,
        })
    }

    /// Reads the value behind `operator` at `at`, and adds it. Returns how far it has read.
    fn value(&mut self, operator: Operator, at: usize, depth: usize) -> usize {
        let mut start = self.skip_blanks(at);
        if let Some(below) = self.next_line(start, operator) {
            start = below;
        }
        let (quote_at, quote) = self.opening(start);
        if quote != Quote::None {
            if self.ends_own_string(quote_at) {
                return quote_at;
            }
            return self.quoted(operator, quote_at, quote, 0..0);
        }
        if operator == Operator::Space {
            return self.spaced(start);
        }
        if matches!(operator, Operator::Comma) {
            return start;
        }
        if let Some(end) = self.numbers(start) {
            self.add(end.clone(), operator, Quote::None, 0..0);
            return end.end;
        }
        if depth < 2
            && operator != Operator::Element
            && let Some(end) = self.word_end(start)
        {
            let open = self.skip_blanks(end);
            // `name: Type = value`
            let typed = open > end || self.opening(open + 1).1 != Quote::None;
            if operator == Operator::Colon && typed && self.peek(open) == b'=' && self.peek(open + 1) != b'=' {
                return self.value(Operator::Equals, open + 1, depth + 1);
            }
            // `name = decode("value")`
            if self.peek(end) == b'(' || (self.peek(end) == b'!' && self.peek(end + 1) == b'(') {
                return self.wrapped(operator, start..end);
            }
        }
        self.bare(operator, start)
    }

    /// The password of a URL, if it has one.
    fn url(&mut self, floor: usize) {
        let mut start = self.keyword.start;
        while start > floor
            && start + 24 > self.keyword.start
            && (is(self.text[start - 1], class::WORD) || matches!(self.text[start - 1], b'+' | b'-'))
        {
            start -= 1;
        }
        let user = self.keyword.end;
        let separator = user
            + self.text[user..]
                .iter()
                .take(NAME)
                .take_while(|&&byte| !matches!(byte, b':' | b'/' | b'?' | b'#' | b'@') && !is(byte, class::STOP))
                .count();
        if self.peek(separator) != b':' {
            return;
        }
        self.name = start..separator;
        self.pair(separator + 1, b"/?#");
    }

    /// The password in `curl … -u user:password`.
    fn curl(&mut self) {
        let line = self.until(self.keyword.end, b"\n|");
        let rest = &self.text[self.keyword.end..line];
        let option = [b" -u".as_slice(), b" --user", b" --proxy-user", b" -U"].iter().find_map(|option| {
            let at = memchr::memmem::find(rest, option)? + option.len();
            let follows = rest.get(at).is_some_and(|byte| matches!(byte, b' ' | b'=' | b'"' | b'\''));
            (follows || option.len() == 3 && rest.get(at).is_some_and(u8::is_ascii_alphanumeric)).then_some(at)
        });
        let Some(option) = option else { return };
        let blank = self.skip_blanks(self.keyword.end + option);
        let start = blank + self.text[blank..].iter().take_while(|byte| matches!(byte, b'=' | b'"' | b'\'')).count();
        let separator = self.until(start, b": \n\"'");
        if self.peek(separator) == b':' && separator < line {
            self.name = start..separator;
            let end = self.until(separator + 1, b" \t\r\n\"'\\");
            self.add(separator + 1..end, Operator::Pair, Quote::None, 0..0);
        }
    }

    /// Adds the password that starts at `start` if an `@` ends it, and a host follows.
    fn pair(&mut self, start: usize, stops: &[u8]) {
        let digits = self.text[start..].iter().take_while(|&&byte| is(byte, class::DIGIT)).count();
        if digits > 0 && stops.contains(&self.peek(start + digits)) {
            // A port.
            return;
        }
        let mut end = start;
        let mut found = None;
        while end < self.text.len()
            && end < start + 128
            && !matches!(self.text[end], b' ' | b'\t' | b'\r' | b'\n' | b'"' | b'\'' | b'`' | b'<' | b'>')
        {
            if self.text[end] == b'@'
                && self
                    .text
                    .get(end + 1)
                    .is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'[' | b'$' | b'{' | b'%'))
            {
                found = Some(end);
            }
            if stops.contains(&self.text[end]) && found.is_some() || self.text[end] == b'/' && self.peek(end + 1) == b'/' {
                break;
            }
            end += 1;
        }
        if let Some(end) = found {
            self.add(start..end, Operator::Pair, Quote::None, 0..0);
        }
    }

    /// Behind `Bearer` and the like: a token, with nothing but a blank between.
    fn scheme(&mut self) -> bool {
        let at = self.keyword.end;
        let start = self.skip_blanks(at);
        if start == at || start > at + 2 || self.keyword.start > 0 && is(self.text[self.keyword.start - 1], class::WORD) {
            return false;
        }
        let mut end = start;
        while end < self.text.len()
            && (is(self.text[end], class::NAME) || matches!(self.text[end], b'+' | b'/' | b'=' | b'~' | b'%' | b':'))
        {
            end += 1;
        }
        if end - start < 8 {
            return false;
        }
        self.name = self.keyword.clone();
        self.add(start..end, Operator::Scheme, Quote::None, 0..0);
        true
    }

    /// The start of the next line's value, when the line ends behind an operator: a YAML block, a wrapped assignment.
    fn next_line(&self, start: usize, operator: Operator) -> Option<usize> {
        let mut at = start;
        let block = operator == Operator::Colon && matches!(self.peek(at), b'|' | b'>');
        if block {
            at += 1;
            at += usize::from(matches!(self.peek(at), b'-' | b'+'));
        }
        at += usize::from(self.peek(at) == b'\\' && !block);
        at += usize::from(self.peek(at) == b'\r');
        if self.peek(at) != b'\n' {
            return None;
        }
        let below = self.skip_blanks(at + 1);
        let joined = block || self.opening(below).1 != Quote::None;
        (joined && below > at + 1).then_some(below)
    }

    /// The quote at `at`, if there is one, with the place behind it. String prefixes (`r"`, `b'`, `@"`, `$"`, `#'`) are stepped over.
    fn opening(&self, at: usize) -> (usize, Quote) {
        let mut at = at;
        for _ in 0..3 {
            let (byte, next) = (self.peek(at), self.peek(at + 1));
            match byte {
                b'"' | b'\'' | b'`' => {
                    if next == byte && self.peek(at + 2) == byte {
                        return (at + 3, Quote::Triple);
                    }
                    let quote = match byte {
                        b'"' => Quote::Double,
                        b'\'' => Quote::Single,
                        _ => Quote::Backtick,
                    };
                    return (at + 1, quote);
                }
                b'\\' if matches!(next, b'"' | b'\'') => return (at + 2, Quote::Escaped),
                b'\\' if next == b'\\' => at += 1,
                b'&' if self.text[at..].starts_with(b"&quot;") => return (at + 6, Quote::Escaped),
                b'%' if self.text[at..].starts_with(b"%22") => return (at + 3, Quote::Escaped),
                // A string prefix, if a quote follows.
                b'r' | b'b' | b'u' | b'f' | b'L' | b'N' | b'R' | b'B' | b'U' | b'F' | b'@' | b'$' | b'#' | b'[' | b'{' | b'('
                    if matches!(next, b'"' | b'\'' | b'#' | b'r' | b'b' | b'$' | b'@') =>
                {
                    at += 1;
                }
                _ => return (at, Quote::None),
            }
        }
        (at, Quote::None)
    }

    /// Adds the value between the quote before `start` and its end. Returns the place behind it.
    fn quoted(&mut self, operator: Operator, start: usize, quote: Quote, wrapper: Range<usize>) -> usize {
        let end = self.closing(start, quote);
        self.add(start..end, operator, quote, wrapper);
        (end + 1).min(self.text.len())
    }

    /// Where the value that begins at `start` behind an opening quote ends.
    fn closing(&self, start: usize, quote: Quote) -> usize {
        let byte = self.text[start - 1];
        let mut at = start;
        while at < self.text.len() {
            let here = self.text[at];
            match quote {
                Quote::Escaped if matches!(here, b'\\' | b'&' | b'%' | b'"' | b'\'') => {
                    let ends = here == b'"'
                        || here == b'\''
                        || here == b'&' && self.text[at..].starts_with(b"&quot;")
                        || here == b'%' && self.text[at..].starts_with(b"%22")
                        || here == b'\\' && matches!(self.peek(at + 1), b'"' | b'\'');
                    if ends {
                        return at;
                    }
                    if here == b'\\' && self.peek(at + 1) == b'\\' && matches!(self.peek(at + 2), b'\\' | b'"') {
                        return at;
                    }
                }
                Quote::Triple if here == byte && self.peek(at + 1) == byte && self.peek(at + 2) == byte => return at,
                Quote::Triple => {}
                _ if here == b'\n' => return at - usize::from(self.text[at - 1] == b'\r' && at > start),
                _ if here == byte => return at,
                _ if here == b'\\' => at += 1,
                _ => {}
            }
            at += 1;
        }
        self.text.len()
    }

    /// The numbers of a list of bytes at `start`: `[]byte{1, 2, …}`, `new byte[] { 0x01, … }`, `[1, 2, …]`; eight of them at least.
    fn numbers(&self, start: usize) -> Option<Range<usize>> {
        let open = start
            + self.text[start..].iter().take(40).position(|byte| matches!(byte, b'{' | b'\n' | b'"' | b'\'' | b';' | b'='))?;
        let open = if self.peek(open) == b'{' { open } else { start };
        if !matches!(self.peek(open), b'{' | b'[') {
            return None;
        }
        let first = open + 1 + self.text[open + 1..].iter().take(80).take_while(|byte| byte.is_ascii_whitespace()).count();
        if !self.peek(first).is_ascii_digit() {
            return None;
        }
        let length = self.text[first..]
            .iter()
            .take_while(|byte| byte.is_ascii_hexdigit() || byte.is_ascii_whitespace() || matches!(byte, b'x' | b'X' | b','))
            .count();
        let inside = self.text[first..first + length].trim_ascii_end();
        let count = inside.iter().filter(|&&byte| byte == b',').count() + 1;
        (count >= 8).then(|| first..first + inside.len())
    }

    /// Behind a function's name: its first quoted argument, through at most two calls.
    fn wrapped(&mut self, operator: Operator, wrapper: Range<usize>) -> usize {
        let mut wrapper = wrapper;
        let first = wrapper.start;
        for _ in 0..3 {
            let open = wrapper.end + usize::from(self.peek(wrapper.end) == b'!') + 1;
            let start = self.skip_blanks(open);
            let (quote_at, quote) = self.opening(start);
            if quote != Quote::None {
                return self.quoted(operator, quote_at, quote, wrapper);
            }
            match self.word_end(start) {
                Some(end) if self.peek(end) == b'(' => wrapper = start..end,
                // A bracket in the middle of a password, not a call.
                _ if operator != Operator::Call && self.fills_line(first).is_some_and(|end| !self.is_code(first, end)) => {
                    return self.bare(operator, first);
                }
                _ => return start,
            }
        }
        wrapper.end
    }

    /// A value behind nothing but blanks: an option's argument, or what a statement names.
    fn spaced(&mut self, start: usize) -> usize {
        let name = &self.text[self.name.clone()];
        let option = name.first() == Some(&b'-');
        let word_after = |word: &[u8]| {
            self.text[start..].len() > word.len() && self.text[start..start + word.len()].eq_ignore_ascii_case(word)
        };
        // `IDENTIFIED BY value`, `sshpass -p value`, `password is value`
        let link = [b"by ".as_slice(), b"-p ", b"is ", b"-p"].into_iter().find(|word| word_after(word));
        if let Some(link) = link {
            let start = self.skip_blanks(start + link.len());
            let (quote_at, quote) = self.opening(start);
            if quote != Quote::None {
                return self.quoted(Operator::Space, quote_at, quote, 0..0);
            }
            return self.bare(Operator::Space, start);
        }
        let end = self.bare_end(start);
        // Prose: only what cannot be a word of it.
        let telling = self.text[start..end].iter().any(|&byte| is(byte, class::DIGIT) || !is(byte, class::NAME | class::STOP));
        if option || telling {
            return self.bare(Operator::Space, start);
        }
        start
    }

    /// Adds the value that begins at `start` without a quote.
    fn bare(&mut self, operator: Operator, start: usize) -> usize {
        // `otpauth://…`: the name is a scheme.
        if operator == Operator::Colon && self.peek(start) == b'/' && self.peek(start + 1) == b'/' {
            return start;
        }
        let mut end = match operator {
            Operator::Element => self.until(start, b"<\n\r"),
            _ => self.bare_end(start),
        };
        // A value that fills its line is taken whole: passwords hold any punctuation.
        let query = matches!(self.name.start.checked_sub(1).map(|at| self.text[at]), Some(b'?' | b'&'));
        if query {
            end = start + self.text[start..end].iter().take_while(|&&byte| byte != b'&').count();
        } else if matches!(operator, Operator::Equals | Operator::Colon | Operator::Arrow | Operator::Compare) {
            let own = [b'"', b'\'', b'`'].iter().any(|&quote| self.peek(end) == quote && self.is_within(quote));
            if own {
                // The string that the whole assignment stands in ends here.
            } else if let Some(line) = self.fills_line(start).filter(|&line| line > end && !self.is_code(start, line)) {
                end = line;
            }
        } else if operator == Operator::Space && self.text[self.name.start] == b'-' {
            end = self.until(start, b" \t\r\n");
        }
        while end > start && matches!(self.text[end - 1], b',' | b';' | b'\\' | b' ') {
            end -= 1;
        }
        // `load(…)`, `environ["NAME"]`: an expression.
        let index = end > start && self.text[end - 1] == b'[' && matches!(self.peek(end), b'"' | b'\'');
        if index || self.peek(end) == b'(' {
            return end;
        }
        // `password(user)`: what is called with a name is given no secret.
        let name = operator == Operator::Call && self.word_end(start) == Some(end) && !is(self.text[start], class::DIGIT);
        if !name {
            self.add(start..end, operator, Quote::None, 0..0);
        }
        end
    }

    /// The end of the value at `start` if nothing but blanks stands behind it in its line.
    fn fills_line(&self, start: usize) -> Option<usize> {
        let end = self.until(start, b" \t\r\n");
        matches!(self.peek(self.skip_blanks(end)), 0 | b'\r' | b'\n').then_some(end)
    }

    /// Whether the unquoted rest of a line is an expression rather than a value: a call or an index, or one of several arguments.
    fn is_code(&self, start: usize, end: usize) -> bool {
        let mut last = end;
        while last > start && matches!(self.text[last - 1], b';' | b',' | b'{' | b':') {
            last -= 1;
        }
        let closed = last > start && matches!(self.text[last - 1], b')' | b']' | b'"' | b'\'');
        let opened = self.word_end(start).is_some_and(|word| word < last && matches!(self.text[word], b'(' | b'['));
        opened && closed || is_list(&self.text[start..end])
    }

    /// Adds up to three quoted strings that stand further on in the line.
    fn nearby(&mut self, from: usize) {
        let mut at = from;
        let stop = self.text.len().min(self.name.end + NEARBY);
        let mut ended = false;
        let (mut found, mut depth) = (0, 0);
        while at < stop && found < 3 {
            let byte = self.text[at];
            depth += match byte {
                b'(' | b'[' | b'{' => 1,
                b')' | b']' | b'}' => -1,
                _ => 0,
            };
            // Behind the end of the group that the name stands in, nothing belongs to it.
            if byte == b'\n' || depth < 0 {
                return;
            }
            // The string that the name itself stands in ends here.
            if matches!(byte, b'"' | b'\'' | b'`') && !ended && self.is_within(byte) {
                ended = true;
                at += 1;
                continue;
            }
            if matches!(byte, b'"' | b'\'' | b'`') && !is(self.text[at - 1], class::WORD) {
                let (start, quote) = self.opening(at);
                if quote == Quote::None {
                    return;
                }
                let end = self.closing(start, quote);
                let closed = end < self.text.len() && self.text[end] == self.text[start - 1];
                if !closed {
                    return;
                }
                if (6..=80).contains(&(end - start)) && !self.text[start..end].contains(&b' ') {
                    self.add(start..end, Operator::Nearby, quote, 0..0);
                }
                found += 1;
                at = end;
            }
            at += 1;
        }
    }

    /// Whether the quote before `at` ends the string that the name stands in, as in `"password = " + value`.
    fn ends_own_string(&self, at: usize) -> bool {
        let quote = self.text[at - 1];
        let goes_on = matches!(self.peek(at), b' ' | b'+' | b',' | b')' | b';' | b'.' | b'%' | b'\r' | b'\n' | 0);
        let own = matches!(self.peek(self.name.end), b'"' | b'\'' | b'`');
        goes_on && !own && self.is_within(quote)
    }

    /// Whether the name stands in a string quoted by `quote`: an odd number of them stands before it in its line.
    fn is_within(&self, quote: u8) -> bool {
        let before = &self.text[self.name.start.saturating_sub(256)..self.name.start];
        before.iter().rev().take_while(|&&byte| byte != b'\n').filter(|&&byte| byte == quote).count() % 2 == 1
    }

    /// Adds a candidate unless its value is plainly none: too short, a template, one character repeated.
    fn add(&mut self, value: Range<usize>, operator: Operator, quote: Quote, wrapper: Range<usize>) {
        let bytes = &self.text[value.clone()];
        if bytes.len() < SHORTEST || is_placeholder(bytes) {
            return;
        }
        let (keyword, name) = (self.keyword.clone(), self.name.clone());
        self.out.push(Candidate { keyword, name, value, wrapper, operator, quote });
    }

    /// The end of the dotted name at `start`; nothing if there is none.
    fn word_end(&self, start: usize) -> Option<usize> {
        let mut end = start;
        while end < self.text.len()
            && (is(self.text[end], class::WORD) || matches!(self.text[end], b'.' | b':' | b'&' | b'$' | b'\\'))
        {
            end += 1;
        }
        // `new Thing(`, `await thing(`, `await new Thing(`
        if matches!(&self.text[start..end], b"new" | b"await" | b"return") && self.peek(end) == b' ' {
            return self.word_end(end + 1);
        }
        (end > start).then_some(end)
    }

    /// Where an unquoted value that begins at `start` ends.
    fn bare_end(&self, start: usize) -> usize {
        let mut end = start;
        while end < self.text.len() && !is(self.text[end], class::STOP) {
            if self.text[end] == b'('
                || self.text[end] == b'&' && self.text[end..].iter().take(24).any(|&byte| byte == b'=' || byte == b';')
            {
                break;
            }
            if self.text[end] == b'\\' && matches!(self.peek(end + 1), b'n' | b'r' | b'"' | b'\'') {
                break;
            }
            end += 1;
        }
        end
    }

    /// The first of `stops` at or behind `start`.
    fn until(&self, start: usize, stops: &[u8]) -> usize {
        let rest = self.text.get(start..).unwrap_or_default();
        start + rest.iter().position(|byte| stops.contains(byte)).unwrap_or(rest.len())
    }

    /// The first byte behind `at` that is not a blank; `at` itself when there are more than a few.
    fn skip_blanks(&self, at: usize) -> usize {
        let mut end = at;
        while end < self.text.len() && is(self.text[end], class::BLANK) {
            end += 1;
            if end - at > BLANKS {
                return at;
            }
        }
        end
    }

    /// The byte at `at`, 0 behind the end.
    #[inline]
    fn peek(&self, at: usize) -> u8 {
        self.text.get(at).copied().unwrap_or(0)
    }
}

/// Whether `rest` reads `value, name=value` or the like, of plain words only.
fn is_list(rest: &[u8]) -> bool {
    let plain = rest.iter().all(|&byte| is(byte, class::NAME) || matches!(byte, b',' | b';' | b'&' | b'=' | b')' | b'}' | b'/'));
    let named = |part: &[u8]| part.first().is_some_and(|&byte| is(byte, class::LOWER | class::UPPER)) && part.contains(&b'=');
    plain && rest.split(|byte| matches!(byte, b',' | b';' | b'&')).skip(1).any(named)
}

/// Whether a value is a hole to be filled in: `${NAME}`, `<your token>`, `{{ name }}`, `%NAME%`, `$(command)`, `#{name}`, `****`; or
/// has a format of its own that is no secret or that other rules know: a PEM block, a data URI, a checksum, a public key.
///
/// What is inside must read like names, so that a random password that begins with a bracket is not taken for one.
fn is_placeholder(value: &[u8]) -> bool {
    let first = value[0];
    if value.iter().all(|&byte| byte == first) {
        return true;
    }
    let other = [
        b"-----BEGIN".as_slice(),
        b"data:",
        b"sha1-",
        b"sha256-",
        b"sha384-",
        b"sha512-",
        b"sha256:",
        b"ssh-rsa ",
        b"ssh-ed25519 ",
        b"ecdsa-sha2",
        // What is stored of a password is not the password; rules for password files know these.
        b"$1$",
        b"$2a$",
        b"$2b$",
        b"$2y$",
        b"$5$",
        b"$6$",
        b"$apr1$",
        b"$argon2",
        b"$pbkdf2",
        b"pbkdf2_",
        b"{PBKDF2",
        b"{SHA",
        b"{SSHA",
    ];
    let masked =
        value.windows(4).any(|four| four == b"****") || value.ends_with(b"...") || value.windows(5).any(|five| five == b"[...]");
    // A class of characters in a regular expression.
    let expression = value.contains(&b'[')
        && [b"a-z".as_slice(), b"A-Z", b"0-9", b"\\x"].iter().any(|range| memchr::memmem::find(value, range).is_some());
    if masked || expression || other.iter().any(|start| value.starts_with(start)) {
        return true;
    }
    let words = |inner: &[u8]| {
        inner.iter().all(|&byte| is(byte, class::NAME | class::BLANK) || matches!(byte, b':' | b'/' | b'|' | b',' | b'\'' | b'?'))
    };
    let (rest, last) = (&value[1..], value[value.len() - 1]);
    let inner = &value[1..value.len() - 1];
    match first {
        b'$' if rest[0] == b'{' => until_brace(rest).is_some_and(words) || value.ends_with(b"}"),
        b'$' if rest[0] == b'(' => last == b')',
        b'$' => rest.iter().all(|&byte| is(byte, class::WORD)) && !rest.iter().any(|&byte| is(byte, class::DIGIT)),
        b'{' => {
            (rest[0] == b'{' || rest[0] == b'%' || words(inner)) && (last == b'}' || memchr::memmem::find(rest, b"}}").is_some())
        }
        b'<' => {
            last == b'>' && words(inner) || value.starts_with(b"<%=") || value.starts_with(b"<?php") || value.starts_with(b"<%")
        }
        b'#' => rest[0] == b'{' && until_brace(rest).is_some_and(words),
        b'%' => last == b'%' && words(inner) || rest[0] == b'(' && inner.contains(&b')'),
        b'[' => last == b']' && words(inner),
        _ => false,
    }
}

/// What stands between the brace that `text` begins with and the next closing one.
fn until_brace(text: &[u8]) -> Option<&[u8]> {
    let end = text.iter().position(|&byte| byte == b'}')?;
    Some(&text[1..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values found for every occurrence of `keyword` in `text`.
    fn values(text: &str, keyword: &str) -> Vec<String> {
        let mut found = Vec::new();
        for (start, _) in text.to_ascii_lowercase().match_indices(keyword) {
            candidates(text.as_bytes(), start..start + keyword.len(), &mut found);
        }
        found.iter().map(|candidate| text[candidate.value.clone()].to_owned()).collect()
    }

    #[test]
    fn values_are_read_in_all_notations() {
        let cases = [
            ("password = \"k3\"", "pass", &[][..]),
            ("password = \"Xk3?z\"", "pass", &["Xk3?z"]),
            ("'db_password': 'Xk3?z',", "pass", &["Xk3?z"]),
            ("DB_PASSWORD=Xk3?z,(w;", "pass", &["Xk3?z,(w"]),
            ("password: a'b\"c)d", "pass", &["a'b\"c)d"]),
            ("<password>Xk3?z</password>", "pass", &["Xk3?z"]),
            ("<add key=\"Password\" value=\"Xk3?z\"/>", "pass", &["Xk3?z"]),
            ("- name: DB_PASSWORD\n  value: Xk3?z\n", "pass", &["Xk3?z"]),
            ("let password: &str = \"Xk3?z\";", "pass", &["Xk3?z"]),
            ("user.setPassword(\"Xk3?z\");", "pass", &["Xk3?z"]),
            ("key = Base64.decode(\"Xk3z\")", "key", &["Xk3z"]),
            ("login --password Xk3?z --user bob", "pass", &["Xk3?z"]),
            ("ALTER USER a IDENTIFIED BY 'Xk3?z'", "identified", &["Xk3?z"]),
            ("{\\\"password\\\":\\\"Xk3?z\\\"}", "pass", &["Xk3?z"]),
            ("https://bob:Xk3?z@host/", "://", &["Xk3?z"]),
            ("curl -s -u bob:Xk3?z https://host", "curl", &["Xk3?z"]),
            ("Authorization: Bearer Xk3zXk3zXk3z", "bearer", &["Xk3zXk3zXk3z"]),
            ("password: |\n  \"Xk3?z\"", "pass", &["Xk3?z"]),
            ("?token=Xk3z&page=2", "token", &["Xk3z"]),
            ("aesKey := []byte{1, 2, 3, 4, 5, 6, 7, 8}", "key", &["1, 2, 3, 4, 5, 6, 7, 8"]),
        ];
        for (text, keyword, expected) in cases {
            assert_eq!(values(text, keyword), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_value_is_left() {
        let cases = [
            ("author = \"Jane Doe\"", "auth"),
            ("keyboard = \"qwertz-105\"", "key"),
            ("publicKeyToken=\"b77a5c561934e089\"", "token"),
            ("password = ${DB_PASSWORD}", "pass"),
            ("password: {{ lookup }}", "pass"),
            ("token = load(name)", "token"),
            ("hash = sha256; key = \"sha256-AbC/9=\"", "key"),
            ("NotPrecedes = 'aB3dE6gH9'", "otp"),
            ("x = \"password = \" + secret_value", "pass"),
            ("https://host:8080/a@b", "://"),
        ];
        for (text, keyword) in cases {
            assert_eq!(values(text, keyword), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn any_text_is_read_within_reach_and_without_panic() {
        let pieces = [
            "password",
            "=",
            ":",
            "\"",
            "'",
            "\\",
            "(",
            ")",
            "{",
            "}",
            " ",
            "\n",
            "value",
            "curl -u ",
            "://",
            "a:b@c",
            "9",
            ",",
            "&quot;",
            "Bearer ",
            "é",
            "[1,2,3,4,5,6,7,8,9",
        ];
        let mut state = 11u64;
        let mut next = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below
        };
        for _ in 0..20_000 {
            let count = next(60);
            let text: String = (0..count).map(|_| pieces[next(pieces.len())]).collect();
            for keyword in ["password", "curl", "://", "bearer"] {
                for (start, _) in text.to_ascii_lowercase().match_indices(keyword) {
                    let mut found = Vec::new();
                    candidates(text.as_bytes(), start..start + keyword.len(), &mut found);
                    for candidate in found {
                        assert!(candidate.value.start <= candidate.value.end && candidate.value.end <= text.len());
                        assert!(candidate.name.start <= candidate.name.end);
                    }
                }
            }
        }
    }
}
