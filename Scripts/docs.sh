#!/bin/sh
# Builds the pages of the kernel and of PluginTesting from their sources, as DocC archives with an
# index.html, in .build/docs. Every warning is an error. Needs swiftc and the docc beside it.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
swiftc=${SWIFTC:-$(command -v swiftc || true)}
[ -x "$swiftc" ] || {
  echo "docs: found no swiftc; install Swift, or name the compiler with SWIFTC=PATH" >&2
  exit 1
}
docc=${DOCC:-$(dirname "$(readlink -f "$swiftc")")/docc}
[ -x "$docc" ] || docc=$(command -v docc || true)
[ -x "$docc" ] || {
  echo "docs: found no docc beside $swiftc nor on the path; name it with DOCC=PATH" >&2
  exit 1
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/FulcrumStamp" "$work/FulcrumKernel" "$work/PluginTesting" "$work/archives"
cat >"$work/FulcrumStamp/module.modulemap" <<EOF
module FulcrumStamp { header "$root/Sources/Kernel/Sources/FulcrumStamp/include/FulcrumStamp.h" export * }
EOF

# page MODULE SOURCES [COMPILER OPTION...]: symbol graphs from the sources, then the archive.
page() {
  module=$1
  sources=$2
  shift 2
  "$swiftc" -emit-module -module-name "$module" -swift-version 6 \
    -enable-upcoming-feature ExistentialAny "$@" -I "$work" -I "$work/FulcrumStamp" \
    -emit-module-path "$work/$module.swiftmodule" \
    -emit-symbol-graph -emit-symbol-graph-dir "$work/$module" -emit-extension-block-symbols \
    $(find "$sources" -name '*.swift' | LC_ALL=C sort)
  "$docc" convert "$sources/$module.docc" --additional-symbol-graph-dir "$work/$module" \
    --fallback-display-name "$module" --fallback-bundle-identifier "fulcrum.$module" \
    --output-path "$work/archives/$module" --warnings-as-errors
}
page FulcrumKernel Sources/Kernel/Sources/FulcrumKernel \
  -enable-library-evolution -enable-experimental-feature Lifetimes
page PluginTesting Sources/PluginTesting/Sources/PluginTesting \
  -enable-upcoming-feature MemberImportVisibility
rm -rf .build/docs
mkdir -p .build
mv "$work/archives" .build/docs
echo "docs: .build/docs/FulcrumKernel, .build/docs/PluginTesting"
