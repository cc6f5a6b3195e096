#!/usr/bin/env bash
# Times whole histories: this program against git printing the objects, and against other scanners, on the same machine in one run.
#
# usage: benches/history.sh REPO…        (git directories or working trees; they are only read)
#   KEYWARD=target/release/keyward       the program to measure
#   BETTERLEAKS= GITLEAKS= KINGFISHER=   paths of the others; those that are not set are left out
#   ROUNDS=3                             the fastest of so many rounds counts; the commands take turns
#
# Every command first runs once unmeasured, so that files are in the system's cache and rules are compiled. The table is Markdown:
# seconds of wall time, seconds of processor time, and peak memory in MB (of which this program maps the pack, a cache the system
# can take back).
set -euo pipefail
keyward=${KEYWARD:-target/release/keyward}
rounds=${ROUNDS:-3}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# measure NAME COMMAND…: appends "wall cpu memory" to $scratch/NAME
measure() {
  local name=$1
  shift
  /usr/bin/time -o "$scratch/time" -f '%e %U %S %M' "$@" > "$scratch/out" 2> "$scratch/err" || true
  tail -n 1 "$scratch/time" | awk '{ printf "%.2f %.2f %d\n", $1, $2 + $3, $4 / 1024 }' >> "$scratch/$name"
}

run() {
  local repository=$1 name=$2
  case $name in
    keyward) measure keyward "$keyward" scan "$repository" --files none --no-cache --format json ;;
    again) measure again env KEYWARD_CACHE_DIR="$scratch/cache" "$keyward" scan "$repository" --files none --format json ;;
    exhaustive) measure exhaustive "$keyward" scan "$repository" --files none --no-cache --exhaustive --format json ;;
    cat-file) measure cat-file git -C "$repository" cat-file --batch-all-objects --unordered --batch ;;
    cat-file-sorted) measure cat-file-sorted git -C "$repository" cat-file --batch-all-objects --batch ;;
    betterleaks) measure betterleaks "$BETTERLEAKS" git "$repository" --no-banner -o "$scratch/betterleaks.json" ;;
    gitleaks) measure gitleaks "$GITLEAKS" git "$repository" --no-banner -f json -r "$scratch/gitleaks.json" ;;
    kingfisher) measure kingfisher "$KINGFISHER" scan "$repository" --no-validate --no-update-check -q --format jsonl ;;
  esac
}

names=(keyward again cat-file cat-file-sorted)
[ -n "${EXHAUSTIVE:-}" ] && names+=(exhaustive)
[ -n "${BETTERLEAKS:-}" ] && names+=(betterleaks)
[ -n "${GITLEAKS:-}" ] && names+=(gitleaks)
[ -n "${KINGFISHER:-}" ] && names+=(kingfisher)

echo "| repository | pack MB | objects | command | wall s | processor s | peak MB | × keyward |"
echo "|---|---|---|---|---|---|---|---|"
for repository in "$@"; do
  rm -rf "$scratch/cache"
  for name in "${names[@]}"; do run "$repository" "$name"; rm -f "$scratch/$name"; done
  for _ in $(seq "$rounds"); do
    for name in "${names[@]}"; do run "$repository" "$name"; done
  done
  title=$(basename "${repository%/.git}")
  [ "$title" = repo ] && title=$(basename "$(dirname "$repository")")
  eval "$(git -C "$repository" count-objects -v | awk -F': ' '/^in-pack|^size-pack|^count/ { gsub("-", "_", $1); print $1 "=" $2 }')"
  base=$(sort -n "$scratch/keyward" | head -n 1 | cut -d' ' -f1)
  for name in "${names[@]}"; do
    read -r wall cpu memory < <(sort -n "$scratch/$name" | head -n 1)
    times=$(awk -v a="$wall" -v b="$base" 'BEGIN { printf "%.1f", (b > 0 ? a / b : 0) }')
    echo "| $title | $((size_pack / 1024)) | $((in_pack + count)) | $name | $wall | $cpu | $memory | $times |"
    rm -f "$scratch/$name"
  done
done
