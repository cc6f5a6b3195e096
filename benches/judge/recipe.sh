#!/usr/bin/env bash
# Trains the judge from nothing but this repository, labelled cases and popular code, and prints the figures of docs/accuracy.md.
#
# usage: recipe.sh CASES.jsonl[.xz] WORDS.jsonl[.xz] WORK CODE...
#   CASES  labelled lines: one JSON object a line, {id, repo, path, text, labels: [{line, end, start, stop, label, category}]}. They derive from
#          the public CredData set: each case is a labelled line with the lines around it, `label` T (a credential) or F.
#   WORDS  the same with human-chosen passwords in place of those of the set; only ever measured on
#   CODE   folders of popular source code, taken for free of credentials
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd) root=$(cd "$here/../.." && pwd)
cases=$1 words=$2 work=$3; shift 3
mkdir -p "$work"
[ -x "$work/venv/bin/python" ] || python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q -r "$here/requirements.txt"
python=$work/venv/bin/python
"$python" "$here/letters.py" "$root/src/scan/judge/letters.bin" "$@"
for kind in plain human random lines; do "$python" "$here/augment.py" "$cases" $kind "$work/$kind"; done
"$python" "$here/augment.py" "$words" plain "$work/words"
cargo build --release --manifest-path "$root/Cargo.toml"
for kind in plain human random lines words; do "$root/target/release/keyward" explain --features "$work/$kind" > "$work/$kind.jsonl"; done
"$root/target/release/keyward" explain --features "$@" > "$work/code.jsonl"
"$python" "$here/train.py" "$work" --model "$root/src/scan/judge/model.bin"
"$python" "$here/evaluate.py" "$work"
sha256sum "$cases" "$words" "$root"/src/scan/judge/*.bin
