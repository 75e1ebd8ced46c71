#!/bin/sh
# Makes a virtual environment with PyTorch, if it isn't there, and prints the path of its interpreter.
set -eu
cd "$(dirname "$0")/../.."
venv=${FULCRUM_ENGINE_VENV:-$PWD/.build-engine/venv}
python=$venv/bin/python

install() { "$python" -m pip install --quiet --disable-pip-version-check --no-cache-dir "$@" >&2; }

if ! "$python" -c 'import torch, transformers, peft, pytest, mypy, importlib.metadata as m; m.version("trl")' 2>/dev/null; then
  sh Tests/make-venv.sh "$venv" >&2
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
echo "$python"
