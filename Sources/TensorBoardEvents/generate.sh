#!/bin/sh
# sh generate.sh PROTOC-GEN-SWIFT: makes Generated/ from Protos/ (see Protos/event.proto).
set -eu
plugin=$(realpath "$1")
cd "$(dirname "$0")"
protoc --plugin=protoc-gen-swift="$plugin" --proto_path=Protos --swift_opt=Visibility=Package \
  --swift_out=Generated event.proto summary.proto tensor.proto
