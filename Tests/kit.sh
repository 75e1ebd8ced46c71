#!/bin/sh
# A stranger's way from an installation to trained plugins: make install, the installation moved, a
# plugin of each kind written, built, tested and listed by it, one run with all of them, make uninstall.
# Nothing of the source tree is used after make install. Needs a release build.
set -eu
cd "$(dirname "$0")/.."
tree=$PWD
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
fail() {
  echo "kit: $1" >&2
  exit 1
}

PREFIX=/opt/fulcrum DESTDIR=$folder/stage sh Scripts/install.sh install
find "$folder/stage/opt/fulcrum" | sort >"$folder/first"
# Once more over itself, and from a copy that someone moved.
PREFIX=/opt/fulcrum DESTDIR=$folder/stage sh Scripts/install.sh install
find "$folder/stage/opt/fulcrum" | sort | cmp - "$folder/first" || fail "installing again differs"
mkdir "$folder/another place"
mv "$folder/stage/opt/fulcrum" "$folder/another place/moved"
moved="$folder/another place/moved"
grep -rIl "$tree" "$moved/share" && fail "the installation names the source tree"
for file in "$moved/bin/fulcrum" "$moved"/lib/fulcrum/*.so "$moved"/lib/fulcrum/plugins/*.so; do
  readelf -d "$file" | grep -E '(RPATH|RUNPATH).*\[' | grep -vE '\[\$ORIGIN[^:]*\]' &&
    fail "$file looks for libraries elsewhere"
  env -i ldd "$file" | grep -E 'not found|/swift/linux/' && fail "$file lacks libraries"
done

bash -c '. "$1/share/bash-completion/completions/fulcrum" && complete -p fulcrum' bash "$moved" |
  grep -q fulcrum || fail "bash doesn't complete"
for shell in zsh fish; do
  command -v $shell >/dev/null || continue
  find "$moved/share/$shell" -type f -exec $shell -n {} + || fail "the completions aren't $shell's"
done

fulcrum() { env -i "$moved/bin/fulcrum" "$@"; }
cd "$folder"
fulcrum doctor
fulcrum plugin list >/dev/null
fulcrum train "$moved/share/fulcrum/recipes/knights-and-knaves.yaml" \
  --set policy.checkpoint="$moved/share/fulcrum/recipes/start" --set output="$folder/recipe" \
  --set steps=1 --set evaluation.items=4 >/dev/null
test "$(wc -l <recipe/metrics.jsonl)" = 1 || fail "the recipe's run has no step"

# Writes a plugin of a kind, builds, lists and tests it. Its log is a file of its own.
plugin() {
  kind=$1
  started=$(date +%s)
  fulcrum plugin new "my-$kind" --kind "$kind" >/dev/null
  grep -rl "$tree" "my-$kind" && fail "my-$kind names the source tree"
  swift build -c release --package-path "my-$kind" >"$kind.log" 2>&1 || {
    cat "$kind.log"
    fail "my-$kind doesn't build"
  }
  ! grep -E 'warning:' "$kind.log" || fail "my-$kind has warnings"
  fulcrum plugin list --plugin-path "my-$kind/.build/release" | grep -q "^  $kind my-$kind\$" ||
    fail "my-$kind isn't listed"
  listed=$(($(date +%s) - started))
  swift test --package-path "my-$kind" >"$kind.log" 2>&1 || {
    cat "$kind.log"
    fail "my-$kind's tests fail"
  }
  grep -q 'passed after' "$kind.log" || fail "my-$kind has no tests"
  echo "my-$kind: listed after $listed s, tested after $(($(date +%s) - started)) s"
}
# Two at a time: half of a small build is one compiler on one core.
for pair in "advantage-transform update-scheduler" "policy-objective reward" "task policy"; do
  plugin "${pair% *}" &
  one=$!
  plugin "${pair#* }" &
  other=$!
  status=0
  wait $one || status=1
  wait $other || status=1
  [ $status = 0 ] || exit 1
done

cat >all.yaml <<END
steps: 2
output: run
plugin-path:
$(for kind in advantage-transform update-scheduler policy-objective reward task policy; do
  echo "  - my-$kind/.build/release"
done)
task: {use: my-task, largest: 9}
policy: {use: my-policy, spread: 1}
reward: {use: my-reward, unfinished: -0.5}
advantage: {use: my-advantage-transform, cap: 0.5}
schedule: {use: my-update-scheduler, share: 0.25}
objective: {use: my-policy-objective, beta: 0.2}
rollout: {prompts: 4, samples: 4, max-new-tokens: 24}
update: {minibatch-prompts: 2, learning-rate: 0.1}
evaluation: {items: 4}
END
fulcrum train all.yaml
test "$(wc -l <run/metrics.jsonl)" = 2 || fail "the run with the new plugins has no two steps"
grep -q 'drift/square_mean' run/metrics.jsonl || fail "the new objective's metric is missing"
fulcrum evaluate run

cd "$tree"
touch "$moved/lib/fulcrum/plugins/of-another"
PREFIX=$moved sh Scripts/install.sh uninstall
test "$(find "$moved" -type f)" = "$moved/lib/fulcrum/plugins/of-another" ||
  fail "uninstalling leaves something, or takes what is not its own"
rm "$moved/lib/fulcrum/plugins/of-another"
PREFIX=/opt/fulcrum DESTDIR=$folder/stage sh Scripts/install.sh install >/dev/null
PREFIX=/opt/fulcrum DESTDIR=$folder/stage sh Scripts/install.sh uninstall
test ! -e "$folder/stage/opt/fulcrum" || fail "uninstalling leaves $(find "$folder/stage/opt")"
PREFIX=/opt/fulcrum DESTDIR=$folder/stage sh Scripts/install.sh uninstall 2>"$folder/log" && fail "twice"
grep -q 'installed: there is no such file, so nothing is installed there$' "$folder/log" || fail "$(cat "$folder/log")"
PREFIX=here sh Scripts/install.sh install 2>"$folder/log" && fail "a relative prefix is accepted"
grep -q "^error: PREFIX: expected an absolute path, got 'here'\$" "$folder/log" || fail "$(cat "$folder/log")"
echo "kit: all is well"
