#!/usr/bin/env bash
# Runs every sh block of the guides, in order, in an empty folder with the built program on the path.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
for page in "$@"; do
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  awk '/^```sh$/ { on = 1; next } /^```$/ { on = 0 } on' "$page" >"$folder/commands.sh"
  test -s "$folder/commands.sh" || { echo "$page has no sh block" >&2; exit 1; }
  echo "== $page"
  (cd "$folder" && FULCRUM_SOURCE="$root" PATH="$root/.build/release:$PATH" \
    bash -euxo pipefail commands.sh) >"$folder/log" 2>&1 </dev/null || {
    tail -40 "$folder/log" >&2
    echo "a command of $page failed" >&2
    exit 1
  }
  grep -c '^+ ' "$folder/log" | sed 's/$/ commands/'
  rm -rf "$folder"
done
