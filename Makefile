# The two commands that matter are `make run` and `make test`; `make help` lists the others.

PYTHON ?= python3
BIN := .venv/bin
INFRA := $(BIN)/infra-access -c development.ini
SOURCES := infra_access tests alembic setup.py

.DEFAULT_GOAL := help
.PHONY: help run migrate test sure lint format messages bench soak

help:  ## List these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: .venv/.for-run  ## Install, migrate, fill with demo data, and serve http://127.0.0.1:6543 with its worker
	@$(INFRA) migrate
	@$(INFRA) demo
	@exec $(INFRA) serve --with-worker

migrate: .venv/.for-run  ## Bring the development database up to date
	@$(INFRA) migrate

test: .venv/.for-test  ## Run every test on SQLite and PostgreSQL and in Chromium, and print the counts
	@tests/chromium.sh
	@$(BIN)/python -m tests.run

sure: lint test  ## Everything that must hold before a commit: format, lint, types, import rules, tests

lint: .venv/.for-test  ## Check format, style, types and import rules
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy --strict infra_access
	$(BIN)/lint-imports

format: .venv/.for-test  ## Format the code and mend what can be mended
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

messages: .venv/.for-test  ## List every translatable text in var/infra_access.pot, for translators
	@mkdir -p var
	@$(BIN)/pybabel --quiet extract -F pyproject.toml -k _ -k ngettext:1,2 --no-wrap -o var/infra_access.pot infra_access

bench: .venv/.for-test  ## Print requests per second, and ratios to a bare view and to bare SQL
	@$(BIN)/python -m tests.benchmarks

soak: .venv/.for-test  ## Run races, sequences, clocks, properties and the contract with many more cases, and print their counts
	@$(BIN)/python -m tests.run --soak races sequences clocks properties contract

# uv where there is one (4 s), else uv from pip (21 s), else pip alone (38 s).
.venv/bin/python:
	@if command -v uv >/dev/null; then uv venv --quiet --python $(PYTHON) .venv; \
	elif $(PYTHON) -c 'import ensurepip' 2>/dev/null; then $(PYTHON) -m venv .venv; \
	else $(PYTHON) -m venv --without-pip .venv && $(PYTHON) -m pip --python .venv/bin/python install --quiet pip; fi

.venv/.for-run: setup.py | .venv/bin/python
	@tests/install.sh '.[postgres]'
	@touch $@

.venv/.for-test: setup.py | .venv/bin/python
	@tests/install.sh '.[postgres,test,browser]'
	@touch $@ .venv/.for-run
