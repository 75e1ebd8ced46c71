#!/bin/sh
# The study of Documentation/Results.md: study.sh PROGRAM [small]. The same command goes on where it was stopped.
# PARALLEL is the number of runs at once, one thread each; SHARD=I/N takes a machine's share of them, and
# ONLY=tuning or ONLY=main a part, as 'fulcrum arms' has it. small: a few short runs of every kind, in ten minutes.
set -eu
cd "$(dirname "$0")/.."
program=$1
size=${2-whole}
parallel=${PARALLEL:-$(nproc)}
recipes=Documentation/Recipes/study

# The start of a task, in two halves, each made once.
start() { # TASK
  for part in "$1-attempts" "$1-start"; do
    [ -e ".build/study/$part" ] || "$program" sft "$recipes/$part.yaml"
  done
}

arms() { # CONFIGURATION OPTION...
  configuration=$recipes/$1.yaml
  shift
  "$program" arms "$configuration" --parallel "$parallel" \
    ${SHARD:+--shard "$SHARD"} ${ONLY:+--only "$ONLY"} "$@"
}

start countdown
case $size in
small)
  arms countdown --set output=runs/study-small/countdown --set steps=30 --set evaluation.items=200 \
    --set evaluation.samples=8 --set evaluation.pass-at=8 --seeds 2 \
    --tune update.learning-rate=2e-4,4e-4 --tune-seeds 1 \
    --arm 'random split=schedule={use: random-split, eta: 0.5}' \
    --arm 'AR .3=advantage=[grpo, {use: advantage-reweighting, alpha: 0.3}]' \
    --arm 'Lopti=schedule={use: lopti, eta: 0.5}'
  ;;
whole)
  arms countdown --seeds 5 --tune update.learning-rate=1e-4,2e-4,4e-4 --tune-seeds 1
  arms countdown-more --seeds 3
  ;;
*)
  echo "study: expected 'small' or nothing, got '$size'" >&2
  exit 2
  ;;
esac
