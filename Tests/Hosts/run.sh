#!/bin/sh
# Runs on two hosts, which are namespaces of this machine (root and iproute2; else their tests are skipped), and the
# script for Slurm. Arguments go to pytest.
set -eu
cd "$(dirname "$0")/../.."
python=$(sh Tests/Engine/venv.sh)
export PYTHONDONTWRITEBYTECODE=1 HF_HUB_OFFLINE=1
"$python" -m ruff check --quiet Tests/Hosts
"$python" -m pytest -q -rs Tests/Hosts "$@"
