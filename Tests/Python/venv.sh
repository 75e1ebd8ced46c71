#!/bin/sh
# Makes a virtual environment with NumPy and the libraries of the adaptors, if it isn't there, and prints the path of its
# interpreter.
set -eu
cd "$(dirname "$0")/../.."
venv=${FULCRUM_PYTHON_VENV:-$PWD/.build-python/venv}
python=$venv/bin/python
packages="numpy jinja2 math_verify pyarrow reasoning_gym trackio wandb mlflow"
if ! "$python" -c "import pytest, mypy, $(echo "$packages" | tr ' ' ',')" 2>/dev/null; then
  sh Tests/make-venv.sh "$venv" >&2
  # shellcheck disable=SC2086
  "$python" -m pip install --quiet --disable-pip-version-check --no-cache-dir -c Python/adaptors/tested.txt \
    pytest ruff mypy $(echo "$packages" | tr '_' '-') >&2
fi
echo "$python"
