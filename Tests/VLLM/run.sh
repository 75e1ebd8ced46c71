#!/bin/sh
# Makes a virtual environment with vLLM's build for the processor, and tests the engine's sampling by it: a real
# vLLM, small random models, runs of the built program. FULCRUM_QUICK leaves out all but new weights and runs.
# The environment takes 3.5 GB, and 4.1 GB while it is made: with FULCRUM_QUICK all is left out, with a line that says
# so, where the disk has less room. Without it nothing is left out.
# FULCRUM_VLLM_VENV names an environment that is there; FULCRUM_TORCH_WHEEL and FULCRUM_VLLM_WHEEL name wheels to take.
# Arguments go to pytest.
set -eu
cd "$(dirname "$0")/../.."
python=$(sh Tests/VLLM/venv.sh) || {
  status=$?
  # What is left out was said.
  [ $status = 3 ] && exit 0
  exit $status
}
export PYTHONDONTWRITEBYTECODE=1 OMP_NUM_THREADS=1 HF_HUB_OFFLINE=1 VLLM_NO_USAGE_STATS=1
export PYTHONPATH="$PWD/Python:$PWD/Plugins/Torch/Engine"
tests=Plugins/Torch/Engine/tests_vllm
if [ $# -gt 0 ]; then
  exec "$python" -m pytest -q $tests Tests/VLLM "$@"
fi
# Most of the time is vLLM's start, on one core: two halves side by side.
output=$(mktemp)
trap 'rm -f "$output"' EXIT
if [ -n "${FULCRUM_QUICK-}" ]; then
  here="$tests/test_weights.py -k fresh_load" beside=Tests/VLLM
else
  here="$tests/test_sampling.py $tests/test_weights.py Tests/VLLM" beside="$tests/test_engine.py $tests/test_server.py"
fi
# shellcheck disable=SC2086
"$python" -m pytest -q $beside >"$output" 2>&1 &
half=$!
status=0
# shellcheck disable=SC2086
"$python" -m pytest -q $here || status=$?
wait $half || status=$?
cat "$output"
exit $status
