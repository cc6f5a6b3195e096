#!/usr/bin/env bash
# Times scans of whole folders: this program against other scanners, on the same machine in one run. The table is Markdown.
#
# usage: benches/tree.sh FOLDER…         (they are only read)
#   KEYWARD=target/release/keyward       the program to measure
#   KINGFISHER= BETTERLEAKS= GITLEAKS= RIPSECRETS= DETECT_SECRETS=    paths of the others; those that are not set are left out
#   ROUNDS=3                             the fastest of so many rounds counts; the commands take turns
#
# Every command first runs once unmeasured, so that files are in the system's cache and rules are compiled. Ignored files are
# scanned by all; nobody asks a network whether a key is live.
set -euo pipefail
keyward=${KEYWARD:-target/release/keyward}
rounds=${ROUNDS:-3}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# measure NAME COMMAND…: appends "wall processor memory" to $scratch/NAME
measure() {
  local name=$1
  shift
  /usr/bin/time -o "$scratch/time" -f '%e %U %S %M' "$@" > "$scratch/out" 2> "$scratch/err" || true
  tail -n 1 "$scratch/time" | awk '{ printf "%.3f %.2f %d\n", $1, $2 + $3, $4 / 1024 }' >> "$scratch/$name"
}

run() {
  local folder=$1 name=$2
  case $name in
    keyward) measure keyward "$keyward" scan "$folder" --no-ignore --history none --format json ;;
    kingfisher) measure kingfisher "$KINGFISHER" scan "$folder" --no-validate --no-update-check -q --git-history none --no-dedup --format jsonl ;;
    betterleaks) measure betterleaks "$BETTERLEAKS" fs "$folder" --no-banner -o "$scratch/betterleaks.json" ;;
    gitleaks) measure gitleaks "$GITLEAKS" dir "$folder" --no-banner -f json -r "$scratch/gitleaks.json" ;;
    ripsecrets) measure ripsecrets "$RIPSECRETS" "$folder" ;;
    detect-secrets) measure detect-secrets "$DETECT_SECRETS" scan --all-files "$folder" ;;
  esac
}

names=(keyward)
[ -n "${KINGFISHER:-}" ] && names+=(kingfisher)
[ -n "${BETTERLEAKS:-}" ] && names+=(betterleaks)
[ -n "${GITLEAKS:-}" ] && names+=(gitleaks)
[ -n "${RIPSECRETS:-}" ] && names+=(ripsecrets)
[ -n "${DETECT_SECRETS:-}" ] && names+=(detect-secrets)

echo "| folder | files | MB | command | wall s | processor s | peak MB | × keyward |"
echo "|---|---|---|---|---|---|---|---|"
for folder in "$@"; do
  for name in "${names[@]}"; do run "$folder" "$name"; rm -f "$scratch/$name"; done
  for _ in $(seq "$rounds"); do
    for name in "${names[@]}"; do run "$folder" "$name"; done
  done
  files=$(find "$folder" -type f | wc -l)
  megabytes=$(find "$folder" -type f -printf '%s\n' | awk '{ sum += $1 } END { printf "%.1f", sum / 1e6 }')
  base=$(sort -n "$scratch/keyward" | head -n 1 | cut -d' ' -f1)
  for name in "${names[@]}"; do
    read -r wall cpu memory < <(sort -n "$scratch/$name" | head -n 1)
    times=$(awk -v a="$wall" -v b="$base" 'BEGIN { printf "%.1f", (b > 0 ? a / b : 0) }')
    echo "| $(basename "$folder") | $files | $megabytes | $name | $wall | $cpu | $memory | $times |"
    rm -f "$scratch/$name"
  done
done
