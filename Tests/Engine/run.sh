#!/bin/sh
# Makes a virtual environment with PyTorch and tests the engine in it: style and types, the engine's package, the
# built program with the policy torch. Arguments go to the last two.
set -eu
cd "$(dirname "$0")/../.."
venv=${FULCRUM_ENGINE_VENV:-$PWD/.build-engine/venv}
python=$venv/bin/python

install() { "$python" -m pip install --quiet --disable-pip-version-check "$@"; }

if ! "$python" -c 'import torch, transformers, peft, pytest, mypy, importlib.metadata as m; m.version("trl")' 2>/dev/null; then
  sh Tests/make-venv.sh "$venv"
  # A build for the processor alone is a fifth of the size: one that pip is told of (find-links) is taken first.
  if [ -n "${FULCRUM_TORCH_WHEEL-}" ]; then
    install "$FULCRUM_TORCH_WHEEL"
  else
    install --no-index --no-deps torch 2>/dev/null || true
    install torch
  fi
  install -c Plugins/Torch/Engine/tested.txt numpy safetensors transformers peft pytest ruff mypy
  # Its chat templates, which tests compare; nothing of it is run.
  install --no-deps trl
fi
export PYTHONDONTWRITEBYTECODE=1 OMP_NUM_THREADS=1 HF_HUB_OFFLINE=1
export PYTHONPATH="$PWD/Python:$PWD/Plugins/Torch/Engine"
folders="Plugins/Torch/Engine Tests/Engine Tests/VLLM"
# shellcheck disable=SC2086
"$python" -m ruff check --quiet $folders
(cd Plugins/Torch/Engine && "$python" -m mypy fulcrum_engine fulcrum_vllm)
"$python" -m pytest -q Plugins/Torch/Engine/tests "$@"
"$python" -m pytest -q Tests/Engine "$@"
