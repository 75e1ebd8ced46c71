#!/bin/sh
# Prints the kernel's public interface as the compiler sees it, without the lines that name the
# compiler. The text is what the interface number stands for: Interface/<major>.<minor>.swiftinterface
# holds it, and a test compares the two.
set -eu
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/FulcrumStamp"
cat >"$work/FulcrumStamp/module.modulemap" <<EOF
module FulcrumStamp { header "$here/Sources/FulcrumStamp/include/FulcrumStamp.h" export * }
EOF
swiftc -emit-module -module-name FulcrumKernel -enable-library-evolution -swift-version 6 \
  -enable-experimental-feature Lifetimes -enable-upcoming-feature ExistentialAny \
  -I "$work/FulcrumStamp" -emit-module-path "$work/FulcrumKernel.swiftmodule" \
  -emit-module-interface-path "$work/kernel.swiftinterface" \
  "$here"/Sources/FulcrumKernel/*/*.swift
grep -v -e '^// swift' -e '^import' "$work/kernel.swiftinterface"
