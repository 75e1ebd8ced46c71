#!/bin/sh
# Trains a small run, resumes it as if it had been killed, and reads its events each time with the real
# TensorBoard from PyPI.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-cache-dir 'tensorboard>=2.20,<3' 'setuptools<81'
cd "$folder"
task='task: {use: knights-and-knaves, people: [2], names: 4, trace: short}'
cat >start.yaml <<EOF
$task
policy: {use: transformer, vocabulary: 300, width: 32, layers: 1, heads: 2, context: 224}
warm-start: {demonstrations: 1500, batch: 20, learning-rate: 5e-3}
EOF
cat >run.yaml <<EOF
$task
policy: {use: transformer, checkpoint: start}
steps: 3
seed: 7
reward: knights-and-knaves
advantage: [{use: grpo}, {use: advantage-reweighting}]
objective: {use: grpo}
rollout: {prompts: 4, samples: 4, max-new-tokens: 40}
update: {learning-rate: 1e-3}
evaluation: {items: 4, temperature: 1, every: 1}
checkpoint: {every: 1, keep: 3}
EOF
fulcrum=$root/.build/release/fulcrum
$fulcrum sft start.yaml --set output=start >log
$fulcrum train run.yaml --set output=runs/a >log
"$folder/venv/bin/python" "$root/Tests/check-tensorboard.py" runs/a
# As if it had been killed in step 3, in the middle of a record.
rm -r runs/a/checkpoints/step-3
printf '\001\002\003' >>runs/a/tensorboard/events.out.tfevents.fulcrum
$fulcrum resume runs/a >log
"$folder/venv/bin/python" "$root/Tests/check-tensorboard.py" runs/a
