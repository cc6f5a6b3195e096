//! Names of commits and ranges, as people type them, turned into objects.

use super::Repository;
use super::objects::ObjectId;
use std::fmt;

/// What a range selects: all that the tips lead to, without all that the hidden commits lead to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Range {
    pub tips: Vec<ObjectId>,
    pub hidden: Vec<ObjectId>,
}

/// Why a range selects nothing.
#[derive(Debug)]
pub struct RangeError {
    range: String,
    reason: String,
}

impl fmt::Display for RangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} names no commits of this repository: {}", self.range, self.reason)
    }
}

impl std::error::Error for RangeError {}

/// Resolves `range`: one or more of `A`, `^A`, `A..B`, `A...B`, separated by blanks.
///
/// # Errors
/// When a name in it is unknown, or names no commit.
pub fn resolve(repository: &Repository, range: &str) -> Result<Range, RangeError> {
    let wrong = |reason: &dyn fmt::Display| RangeError { range: range.to_owned(), reason: reason.to_string() };
    // SAFETY: sets a flag of the library before it is used; reading someone else's repository runs nothing of theirs.
    unsafe { git2::opts::set_verify_owner_validation(false) }.map_err(|error| wrong(&error.message()))?;
    let opened = git2::Repository::open(&repository.git_dir).map_err(|error| wrong(&error.message()))?;
    let commit = |name: &str| -> Result<git2::Oid, RangeError> {
        let name = if name.is_empty() { "HEAD" } else { name };
        let object = opened.revparse_single(name).map_err(|error| wrong(&error.message()))?;
        let commit = object.peel_to_commit().map_err(|error| wrong(&error.message()))?;
        Ok(commit.id())
    };
    let id = |oid: git2::Oid| ObjectId::new(oid.as_bytes()).ok_or_else(|| wrong(&"an object name of unknown length"));
    let mut resolved = Range::default();
    for word in range.split_whitespace() {
        if let Some((left, right)) = word.split_once("...") {
            let (left, right) = (commit(left)?, commit(right)?);
            let bases = opened.merge_bases(left, right).map(|bases| bases.to_vec()).unwrap_or_default();
            resolved.tips.extend([id(left)?, id(right)?]);
            resolved.hidden.extend(bases.into_iter().map(id).collect::<Result<Vec<_>, _>>()?);
        } else if let Some((left, right)) = word.split_once("..") {
            resolved.hidden.push(id(commit(left)?)?);
            resolved.tips.push(id(commit(right)?)?);
        } else if let Some(name) = word.strip_prefix('^') {
            resolved.hidden.push(id(commit(name)?)?);
        } else {
            resolved.tips.push(id(commit(word)?)?);
        }
    }
    if resolved.tips.is_empty() {
        return Err(wrong(&"it has no end; write A..B, or the name of a branch"));
    }
    Ok(resolved)
}

/// Resolves the name of a branch, a remote one too.
///
/// # Errors
/// When there is none.
pub fn resolve_branch(repository: &Repository, name: &str) -> Result<Range, RangeError> {
    let full = ["refs/heads/", "refs/remotes/", "refs/remotes/origin/"].map(|prefix| format!("{prefix}{name}"));
    let known = repository.refs(&mut Vec::new()).refs;
    let tip = full.iter().find_map(|full| known.get(full));
    let reason = "there is no such branch here".to_owned();
    tip.map(|&tip| Range { tips: vec![tip], hidden: Vec::new() }).ok_or_else(|| RangeError { range: name.to_owned(), reason })
}

/// Reads a date as seconds since 1970: `2024-01-31`, `2024-01-31T12:30:00Z`, a number of seconds, or `30 days ago`, seen from `now`.
pub fn parse_date(text: &str, now: i64) -> Option<i64> {
    let text = text.trim();
    let words: Vec<&str> = text.split([' ', '.']).filter(|word| !word.is_empty()).collect();
    if let [count, unit, "ago"] = words[..] {
        let seconds = match unit.trim_end_matches('s') {
            "hour" => 3_600,
            "day" => 86_400,
            "week" => 7 * 86_400,
            "month" => 30 * 86_400,
            "year" => 365 * 86_400,
            _ => return None,
        };
        return now.checked_sub(count.parse::<i64>().ok()?.checked_mul(seconds)?);
    }
    if let Ok(seconds) = text.trim_start_matches('@').parse::<i64>() {
        return Some(seconds);
    }
    let (date, time) = text.split_once(['T', ' ']).unwrap_or((text, "00:00:00"));
    let fields = |text: &str, sign: char| -> Option<Vec<i64>> { text.split(sign).map(|field| field.parse().ok()).collect() };
    let (date, time) = (fields(date, '-')?, fields(time.trim_end_matches('Z'), ':')?);
    let &[year, month, day] = &date[..] else { return None };
    let (&[hour, minute], second) = (time.get(..2)?, time.get(2).copied().unwrap_or(0)) else { return None };
    let sound = (1970..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    let sound = sound && (0..24).contains(&hour) && (0..60).contains(&minute) && (0..=60).contains(&second);
    sound.then(|| days_before(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second)
}

/// Days from the start of 1970 to a date, by counting years from March so that a leap day comes last.
fn days_before(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let since_march = (month + 9) % 12;
    let leap_days = year / 4 - year / 100 + year / 400;
    365 * year + leap_days + (153 * since_march + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read() {
        assert_eq!(parse_date("1970-01-01", 0), Some(0));
        assert_eq!(parse_date("2000-02-29T12:30:05Z", 0), Some(951_827_405));
        assert_eq!(parse_date("2024-12-31 23:59", 0), Some(1_735_689_540));
        assert_eq!(parse_date("@1700000000", 0), Some(1_700_000_000));
        assert_eq!(parse_date("2 weeks ago", 1_300_000), Some(90_400));
        assert_eq!(parse_date("30.days.ago", 3_000_000), Some(408_000));
        for wrong in ["", "yesterdayish", "2024-13-01", "2024-01", "2024-01-01T25:00", "x days ago"] {
            assert_eq!(parse_date(wrong, 0), None, "{wrong}");
        }
    }
}
