//! Compiles `rules/*.toml` into one binary table, with the parser that also reads `--rules` at run time.

#[path = "src/rule/file.rs"]
#[allow(dead_code)]
mod file;

use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=rules");
    println!("cargo::rerun-if-changed=src/rule");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let mut rules: Vec<file::Rule> = rule_files(&root.join("rules")).iter().flat_map(|path| parse(path)).collect();
    rules.sort_by(|a, b| a.id.cmp(&b.id));
    if let Some(pair) = rules.windows(2).find(|pair| pair[0].id == pair[1].id) {
        panic!("two rules have the id {}", pair[0].id);
    }
    let bytes = postcard::to_allocvec(&rules).expect("rules hold plain data only");
    fs::write(out.join("rules.bin"), bytes).expect("OUT_DIR can be written");
}

fn rule_files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).expect("the repository has a rules folder");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("rules can be listed").path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    files
}

fn parse(path: &Path) -> Vec<file::Rule> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    file::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
