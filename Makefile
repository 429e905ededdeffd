# What a newcomer types. Needs Python >= 3.11 with venv, and make; nothing else.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
JOBS ?= 2

.PHONY: help demo run test check faults bench lint types full-tests oracle peers requirements clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1	/'

demo: .venv/run  ## a sample city on phones in a page; prints one address
	@$(BIN)/python -m bot demo

run: .venv/run  ## the bot for real; settings from the environment or .env
	@$(BIN)/python -m bot run

test: .venv/dev  ## the tests that need Python alone (a real PostgreSQL comes from PyPI)
	$(BIN)/python -m pytest -q -n $(JOBS) --dist worksteal -m "not full"

check: lint types full-tests deploy-lint  ## everything that CI runs

lint: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/deptry .

types: .venv/dev
	$(BIN)/mypy

full-tests: .venv/dev oracle peers
	$(BIN)/python -m pytest -q -n $(JOBS) --dist worksteal

oracle: .venv-oracle/ready
.venv-oracle/ready: requirements/oracle.txt
	$(PYTHON) -m venv .venv-oracle
	.venv-oracle/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/oracle.txt
	@touch $@

peers: .venv-peers/ready
.venv-peers/ready: requirements/peers.txt
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/peers.txt
	@touch $@

.PHONY: deploy-lint
deploy-lint: .venv/dev
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec deploy/compose.yaml
	$(BIN)/hadolint deploy/Dockerfile
	@if command -v systemd-analyze >/dev/null; then sh deploy/verify-unit; \
	elif [ -n "$$CI" ]; then echo "systemd-analyze is missing"; exit 1; \
	else echo "skipped: systemd-analyze is not on this machine"; fi

faults: .venv/dev  ## crashes, faults, poison and kills in full length; takes hours
	$(BIN)/python -m bench faults

bench: .venv/dev peers  ## the measured figures, beside what others would use; takes a while
	$(BIN)/python -m bench figures

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/run: requirements/run.txt | .venv/bin/python
	$(PIP) -r requirements/run.txt
	@touch $@

.venv/dev: requirements/dev.txt | .venv/bin/python
	$(PIP) -r requirements/dev.txt
	@touch $@ .venv/run

requirements: .venv/dev  ## pin anew, within the ranges of pyproject.toml
	$(BIN)/uv pip compile -q --upgrade --universal --generate-hashes --no-header --no-annotate --python-version 3.11 pyproject.toml -o requirements/run.txt
	$(BIN)/uv pip compile -q --upgrade --universal --generate-hashes --no-header --no-annotate --python-version 3.11 --extra dev -c requirements/run.txt pyproject.toml -o requirements/dev.txt
	$(BIN)/uv pip compile -q --upgrade --universal --generate-hashes --no-header --no-annotate --python-version 3.11 requirements/oracle.in -o requirements/oracle.txt
	$(BIN)/uv pip compile -q --upgrade --universal --generate-hashes --no-header --no-annotate --python-version 3.11 requirements/peers.in -o requirements/peers.txt

clean:  ## forget environments and caches; data/ stays
	rm -rf .venv .venv-oracle .venv-peers .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
