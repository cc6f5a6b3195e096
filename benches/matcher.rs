//! How fast texts are matched, in memory and on one thread: `cargo bench`.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use keyward::rule::RuleSet;
use keyward::scan::Scanner;
use std::hint::black_box;

/// The sources of this program, some times over: code, rules and prose.
fn corpus() -> Vec<u8> {
    let mut text = Vec::new();
    for folder in ["src", "src/scan", "src/rule", "src/report", "docs"] {
        let mut paths: Vec<_> =
            std::fs::read_dir(folder).expect("run it in the repository").flatten().map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths.iter().filter(|path| path.is_file()) {
            text.extend(std::fs::read(path).expect("it can be read"));
        }
    }
    text.repeat((16 << 20) / text.len() + 1)
}

/// Letters and digits without any pattern: what packed and encoded data looks like.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 7u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[(state >> 58) as usize]
    };
    (0..length).map(|_| next()).collect()
}

fn matching(criterion: &mut Criterion) {
    let scanner = Scanner::new(RuleSet::built_in(), 0.5).expect("the built-in rules can be used");
    for (name, text) in [("source", corpus()), ("noise", noise(16 << 20))] {
        let mut group = criterion.benchmark_group("matches");
        group.throughput(Throughput::Bytes(text.len() as u64)).sample_size(20);
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let mut found = Vec::new();
                scanner.matches(black_box(&text), 0..text.len(), &mut found);
                found.len()
            });
        });
        group.finish();
    }
}

fn starting(criterion: &mut Criterion) {
    criterion.bench_function("load the built-in rules", |bencher| {
        bencher.iter(|| Scanner::new(RuleSet::built_in(), 0.5).expect("the built-in rules can be used"));
    });
}

criterion_group!(benches, matching, starting);
criterion_main!(benches);
