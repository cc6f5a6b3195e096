#!/usr/bin/env bash
# Scores Keyward and its peers on the same labelled cases, and counts what each reports on code without labels.
#
# usage: compare.sh SCORER CASES.jsonl[.xz] WORK CODE TOOLS
#   SCORER  the program that unpacks cases and scores reports (`credata.py unpack CASES DIR`, `credata.py score CASES FORMAT:FILE`)
#   CODE    a folder of popular source code
#   TOOLS   a file of lines `name<TAB>path`: kingfisher, gitleaks, betterleaks, detect-secrets, ripsecrets; those that are absent are left out
# Keyward's own row is the embedded judge's, which has learned from these cases: the honest figure is the cross-validated one of evaluate.py.
set -uo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
scorer=$1 cases=$2 work=$3 code=$4 tools=$5
tool() { awk -F'\t' -v name="$1" '$1 == name { print $2 }' "$tools"; }
mkdir -p "$work"
[ -d "$work/cases" ] || python3 "$scorer" unpack "$cases" "$work/cases"
reports=()
run() { # name format folder output: scans a folder with one tool
  local path; path=$(tool "$1"); [ -n "$path" ] || return 1
  case $1 in
    kingfisher) "$path" scan "$3" --no-validate --no-update-check -q --git-history none --no-dedup --format jsonl > "$4" ;;
    gitleaks) "$path" dir "$3" --no-banner -f json -r "$4" ;;
    betterleaks) "$path" fs "$3" --no-banner -o "$4" ;;
    detect-secrets) "$path" scan --all-files "$3" > "$4" ;;
    ripsecrets) "$path" "$3" > "$4" ;;
  esac 2> "$4.log"
  true
}
"$root/target/release/keyward" scan "$work/cases" --no-ignore --history none --quiet --format sarif > "$work/keyward.sarif"
reports+=("sarif:$work/keyward.sarif")
while read -r name format; do
  run "$name" "$format" "$work/cases" "$work/$name.json" && reports+=("$format:$work/$name.json")
done <<< "kingfisher kf
gitleaks gl
betterleaks bl
detect-secrets ds
ripsecrets rs"
python3 "$scorer" score "$cases" "${reports[@]}"
lines=$(find "$code" -type f -print0 | xargs -0 cat | wc -l)
echo "code: $lines lines"
"$root/target/release/keyward" scan "$code" --no-ignore --history none --quiet --format jsonl > "$work/keyward.code.jsonl"
run gitleaks gl "$code" "$work/gitleaks.code.json"; run betterleaks bl "$code" "$work/betterleaks.code.json"
python3 - "$lines" "$work" <<'PYTHON'
import json, os, sys
lines, work = int(sys.argv[1]), sys.argv[2]
rows = {}
text = open(f'{work}/keyward.code.jsonl').read().splitlines()
rows['keyward'] = sum('"rule"' in row for row in text)
for name, pick in (('gitleaks', lambda d: d), ('betterleaks', lambda d: d['findings'])):
    if os.path.exists(f'{work}/{name}.code.json'):
        rows[name] = len(pick(json.load(open(f'{work}/{name}.code.json'))))
for name, count in rows.items():
    print(f'{name:12} {count:6} findings, {count / lines * 1e6:.1f} per million lines')
PYTHON
