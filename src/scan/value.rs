//! Tests on a value alone: how random it looks, and whether it only stands in for a real one.

/// The Shannon entropy of `value`, in bits per byte.
pub fn entropy_of(value: &[u8]) -> f32 {
    entropy::shannon_entropy(value)
}

/// Words that people write where a credential will stand. Each is long enough, or joined to its neighbours by a separator,
/// that it does not turn up inside random text.
const STAND_INS: [&str; 22] = [
    "example",
    "placeholder",
    "changeme",
    "change_me",
    "change-me",
    "your_",
    "your-",
    "yourapi",
    "yourtoken",
    "yoursecret",
    "yourpass",
    "insert_",
    "insert-",
    "replace_",
    "replace-",
    "replaceme",
    "redacted",
    "dummy_",
    "dummy-",
    "xxxxxx",
    "......",
    "******",
];

/// Whether `value` plainly stands in for a credential: a template, a run of one character, or a word that says so.
pub fn is_placeholder(value: &[u8]) -> bool {
    is_template(value) || is_monotonous(value) || is_counting(value) || holds_stand_in(value)
}

/// `${NAME}`, `{{ name }}`, `<name>`, `%NAME%`, `$(…)`: filled in later.
fn is_template(value: &[u8]) -> bool {
    let enclosed = |open: &[u8], close: &[u8]| value.starts_with(open) && value.ends_with(close);
    enclosed(b"<", b">")
        || enclosed(b"%", b"%")
        || enclosed(b"[", b"]")
        || [&b"${"[..], b"{{", b"$(", b"#{", b"<%"].iter().any(|open| memchr::memmem::find(value, open).is_some())
}

/// Fewer than four different characters where there are at least eight.
fn is_monotonous(value: &[u8]) -> bool {
    let mut seen = [false; 256];
    value.iter().for_each(|&byte| seen[byte as usize] = true);
    value.len() >= 8 && seen.iter().filter(|&&seen| seen).count() < 4
}

/// More than two thirds of the characters follow their neighbour: `0123456789abcdef`, `abcdefgh`.
fn is_counting(value: &[u8]) -> bool {
    let follows = |pair: &[u8]| {
        let (a, b) = (pair[0].to_ascii_lowercase(), pair[1].to_ascii_lowercase());
        b == a.wrapping_add(1) || (a == b'9' && matches!(b, b'0' | b'a')) || (a == b'f' && b == b'0')
    };
    value.len() >= 8 && value.windows(2).filter(|pair| follows(pair)).count() * 3 > value.len() * 2
}

/// One of [`STAND_INS`], in any case.
fn holds_stand_in(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    STAND_INS.iter().any(|word| memchr::memmem::find(&lower, word.as_bytes()).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stand_ins_are_known() {
        for value in ["${DB_PASSWORD}", "<token>", "xxxxxxxxxxxxxxxx", "0123456789abcdef", "your_api_key_here", "%TOKEN%"] {
            assert!(is_placeholder(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn random_values_are_not() {
        for value in ["q8Zr2LmW0pXv7TtB", "hook4Vb9sample2Kq", "correct-horse-staple"] {
            assert!(!is_placeholder(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn entropy_is_in_bits() {
        assert_eq!(entropy_of(b"abcd"), 2.0);
        assert_eq!(entropy_of(b"aaaa"), 0.0);
    }
}
