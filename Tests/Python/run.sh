#!/bin/sh
# Makes a virtual environment with NumPy and the libraries of the adaptors, and tests what is in Python: style and
# types, the package that plugins import, the adaptors, Python files as plugins of the built program. Arguments go to
# the last.
set -eu
cd "$(dirname "$0")/../.."
venv=${FULCRUM_PYTHON_VENV:-$PWD/.build-python/venv}
python=$venv/bin/python
packages="numpy jinja2 math_verify pyarrow reasoning_gym trackio wandb mlflow"
if ! "$python" -c "import pytest, mypy, $(echo "$packages" | tr ' ' ',')" 2>/dev/null; then
  sh Tests/make-venv.sh "$venv"
  # shellcheck disable=SC2086
  "$python" -m pip install --quiet --disable-pip-version-check --no-cache-dir -c Python/adaptors/tested.txt \
    pytest ruff mypy $(echo "$packages" | tr '_' '-')
fi
export PYTHONDONTWRITEBYTECODE=1 OMP_NUM_THREADS=1 PYTHONPATH="$PWD/Python"
"$python" -m ruff check --quiet Python Tests/Python
(cd Python && "$python" -m mypy fulcrum)
"$python" -m pytest -q Python/tests
"$python" -m pytest -q Python/adaptors/tests
"$python" -m pytest -q Tests/Python "$@"
