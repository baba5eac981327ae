# Everything is installed inside this folder; nothing is needed but Python 3.11..3.13 and make. See CONTRIBUTING.md.
# PYTHON=/path/to/python picks the interpreter, PYTEST_ARGS="-k verdict" goes to pytest (-n 0: one process), DEMO_ARGS to `compute demo`,
# CALIBRATE_ARGS="--runs 1000000" to scripts/measures/calibrate.py, DEVICES_ARGS="--only torino" to scripts/measures/devices.py.

SHELL := /bin/sh
.DEFAULT_GOAL := help

PYTEST_ARGS ?=
DEMO_ARGS ?=
CALIBRATE_ARGS ?=
DEVICES_ARGS ?=
MUTATE_ARGS ?=
PROVE_ARGS ?=
BENCHES := $(sort $(wildcard scripts/bench_*.py))
COMPILE := .venv-lock/bin/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --python-version 3.11
ENV := . scripts/env.sh

export PYTHON

.PHONY: help setup demo test test-floors test-install fuzz crash calibrate digests devices test-browser check mutate prove slither coverage bench lock clean

help: ## what can be made
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' Makefile | awk -F '\t' '{ printf "  make %-14s %s\n", $$1, $$2 }'

setup: ## install everything that the demo needs, inside this folder
	@sh scripts/setup.sh run

demo: setup ## one job from spec to payment on a local stack, and a report of it
	@$(ENV) && .venv/bin/compute demo $(DEMO_ARGS)

test: setup ## all tests: contracts (forge), then Python
	@$(if $(wildcard ape-config.yaml),sh scripts/setup.sh ape)
	@sh scripts/setup.sh test
	@$(ENV) && sh scripts/forge.sh test --no-match-contract '^AllPromises$$'
	@$(ENV) && .venv/bin/python -m pytest --ignore=tests/browser --ignore=tests/install -n 3 --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

# Warnings are no errors here: old releases warn about each other, and nothing of ours can change that.
test-floors: setup ## what needs no stack, with the oldest packages that pyproject.toml allows (minutes)
	@sh scripts/setup.sh floors
	@$(ENV) && .venv-floors/bin/python -m pytest -n 2 --dist loadfile -o filterwarnings=default tests/unit tests/conformance tests/integration/test_ibm_faults.py $(PYTEST_ARGS)

fuzz: setup ## the invariants of the contracts over 10,000 random runs of 100 calls (about an hour)
	@sh scripts/setup.sh test
	@$(ENV) && FOUNDRY_PROFILE=deep sh scripts/forge.sh test --match-test invariant_ --no-match-contract '^PromisesTest$$'

crash: setup ## kill the router twenty times in the middle of a job; nothing may be lost or happen twice
	@$(ENV) && COMPUTE_TEST_CRASHES=20 .venv/bin/python -m pytest tests/e2e/test_router_crash.py -s $(PYTEST_ARGS)

calibrate: setup ## measure the verdict's error rates at the worst boundaries found by search (minutes)
	@$(ENV) && .venv/bin/python scripts/measures/calibrate.py $(CALIBRATE_ARGS)

digests: setup ## the same documents from NumPy 1.26 and 2, one thread and two, and the second implementation
	@sh scripts/setup.sh numpy1
	@$(ENV) && .venv/bin/python scripts/measures/digests.py .venv/bin/python .venv-numpy1/bin/python

devices: setup ## judge honest runs on every device whose noise is published (minutes)
	@$(ENV) && .venv/bin/python scripts/measures/devices.py $(DEVICES_ARGS)

test-install: setup ## each kind of installation by pip into an empty environment, with its size and time (minutes)
	@$(ENV) && .venv/bin/python -m pytest -n 0 -q tests/install $(PYTEST_ARGS)

test-browser: setup ## the report in a real Chromium (Debian: apt-get install -y chromium)
	@$(ENV) && .venv/bin/python -m pytest tests/browser $(PYTEST_ARGS)

check: setup ## format, lint, types, import contracts, docs, gas
	@sh scripts/setup.sh test
	@$(ENV) && .venv/bin/ruff format --check .
	@$(ENV) && .venv/bin/ruff check .
	@$(ENV) && .venv/bin/mypy
	@$(ENV) && .venv/bin/lint-imports
	@$(ENV) && sh scripts/forge.sh fmt --check
	@$(ENV) && .venv/bin/python -m pytest -q -m "not slow" tests/docs
	@$(ENV) && .venv/bin/python scripts/bench_gas.py --check

mutate: setup ## change the contracts in every small way: does a test notice? MUTATE_ARGS="--only contracts/JobEscrow.sol"
	@sh scripts/setup.sh test
	@$(ENV) && .venv/bin/python scripts/mutate.py $(MUTATE_ARGS)

prove: setup ## prove for all amounts that the money-moving verbs conserve money (halmos)
	@sh scripts/setup.sh halmos
	@$(ENV) && sh scripts/proofs/prove.sh --no-status $(PROVE_ARGS)

slither: setup ## static analysis of the contracts; fails on a finding that nobody explained
	@sh scripts/setup.sh slither
	@$(ENV) && .venv/bin/python scripts/proofs/slither.py

coverage: setup ## lines and branches of the contracts that their tests run
	@sh scripts/setup.sh test
	@$(ENV) && .venv/bin/python scripts/proofs/coverage.py

bench: setup ## what is measured, each with its ceilings
	@$(ENV) && for bench in $(BENCHES); do echo "== $$bench"; .venv/bin/python $$bench || exit 1; done

lock: ## resolve the newest versions that pyproject.toml allows, and write the hashed locks
	@sh scripts/setup.sh lock
	@$(ENV) && $(COMPILE) --upgrade pyproject.toml --extra all --group test --group check -o requirements/runtime.txt
	@$(ENV) && $(COMPILE) --upgrade --resolution lowest-direct pyproject.toml --extra all --group test -o requirements/floors.txt
	@$(ENV) && $(COMPILE) --upgrade --group ape -o requirements/ape.txt
	@$(ENV) && $(COMPILE) --upgrade requirements/halmos.in -o requirements/halmos.txt
	@$(ENV) && $(COMPILE) --upgrade requirements/slither.in -o requirements/slither.txt
	@$(ENV) && $(COMPILE) --upgrade requirements/node.in -o requirements/node.txt
	@$(ENV) && $(COMPILE) --upgrade requirements/numpy1.in -o requirements/numpy1.txt
	@$(ENV) && $(COMPILE) --upgrade requirements/uv.in -o requirements/uv.txt

clean: ## remove all that was installed or built; a stack of yours in .compute/ stays
	rm -rf .venv .venv-ape .venv-floors .venv-halmos .venv-lock .venv-numpy1 .venv-slither .build .cache .solcx .ape-data
	rm -rf node_modules tests/node/node_modules out forge-cache dist build
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .compute/demo
