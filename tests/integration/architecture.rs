//! The layers of the building: each imports only from those below it, in the order that `src/lib.rs` documents.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The layers, lowest first. Modules of one layer may use each other only as `within` says.
const LAYERS: [&[&str]; 8] = [
    &["secret", "location", "problem"],
    &["rule"],
    &["source"],
    &["report"],
    &["scan"],
    &["error", "cli", "config"],
    &["commands"],
    &["lib", "main"],
];

/// Imports inside a layer: `config` joins what the other two tell.
const WITHIN: [(&str, &str); 3] = [("config", "error"), ("config", "cli"), ("main", "lib")];

/// All source files, by their path below `src`.
fn sources() -> Vec<(PathBuf, String)> {
    fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("src can be listed") {
            let path = entry.expect("src can be listed").path();
            if path.is_dir() {
                collect(&path, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("sources are UTF-8");
        (path.strip_prefix(&root).expect("it was found there").to_path_buf(), text)
    };
    files.into_iter().map(read).collect()
}

/// The top-level module that a file belongs to.
fn module_of(path: &Path) -> String {
    let first = path.components().next().expect("a file has a name").as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// The text without comments and without what stands between quotes, so that only code is left.
fn code_of(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let skipped = match next {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => block_comment(rest),
            '"' => quoted(rest),
            'r' if !code.ends_with(|c: char| c.is_alphanumeric() || c == '_') => raw_quoted(rest).unwrap_or(0),
            '\'' if rest.starts_with("'\"'") => 3,
            '\'' if rest.starts_with("'\\") => 2 + rest[2..].find('\'').map_or(0, |end| end.max(1) + 1),
            _ => 0,
        };
        if skipped > 0 {
            code.push(' ');
            rest = &rest[skipped..];
        } else {
            code.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    code
}

/// The length of the block comment that `text` starts with; they nest.
fn block_comment(text: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if text[at..].starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// The length of the string that `text` starts with.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, sign) in text.char_indices().skip(1) {
        match sign {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of the raw string that `text` starts with, if it does.
fn raw_quoted(text: &str) -> Option<usize> {
    let hashes = text[1..].len() - text[1..].trim_start_matches('#').len();
    text[1 + hashes..].starts_with('"').then_some(())?;
    let end = format!("\"{}", "#".repeat(hashes));
    let from = 2 + hashes;
    Some(text[from..].find(&end).map_or(text.len(), |at| from + at + end.len()))
}

/// The top-level modules that `code` of `module` names behind `crate::` and, in a top-level file, behind `super::`.
fn imports(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = code[at + "crate::".len()..].trim_start();
        match rest.strip_prefix('{') {
            Some(group) => found.extend(group_heads(group)),
            None => found.push(word(rest)),
        }
    }
    found.retain(|name| !name.is_empty());
    found
}

/// The first words of the paths in a `{…}` that has just opened.
fn group_heads(group: &str) -> Vec<String> {
    let (mut depth, mut heads, mut at_head) = (1, Vec::new(), true);
    for (at, sign) in group.char_indices() {
        match sign {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => at_head = true,
            c if c.is_alphabetic() && at_head => {
                heads.push(word(&group[at..]));
                at_head = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    heads
}

fn word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// Why `importer` may not import `imported`; none when it may.
fn objection(importer: &str, imported: &str) -> Option<String> {
    let layer = |module: &str| LAYERS.iter().position(|layer| layer.contains(&module));
    let (Some(from), Some(to)) = (layer(importer), layer(imported)) else {
        let unknown = if layer(importer).is_none() { importer } else { imported };
        return Some(format!("{unknown} belongs to no layer; place it in src/lib.rs and in this test"));
    };
    let allowed = importer == imported || to < from || (to == from && (to == 0 || WITHIN.contains(&(importer, imported))));
    (!allowed).then(|| format!("{importer} may not import {imported}: the arrow runs back"))
}

#[test]
fn imports_follow_the_layers() {
    let mut faults = Vec::new();
    let mut seen: BTreeMap<(String, String), usize> = BTreeMap::new();
    for (path, text) in sources() {
        let module = module_of(&path);
        for imported in imports(&code_of(&text)) {
            // What stands at the top of lib.rs, such as `crate::run`, belongs to lib.
            let is_module = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(format!("{imported}.rs")).exists();
            let imported = if is_module { imported } else { "lib".to_owned() };
            if module == "lib" || (module == "main" && imported == "lib") {
                continue;
            }
            *seen.entry((module.clone(), imported.clone())).or_default() += 1;
            faults.extend(objection(&module, &imported).map(|reason| format!("src/{}: {reason}", path.display())));
        }
    }
    assert!(seen.len() > 15, "only {} arrows were seen: the reader of imports is blind", seen.len());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_module_has_its_layer_and_the_crate_documentation_names_it() {
    let lib = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).expect("lib.rs can be read");
    for (path, _) in sources() {
        let module = module_of(&path);
        assert!(LAYERS.iter().any(|layer| layer.contains(&module.as_str())), "{module} belongs to no layer");
        let named = lib.lines().any(|line| line.starts_with("//! |") && line.contains(&format!("[`{module}`]")));
        assert!(named || ["lib", "main"].contains(&module.as_str()), "the table in src/lib.rs lacks {module}");
    }
}

#[test]
fn the_reader_sees_what_is_imported_and_nothing_else() {
    let text = r##"
        use crate::{rule::{Rule, set}, scan, secret::Secret as S};
        // use crate::commands;
        /* crate::cli::X /* nested */ crate::config */
        let a = "crate::report"; let b = r#"crate::lib "quoted" "#; let c = '"'; let d = crate::source::Blob;
        let e = '\''; let f = mycrate::main;
    "##;
    assert_eq!(imports(&code_of(text)), ["rule", "scan", "secret", "source"]);
    assert!(objection("scan", "commands").is_some() && objection("rule", "scan").is_some());
    assert!(objection("report", "rule").is_none() && objection("secret", "location").is_none());
    assert!(objection("cli", "config").is_some() && objection("config", "cli").is_none());
}

#[test]
fn functions_fit_on_a_screen() {
    const LONGEST: usize = 100;
    let mut faults = Vec::new();
    let mut functions = 0;
    for (path, text) in sources() {
        let mut open: Option<(usize, String, usize)> = None;
        for (number, line) in text.lines().enumerate() {
            let indent = line.len() - line.trim_start().len();
            let is_start =
                ["fn ", "pub fn ", "const fn ", "pub const fn "].iter().any(|start| line.trim_start().starts_with(start));
            if is_start && !line.trim_end().ends_with('}') && !line.trim_end().ends_with(';') {
                open = Some((number, line.trim().to_owned(), indent));
                functions += 1;
            }
            let ended = open.take_if(|(_, _, at)| indent == *at && line.trim_start().starts_with('}'));
            if let Some((start, name, _)) = ended.filter(|(start, ..)| number - start > LONGEST) {
                faults.push(format!("src/{}:{}: {} lines: {name}", path.display(), start + 1, number - start + 1));
            }
        }
    }
    assert!(functions > 100, "only {functions} functions were seen");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
