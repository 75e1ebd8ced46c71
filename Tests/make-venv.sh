#!/bin/sh
# Makes a virtual environment of Python, if it isn't there: sh Tests/make-venv.sh FOLDER. Debian has the
# module for it in a package of its own.
set -eu
test -x "$1/bin/python" && exit
python3 -m venv "$1" || {
  sudo=$([ "$(id -u)" = 0 ] || command -v sudo || true)
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq python3-venv
  python3 -m venv "$1"
}
