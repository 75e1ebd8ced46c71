#!/bin/sh
# Rules that no compiler checks. Prints what breaks them; exit status 1 if anything does.
set -u
cd "$(dirname "$0")/.." || exit 1
faults=0
fault() {
  echo "$1"
  faults=1
}

# The trainer and the host know protocols, never a concrete algorithm.
names=$(sed -n 's/.*Plugin(name: "\([a-z-]*\)".*/\1/p; s/^ *name: "\([a-z-]*\)", folder:.*/\1/p' \
  Package.swift)
[ -n "$names" ] || fault "Package.swift: found no plugin names"
for name in $names; do
  # A name of two words can only be the plugin's; a plain word is one where it is quoted.
  case $name in
  *-*) set -- -w -e "$name" ;;
  *) set -- -e "\"$name\"" -e "'$name'" -e "use: $name" ;;
  esac
  found=$(git grep -nIiF "$@" -- Sources ':!Sources/Kernel/Interface') &&
    fault "Sources names the plugin '$name':
$found"
done

# A file holds one idea; generated ones hold what they must.
for file in $(git ls-files '*.swift' '*.c' '*.h' ':!*.pb.swift'); do
  lines=$(wc -l <"$file")
  [ "$lines" -le 400 ] || fault "$file has $lines lines; split it (400 at most)"
done
exit $faults
