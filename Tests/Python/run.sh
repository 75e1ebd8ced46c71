#!/bin/sh
# Tests what is in Python in a virtual environment of its own: style and types, the package that plugins import, the
# adaptors, Python files as plugins of the built program. Arguments go to the last.
set -eu
cd "$(dirname "$0")/../.."
python=$(sh Tests/Python/venv.sh)
export PYTHONDONTWRITEBYTECODE=1 OMP_NUM_THREADS=1 PYTHONPATH="$PWD/Python"
"$python" -m ruff check --quiet Python Tests/Python
"$python" -m ruff check --quiet --config Tests/ruff.toml Scripts
(cd Python && "$python" -m mypy fulcrum)
"$python" -m pytest -q Python/tests
"$python" -m pytest -q Python/adaptors/tests
"$python" -m pytest -q Tests/Python "$@"
