#!/bin/sh
# Rules that no compiler checks. Prints what breaks them; exit status 1 if anything does.
set -u
cd "$(dirname "$0")/.." || exit 1
faults=0
fault() {
  echo "$1"
  faults=1
}

# A file holds one idea; generated ones hold what they must.
for file in $(git ls-files '*.swift' '*.c' '*.h' ':!*.pb.swift'); do
  lines=$(wc -l <"$file")
  [ "$lines" -le 400 ] || fault "$file has $lines lines; split it (400 at most)"
done
exit $faults
