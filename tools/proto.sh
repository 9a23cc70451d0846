#!/bin/sh
# Writes the stubs of proto/ into the folder named as $1; the same bytes each time.
set -eu
out=$1
mkdir -p "$out"
python -m grpc_tools.protoc -I proto --python_out="$out" --grpc_python_out="$out" \
  --mypy_out=quiet:"$out" --mypy_grpc_out=quiet:"$out" proto/ringback/v1/call_results.proto
