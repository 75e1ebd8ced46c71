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

# A method is a screenful: 80 lines a file, without blank ones and comments. What is no method is left out.
for file in $(git ls-files 'Plugins/*.swift' ':!Plugins/Parts' ':!Plugins/Transformer' ':!Plugins/Torch' \
  ':!Plugins/JSONLTask' ':!Plugins/Countdown' ':!Plugins/KnightsAndKnaves' ':!Plugins/MathReward' ':!Plugins/Overlong' \
  ':!Plugins/ProcessReward'); do
  lines=$(grep -cvE '^[[:space:]]*(//.*)?$' "$file")
  [ "$lines" -le 80 ] || fault "$file has $lines lines of code; a method has 80 at most"
done
exit $faults
