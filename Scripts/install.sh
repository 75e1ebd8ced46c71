#!/bin/sh
# sh Scripts/install.sh install|uninstall, with PREFIX and DESTDIR in the environment: what make install
# and make uninstall do.
#
#   bin/fulcrum                       the program
#   lib/fulcrum                       the kernel, and the Swift libraries that they all need
#   lib/fulcrum/plugins               the plugins
#   share/fulcrum/Kernel, …/PluginTesting   the sources that plugins are built against
#   share/fulcrum/python              Python: the engine, what plugins import, adaptors
#   share/fulcrum/recipes             configurations
#   share/bash-completion/completions, share/zsh/site-functions, share/fish/vendor_completions.d
#                                     what shells complete
#   share/fulcrum/installed           every file and folder that was made, for uninstall
#
# Libraries are found relative to the program, so an installation may be moved as a whole.
set -eu
umask 022
cd "$(dirname "$0")/.."
build=.build/release
list=share/fulcrum/installed

fail() {
  echo "error: $1" >&2
  echo "  hint: $2" >&2
  exit "$3"
}

case ${PREFIX-} in
/*) root=${DESTDIR-}${PREFIX%/} ;;
*) fail "PREFIX: expected an absolute path, got '${PREFIX-}'" "make $1 PREFIX=/usr/local" 2 ;;
esac

uninstall() {
  # What was made last goes first: files before their folders. A folder with other files in it stays.
  tac "$root/$list" | while read -r kind path; do
    case $kind in
    file) rm -f "$root/$path" ;;
    folder) [ ! -d "$root/$path" ] || rmdir --ignore-fail-on-non-empty "$root${path:+/$path}" ;;
    esac
  done
}

# Each is listed before it is made, so that half an installation can be removed too.
folder() {
  [ ! -d "$root/$1" ] || return 0
  case $1 in
  */*) folder "${1%/*}" ;;
  esac
  echo "folder $1" >>"$root/$list"
  mkdir "$root/$1"
}

put() { # SOURCE PATH [MODE]
  folder "${2%/*}"
  echo "file $2" >>"$root/$list"
  install -m "${3:-644}" "$1" "$root/$2"
}

# A program or library, which looks for others in FOLDER, seen from where it lies.
binary() { # SOURCE PATH FOLDER
  put "$1" "$2" 755
  patchelf --set-rpath "\$ORIGIN/$3" "$root/$2"
}

# All files in a folder, but for what is built there.
tree() { # SOURCE PATH
  find "$1" -name '.*' -prune -o -type f -print | sort | while read -r file; do
    put "$file" "$2${file#"$1"}"
  done
}

# The list lies in the first folders that are made, so those are noted down after the fact.
start() {
  made=
  for path in "" /share /share/fulcrum; do
    [ -d "$root$path/" ] || made="${made}folder ${path#/}\n"
    mkdir -p "$root$path/"
  done
  printf "${made}file $list\n" >"$root/$list"
}

recipes() {
  scratch=$(mktemp)
  prefix=$(printf %s "$PREFIX" | sed 's/[&|\\]/\\&/g')
  for file in Documentation/Recipes/*.yaml; do
    case $file in
    */warm-start*) continue ;; # They make the start that is installed.
    esac
    # Installed recipes name whole paths; what they write goes where the command runs.
    sed -e "s|Documentation/Recipes|$prefix/share/fulcrum/recipes|g" -e '/^working-folder:/d' "$file" \
      >"$scratch"
    put "$scratch" "share/fulcrum/recipes/${file##*/}"
  done
  rm "$scratch"
  for file in Documentation/Recipes/*.jsonl; do
    put "$file" "share/fulcrum/recipes/${file##*/}"
  done
  for folder in start paper; do
    tree "Documentation/Recipes/$folder" "share/fulcrum/recipes/$folder"
  done
}

python_packages() {
  for package in Python/fulcrum Plugins/Torch/Engine/fulcrum_engine Plugins/Torch/Engine/fulcrum_vllm; do
    for file in "$package"/*.py "$package/py.typed"; do
      put "$file" "share/fulcrum/python/${package##*/}/${file##*/}"
    done
  done
  for folder in adaptors adaptors/support adaptors/trackers adaptors/trackers/shared; do
    for file in "Python/$folder"/*.py; do
      put "$file" "share/fulcrum/python/$folder/${file##*/}"
    done
  done
}

# Where the shells look by themselves if PREFIX is /usr or /usr/local.
completions() {
  scratch=$(mktemp)
  while read -r shell path; do
    $build/fulcrum --generate-completion-script "$shell" >"$scratch"
    put "$scratch" "share/$path"
  done <<EOF
bash bash-completion/completions/fulcrum
zsh zsh/site-functions/_fulcrum
fish fish/vendor_completions.d/fulcrum.fish
EOF
  rm "$scratch"
}

case $1 in
install)
  [ -x $build/fulcrum ] || fail "$build/fulcrum: there is no such file" "run make build first" 1
  # The toolchain's libraries that are needed: a machine without a toolchain can train too.
  swift=$(ldd $build/fulcrum $build/libfulcrum-*.so |
    sed -n 's|.* => \(/.*/lib/swift/linux/[^ ]*\) (.*|\1|p' | sort -u)
  [ ! -f "$root/$list" ] || uninstall
  start
  binary $build/fulcrum bin/fulcrum ../lib/fulcrum
  binary $build/libFulcrumKernel.so lib/fulcrum/libFulcrumKernel.so .
  for file in $swift; do put "$file" "lib/fulcrum/${file##*/}" 755; done
  for file in $build/libfulcrum-*.so; do
    binary "$file" "lib/fulcrum/plugins/${file##*/}" ..
  done
  for package in Kernel PluginTesting; do
    put Sources/$package/Package.swift share/fulcrum/$package/Package.swift
    tree Sources/$package/Sources share/fulcrum/$package/Sources
  done
  python_packages
  recipes
  completions
  echo "installed into $root"
  ;;
uninstall)
  [ -f "$root/$list" ] || fail "$root/$list: there is no such file, so nothing is installed there" \
    "give the PREFIX and DESTDIR that make install was given" 2
  uninstall
  echo "removed from $root"
  ;;
esac
