#!/bin/sh
# Tests what is in Python in a virtual environment of its own: style and types, the package that plugins import, the
# adaptors, Python files as plugins of the built program. Arguments go to the last. Each test keeps one core busy, most of
# the time: the last ones run beside the others.
set -eu
cd "$(dirname "$0")/../.."
python=$(sh Tests/Python/venv.sh)
export PYTHONDONTWRITEBYTECODE=1 OMP_NUM_THREADS=1 PYTHONPATH="$PWD/Python"
"$python" -m ruff check --quiet Python Tests/Python
(cd Python && "$python" -m mypy fulcrum)
output=$(mktemp)
trap 'rm -f "$output"' EXIT
{ "$python" -m pytest -q Python/tests && "$python" -m pytest -q Python/adaptors/tests; } >"$output" 2>&1 &
beside=$!
status=0
"$python" -m pytest -q Tests/Python "$@" || status=$?
wait $beside || status=$?
cat "$output"
exit $status
