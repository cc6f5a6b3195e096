//! Finds the configuration file and reads it as text.

use crate::error::Error;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// What the file is called where it is looked for.
pub const NAME: &str = "keyward.toml";

/// More bytes than these are no configuration.
const LIMIT: u64 = 4 << 20;

/// The file found upwards from each of `near`; the search ends with the folder that holds `.git`.
///
/// # Errors
/// When different paths lead to different files: one run has one configuration.
pub fn find(near: &[PathBuf]) -> Result<Option<PathBuf>, Error> {
    let here = std::env::current_dir().map_err(|error| Error::new(format!("cannot tell the working directory: {error}")))?;
    let starts: Vec<PathBuf> = match near {
        [] => vec![here],
        paths => paths.iter().map(|path| existing(path, &here)).collect(),
    };
    let mut found: Vec<PathBuf> = starts.iter().filter_map(|start| upwards(start)).collect();
    found.sort();
    found.dedup();
    match found.as_slice() {
        [first, second, ..] => {
            let message = format!("{} and {} both apply to the paths given", first.display(), second.display());
            Err(Error::new(message).hint("name one of them with --config, or scan the paths one by one"))
        }
        _ => Ok(found.pop()),
    }
}

/// The content of the file at `path`, without a byte order mark.
///
/// # Errors
/// When it cannot be read, or is not UTF-8.
pub fn read(path: &Path) -> Result<String, Error> {
    let cannot = |reason: String| Error::new(format!("cannot read the configuration {}: {reason}", path.display()));
    let metadata = fs::metadata(path).map_err(|error| cannot(error.to_string()))?;
    if metadata.is_dir() {
        return Err(cannot("it is a folder".into()).hint(format!("name the file in it, such as {}", path.join(NAME).display())));
    }
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(|error| cannot(error.to_string()))?;
    file.take(LIMIT + 1).read_to_end(&mut bytes).map_err(|error| cannot(error.to_string()))?;
    if bytes.len() as u64 > LIMIT {
        return Err(cannot(format!("it is larger than {LIMIT} bytes")));
    }
    decode(bytes).map_err(|reason| cannot(reason).hint("save it as UTF-8"))
}

/// The text that `bytes` are; an error says what else they are.
fn decode(bytes: Vec<u8>) -> Result<String, String> {
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return Err("it is UTF-16, not UTF-8".into());
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let line = error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|&&byte| byte == b'\n').count() + 1;
        format!("line {line} is not UTF-8")
    })?;
    Ok(text.strip_prefix('\u{feff}').map_or_else(|| text.clone(), str::to_owned))
}

/// `path` without links and dots; of a path that does not exist, the part that does.
fn existing(path: &Path, here: &Path) -> PathBuf {
    if path.as_os_str() == "-" {
        return here.to_path_buf();
    }
    here.join(path).ancestors().find_map(|ancestor| ancestor.canonicalize().ok()).unwrap_or_else(|| here.to_path_buf())
}

/// The first plain file called [`NAME`] in `start` or above, up to the root of the repository.
fn upwards(start: &Path) -> Option<PathBuf> {
    for folder in start.ancestors() {
        let file = folder.join(NAME);
        if file.is_file() {
            return Some(file);
        }
        if folder.join(".git").exists() {
            break;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_encodings() {
        assert_eq!(decode(b"\xEF\xBB\xBFa = 1\r\n".to_vec()).unwrap(), "a = 1\r\n");
        assert_eq!(decode(b"\xFF\xFEa\0".to_vec()).unwrap_err(), "it is UTF-16, not UTF-8");
        assert_eq!(decode(b"a\nb\xFF".to_vec()).unwrap_err(), "line 2 is not UTF-8");
    }
}
