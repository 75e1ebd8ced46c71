#!/bin/sh
# Fuzzes the readers of files that come from elsewhere, and of a program's frames. Usage: fuzz.sh [RUNS [TARGET...]]
# The program, the corpora and what is found lie in .build/fuzz. Ends at the first finding: copy it
# into Tests/Fixtures/fuzz/TARGET, where a test reads it from then on.
set -eu
cd "$(dirname "$0")/../.."
# Swift's own report of a crash outlives the process and says no more than the sanitizer's.
export SWIFT_BACKTRACE=enable=no
runs=${1:-1000000}
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- safetensors index gguf tokenizer config wire
build=.build/fuzz
kernel=Sources/Kernel/Sources
mkdir -p $build

# Without the packages, which have no place for a program whose main function is libFuzzer's.
flags="-O -parse-as-library -swift-version 6 -package-name fulcrum -I $build -I $kernel/FulcrumStamp/include"
flags="$flags -use-ld=lld -sanitize=fuzzer,address -enable-upcoming-feature ExistentialAny -enable-experimental-feature Lifetimes"
for header in $kernel/FulcrumStamp/include/FulcrumStamp.h \
  Sources/ProcessCalls/include/ProcessCalls.h Sources/ProcessSpawn/include/ProcessSpawn.h; do
  printf 'module %s { header "%s" export * }\n' "$(basename $header .h)" "$PWD/$header"
done > $build/module.modulemap
library() {
  name=$1
  shift
  "${SWIFTC:-swiftc}" $flags -wmo -static -emit-module -emit-module-path $build/$name.swiftmodule \
    -module-name $name -c "$@" -o $build/$name.o
}
clang -c $kernel/FulcrumStamp/FulcrumStamp.c -I $kernel/FulcrumStamp/include -o $build/FulcrumStamp.o
library FulcrumKernel $(find $kernel/FulcrumKernel -name '*.swift' | sort)
for part in spawn library; do
  clang -c Sources/ProcessSpawn/$part.c -I Sources/ProcessSpawn/include -o $build/spawn-$part.o
done
for part in fork state; do
  clang -c Sources/ProcessCalls/$part.c -I Sources/ProcessCalls/include -o $build/calls-$part.o
done
library JSON Sources/JSON/*.swift
library Files Sources/Files/*.swift
library Wire Sources/Wire/*.swift
library TransformerFormats Plugins/Transformer/Formats/*.swift
"${SWIFTC:-swiftc}" $flags -wmo -module-name FormatFuzz Tests/Fuzz/*.swift \
  Tests/TransformerFormatsTests/FormatExercise.swift \
  Tests/TransformerFormatsTests/GGUFBuilder.swift Tests/WireTests/WireExercise.swift \
  $build/TransformerFormats.o $build/Wire.o $build/JSON.o $build/Files.o \
  $build/calls-fork.o $build/calls-state.o $build/spawn-spawn.o $build/spawn-library.o \
  $build/FulcrumKernel.o $build/FulcrumStamp.o -o $build/formats
ASAN_OPTIONS=detect_leaks=0 FULCRUM_SEEDS=$build/seeds $build/formats

memory=/dev/shm
[ -d $memory ] || memory=${TMPDIR:-/tmp}
for target in "$@"; do
  mkdir -p $build/corpus/$target $build/found/$target
  folder=$(mktemp -d $memory/fulcrum-fuzz.XXXXXX)
  echo "fuzz: $target, $runs runs"
  status=0
  # An input is 8 KiB at most: no buffer for it may take 64 MiB, nor all of the process 512.
  # The time is the clock's, which a busy machine stops for a while: see the slowest input too.
  FULCRUM_FUZZ=$target FULCRUM_FUZZ_FOLDER=$folder ASAN_OPTIONS=quarantine_size_mb=16:detect_leaks=0 \
    $build/formats -runs="$runs" -max_len=8192 -timeout=120 -malloc_limit_mb=64 \
    -rss_limit_mb=512 -dict=Tests/Fuzz/dictionaries/$target.txt -print_final_stats=1 \
    -artifact_prefix=$build/found/$target/ $build/corpus/$target $build/seeds/$target \
    2> $build/$target.log || status=$?
  rm -rf "$folder"
  if [ $status -ne 0 ]; then
    tail -n 60 $build/$target.log
    exit 1
  fi
  grep -E '^stat::(number_of_executed|average_exec|peak_rss|slowest)|DONE' $build/$target.log
done
