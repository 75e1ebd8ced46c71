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
"$python" -m pytest -q Plugins/Torch/Engine/tests "$@"
"$python" -m pytest -q Tests/Engine "$@"
