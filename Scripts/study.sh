#!/bin/sh
# The study of Documentation/Results.md: study.sh PROGRAM [small]. The same command goes on where it was stopped.
# PARALLEL is the number of runs at once, one thread each; TASKS are some of the tasks. SHARD=I/N takes a machine's
# share of the runs: on every machine with ONLY=tuning first, and then with ONLY=main.
# small: a few short runs of every kind, in ten minutes.
set -eu
cd "$(dirname "$0")/.."
program=$1
size=${2-whole}
parallel=${PARALLEL:-$(nproc)}
tasks=${TASKS:-countdown knights-and-knaves smollm2}
recipes=Documentation/Recipes/study

if [ "${SHARD:-}" ] && [ -z "${ONLY:-}" ]; then
  echo "study: expected ONLY=tuning or ONLY=main beside SHARD, for no machine knows when the others are done" >&2
  exit 2
fi

# A start's checkpoint, made once. It gets its name when it is whole.
start() { # FOLDER CONFIGURATION
  if [ -e ".build/$1" ]; then return; fi
  rm -rf ".build/$1.part"
  "$program" sft "$2" --set "output=.build/$1.part"
  mv ".build/$1.part" ".build/$1"
}

arms() { # CONFIGURATION OPTION...
  configuration=$recipes/$1.yaml
  shift
  "$program" arms "$configuration" --parallel "$parallel" ${SHARD:+--shard "$SHARD"} "$@"
}

# The same with each arm at its best learning rate of three.
tuned() { # CONFIGURATION OPTION...
  arms "$@" --tune update.learning-rate=1e-4,2e-4,4e-4 ${ONLY:+--only "$ONLY"}
}

# The same of arms that aren't tuned.
untuned() { # CONFIGURATION OPTION...
  if [ "${ONLY:-main}" = main ]; then arms "$@"; fi
}

countdown_start() {
  start study/countdown-attempts $recipes/countdown-attempts.yaml
  start study/countdown-start $recipes/countdown-start.yaml
}

small() {
  countdown_start
  arms countdown --set output=runs/study-small/countdown --set steps=30 --set evaluation.items=200 \
    --set evaluation.samples=8 --set evaluation.pass-at=8 --seeds 2 \
    --tune update.learning-rate=2e-4,4e-4 --tune-seeds 1 ${ONLY:+--only "$ONLY"} \
    --arm 'random split=schedule={use: random-split, eta: 0.5}' \
    --arm 'AR .3=advantage=[grpo, {use: advantage-reweighting, alpha: 0.3}]' \
    --arm 'Lopti=schedule={use: lopti, eta: 0.5}'
}

countdown() {
  countdown_start
  tuned countdown --seeds 5 --tune-seeds 3
  untuned countdown-more --seeds 3
}

knights_and_knaves() {
  for part in knights-and-knaves-wordy-search knights-and-knaves-wordy-start; do
    start $part Documentation/Recipes/$part.yaml
  done
  tuned knights-and-knaves --seeds 5 --tune-seeds 3
}

# Runs of 4 GiB, with all threads each.
smollm2() {
  if [ ! -e models/smollm2 ]; then
    echo "study: no models/smollm2, left out; the first lines of Documentation/Tour.md import it" >&2
    return
  fi
  [ -e .build/study/sums.jsonl ] || python3 Scripts/sums.py .build/study
  parallel=1
  untuned smollm2-sums --seeds 3
}

case $size in
small) small ;;
whole)
  for task in $tasks; do
    case $task in
    countdown) countdown ;;
    knights-and-knaves) knights_and_knaves ;;
    smollm2) smollm2 ;;
    *)
      echo "study: TASKS has '$task', expected some of: countdown knights-and-knaves smollm2" >&2
      exit 2
      ;;
    esac
  done
  ;;
*)
  echo "study: expected 'small' or nothing, got '$size'" >&2
  exit 2
  ;;
esac
