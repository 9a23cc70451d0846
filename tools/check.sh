#!/bin/sh
# Checks everything that needs no test run: contract, drift of generated/, lint, format, types, import contracts.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT INT TERM
export BUF_CACHE_DIR="$scratch/buf"

say() { printf '%s\n' "check: $1" >&2; }

say "contract (buf lint, buf breaking)"
buf lint proto
buf breaking proto --against proto/released.binpb
say "generated code matches the contract"
sh tools/proto.sh "$scratch/generated"
diff -r -x __pycache__ -x README.md generated "$scratch/generated" >&2 || { say "generated/ has drifted: run 'make proto'"; exit 1; }
say "lint and format (ruff)"
ruff check --quiet .
ruff format --check --quiet . || { say "not formatted: run '.venv/bin/ruff format .'"; exit 1; }
say "import contracts"
lint-imports --no-cache >"$scratch/imports" 2>&1 || { cat "$scratch/imports" >&2; exit 1; }
say "types (mypy --strict)"
mypy --no-error-summary
say "all good"
