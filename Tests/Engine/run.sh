#!/bin/sh
# Tests the engine in a virtual environment with PyTorch: style and types, the engine's package, the built program with
# the policy torch. Arguments go to the last two.
set -eu
cd "$(dirname "$0")/../.."
python=$(sh Tests/Engine/venv.sh)
export PYTHONDONTWRITEBYTECODE=1 OMP_NUM_THREADS=1 HF_HUB_OFFLINE=1
export PYTHONPATH="$PWD/Python:$PWD/Plugins/Torch/Engine"
folders="Plugins/Torch/Engine Tests/Engine Tests/VLLM"
# shellcheck disable=SC2086
"$python" -m ruff check --quiet $folders
(cd Plugins/Torch/Engine && "$python" -m mypy fulcrum_engine fulcrum_vllm)
# Each test keeps one core busy, most of the time: the package's side by side with the program's.
output=$(mktemp)
trap 'rm -f "$output"' EXIT
"$python" -m pytest -q Plugins/Torch/Engine/tests "$@" >"$output" 2>&1 &
package=$!
status=0
"$python" -m pytest -q Tests/Engine "$@" || status=$?
wait $package || status=$?
cat "$output"
exit $status
