# `make` alone lists what can be done.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
PYTEST := $(BIN)/pytest
ARGS ?=
CHECKED := services cli local simulators mesh tests

.PHONY: help
help:
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup setup-run setup-dev
setup: ## virtual environment, locked packages and tools, QuickFIX (once per machine)
	@$(PYTHON) local/setup.py dev

setup-run:
	@TRADELOOM_QUIET=1 $(PYTHON) local/setup.py run

setup-dev:
	@TRADELOOM_QUIET=1 $(PYTHON) local/setup.py dev

.PHONY: up down demo status
up: setup-run ## set up what running needs and start the system (ARGS="--fresh --port-base 8400 …")
	@$(BIN)/tradeloom up $(ARGS)

down: ## stop the system; its data stays
	@$(BIN)/tradeloom down $(ARGS)

demo: ## trade as a client would and check every figure
	@$(BIN)/tradeloom demo $(ARGS)

status: ## show what runs, and where
	@$(BIN)/tradeloom status $(ARGS)

.PHONY: test unit contract integration load
test: setup-dev ## every test that this machine can run; what it cannot is skipped with the reason
	@$(PYTEST) tests/unit tests/contract tests/integration tests/tidy tests/mesh $(ARGS)

unit: setup-dev ## domain and handlers, over fakes
	@$(PYTEST) tests/unit $(ARGS)

contract: setup-dev ## every RPC and every reason of an error, over a real gRPC server
	@$(PYTEST) tests/contract $(ARGS)

integration: setup-dev ## real PostgreSQL, Redis, RabbitMQ, FIX over TCP
	@$(PYTEST) tests/integration $(ARGS)

load: setup-dev ## latency and throughput beside their floors, on the running system or one of its own (ARGS="--help")
	@$(BIN)/python -m tests.load $(ARGS)

.PHONY: lint types tidy
lint: setup-dev ## ruff, and buf: rules, format, compatibility with the last release
	$(BIN)/ruff check $(CHECKED)
	$(BIN)/ruff format --check $(CHECKED)
	$(BIN)/buf lint
	$(BIN)/buf format --diff --exit-code
	set -o pipefail; $(BIN)/buf build -o -\#format=binpb | $(BIN)/buf breaking -\#format=binpb --against proto/released.binpb

types: setup-dev ## mypy, strict
	$(BIN)/mypy

tidy: setup-dev ## imports, shape and sizes of the code
	$(BIN)/lint-imports
	$(PYTEST) -q tests/tidy

.PHONY: gen gen-check release-image
gen: setup-dev ## make gen/ from proto/
	$(BIN)/python -m local.contracts

gen-check: setup-dev ## fail when gen/ is not what proto/ makes
	$(BIN)/python -m local.contracts --check

# After a release: what contracts must stay compatible with from then on.
release-image: setup-dev
	$(BIN)/buf build -o proto/released.binpb

.PHONY: check
check: lint types tidy gen-check test ## all that a change must pass
