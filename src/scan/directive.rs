//! Remarks beside a secret that allow it: `keyward:allow [rule] [reason]`, and other scanners' markers.

/// The marker of this program; a rule id may follow it.
const OWN: &str = "keyward:allow";

/// The markers of other scanners, honoured so that a repository can move without rewriting its comments.
const FOREIGN: [&str; 7] = [
    "gitleaks:allow",
    "betterleaks:allow",
    "kingfisher:ignore",
    "trufflehog:ignore",
    "pragma: allowlist secret",
    "pragma: whitelist secret",
    "ggignore",
];

/// Which markers count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Markers {
    /// This program's and other scanners'.
    All,
    /// This program's only.
    Own,
    /// None: every finding is reported.
    None,
}

/// Whether `line`, or a line of nothing but a comment `above` it, allows findings of `rule`.
pub fn allows(markers: Markers, line: &[u8], above: Option<&[u8]>, rule: &str) -> bool {
    if markers == Markers::None {
        return false;
    }
    let comment = above.filter(|above| is_remark(above));
    [Some(line), comment].into_iter().flatten().any(|line| {
        own_marker_allows(line, rule)
            || (markers == Markers::All && FOREIGN.iter().any(|marker| position(line, marker).is_some()))
    })
}

/// Whether `line` holds nothing before its marker but the signs that start a comment.
fn is_remark(line: &[u8]) -> bool {
    let start = std::iter::once(&OWN).chain(&FOREIGN).filter_map(|marker| position(line, marker)).min();
    start.is_some_and(|start| !line[..start].iter().any(u8::is_ascii_alphanumeric))
}

/// Whether this program's marker stands in `line`, for all rules or for `rule`.
///
/// The first word behind the marker restricts it when it looks like a rule id, which all hold a hyphen.
fn own_marker_allows(line: &[u8], rule: &str) -> bool {
    let Some(at) = position(line, OWN) else { return false };
    let rest = &line[at + OWN.len()..];
    let rest = rest.strip_prefix(b":").unwrap_or(rest).trim_ascii_start();
    let is_id = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-';
    let word = &rest[..rest.iter().take_while(|byte| is_id(byte)).count()];
    !word.contains(&b'-') || word.starts_with(b"-") || word == rule.as_bytes()
}

fn position(line: &[u8], marker: &str) -> Option<usize> {
    memchr::memmem::find(line, marker.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(line: &str, above: &str) -> bool {
        allows(Markers::All, line.as_bytes(), Some(above.as_bytes()), "acme-key")
    }

    #[test]
    fn the_same_line_and_a_comment_above_count() {
        assert!(allowed("key = 1 # keyward:allow", ""));
        assert!(allowed("key = 1", "  // keyward:allow a test key"));
        assert!(allowed("key = 1 # gitleaks:allow", ""));
        assert!(!allowed("key = 1", "other = 2 # keyward:allow"));
        assert!(!allowed("key = 1", ""));
    }

    #[test]
    fn a_rule_id_restricts_it() {
        assert!(allowed("key = 1 # keyward:allow acme-key rotated", ""));
        assert!(!allowed("key = 1 # keyward:allow other-key rotated", ""));
        assert!(allowed("<!-- keyward:allow -->", ""));
    }

    #[test]
    fn they_can_be_switched_off() {
        assert!(!allows(Markers::None, b"x # keyward:allow", None, "acme-key"));
        assert!(!allows(Markers::Own, b"x # gitleaks:allow", None, "acme-key"));
    }
}
