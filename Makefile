# Set-up speaks on stderr and recipes are silent, so that `make call | jq` works.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.ready
PROTOS := proto/ringback/v1/call_results.proto
SCENARIO ?= order_taken
TIME_FACTOR ?= 5
ARGS ?=
export UV_NO_PROGRESS := 1
# Without stored bytecode every process compiles all its modules at each start: 2.3 s instead of 0.8 s.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: run test chaos eval bench check proto call lock clean help

run: $(STAMP)  ## start everything and print the address (BASE=9000 for other ports)
	@exec $(BIN)/ringback up $(if $(BASE),--port $(BASE)) $(ARGS)

call: $(STAMP)  ## one errand against the sandbox, the CallResult as JSON (SCENARIO=busy TIME_FACTOR=5)
	@exec $(BIN)/ringback call --private --scenario "$(SCENARIO)" --time-factor "$(TIME_FACTOR)" --json $(ARGS)

test: $(STAMP)  ## all tests that kill nothing (ARGS="-k name")
	@exec $(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder -q $(ARGS)

chaos: $(STAMP)  ## kill everything, compare results with the ledger (QUICK=1 SEED=n ONLY=name,name)
	@exec $(BIN)/python -m tests.chaos $(if $(QUICK),--quick) $(if $(SEED),--seed "$(SEED)") $(if $(ONLY),--only "$(ONLY)") $(ARGS)

eval: $(STAMP)  ## play every scripted callee and judge its result (RUNS=5 SEED=n ONLY=name,name)
	@exec $(BIN)/python -m tests.evaluation $(if $(RUNS),--runs "$(RUNS)") $(if $(SEED),--seed "$(SEED)") $(if $(ONLY),--only "$(ONLY)") $(ARGS)

bench: $(STAMP)  ## measure every goal beside its anchor, 5 minutes (PEERS=1: all, 30 minutes; ONLY=name,name GATE=1)
	@exec $(BIN)/python -m benchmarks $(if $(PEERS),--peers) $(if $(ONLY),--only "$(ONLY)") $(if $(GATE),--gate) $(ARGS)

check: $(STAMP)  ## contract, generated code, lint, types, import contracts
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh tools/check.sh

proto: $(STAMP)  ## write generated/ from proto/
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh tools/proto.sh generated

lock: $(STAMP)  ## newest versions into requirements.lock
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade \
	  --all-extras --group dev pyproject.toml requirements-build.in -o requirements.lock

clean:  ## remove the environment and all caches; keeps .ringback
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

help:  ## this list
	@grep -hE '^[a-z]+:.*  ## ' Makefile | sed -E 's/^([a-z]+):.*  ## /\1\t/' | expand -t 10

$(STAMP): pyproject.toml requirements.lock
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo 'Ringback needs Python 3.11 or newer. Try: make PYTHON=python3.12 run' >&2; exit 1; }
	@echo 'Setting up (once) ...' >&2
	@test -x $(BIN)/python || "$(PYTHON)" -m venv .venv >&2
	@test -x $(BIN)/uv || $(BIN)/python -m pip install -q --disable-pip-version-check uv >&2
	@$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes --compile-bytecode -r requirements.lock >&2
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e . >&2
	@touch $(STAMP)
