# `make help` lists what there is. Every target sets up what it needs in .venv, given Python 3.11 or newer.
.DEFAULT_GOAL := help
.PHONY: help demo shop test generate update check format docs docs-serve soak bench nox build clean

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(VENV)/base: pyproject.toml emulator/pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Setting up $(VENV) (the first time takes a minute)"
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	@$(PIP) --editable ./emulator --editable '.[emulator]'
	@touch $@

$(VENV)/dev: $(VENV)/base requirements-dev.txt requirements-docs.txt
	@$(PIP) --requirement requirements-dev.txt
	@touch $@

demo: $(VENV)/base ## A small shop's day against the emulator, over real HTTP
	@$(RUN) examples/demo.py

# Those that are given to make: a DATABASE_URL of the environment belongs to another program.
given = $(if $(findstring command line,$(origin $(1))),$(2) '$($(1))')
shop: $(VENV)/dev ## The example shop (examples/shop) together with the emulator [WORKERS=4 DATABASE_URL=postgresql+asyncpg://... REDIS_URL=...]
	@$(RUN) -m examples.shop $(call given,WORKERS,--workers) $(call given,DATABASE_URL,--database-url) $(call given,REDIS_URL,--redis-url)

# These reach every line and branch of the core and the transports by themselves: see `[tool.coverage]` in pyproject.toml.
CORE := tests/core tests/pagination $(patsubst %,tests/models/test_%.py,json_bytes mismatch_log model_reprs times)
PARALLEL := --numprocesses auto --dist worksteal
test: $(VENV)/dev ## The tests (20 minutes on two cores), and whether those of the core reach all its code
	@$(RUN) -m pytest $(PARALLEL) $(CORE) --cov
	@$(RUN) -m pytest $(PARALLEL) -m "not load" $(CORE:%=--ignore=%)
	@$(RUN) -m pytest -m load

generate: $(VENV)/dev ## Write the generated code (portone_async/models, api and blocking/api) from openapi/
	@$(RUN) -m codegen generate

update: $(VENV)/dev ## Update to a new document of PortOne's: make update [SPEC=path or URL]
	@$(RUN) -m codegen update $(SPEC)

check: $(VENV)/dev ## Lint, types, and whether the generated code is up to date
	@$(RUN) -m ruff check
	@$(RUN) -m ruff format --check
	@$(RUN) -m basedpyright
	@$(RUN) -m codegen check

format: $(VENV)/dev ## Format the hand-written code
	@$(RUN) -m ruff check --fix
	@$(RUN) -m ruff format

# Material for MkDocs prints a page about its successor without it.
docs docs-serve: export NO_MKDOCS_2_WARNING := 1
docs: $(VENV)/dev ## The documentation site, into site/: strictly, so that a dead link is an error
	@PYTHONPATH=. $(RUN) -m mkdocs build --strict --quiet

docs-serve: $(VENV)/dev ## The documentation site at http://127.0.0.1:8000, built again whenever a page changes
	@PYTHONPATH=. $(RUN) -m mkdocs serve

$(VENV)/bench: $(VENV)/dev benchmarks/requirements.txt
	@$(PIP) --requirement benchmarks/requirements.txt
	@touch $@

SECONDS ?= 3600
soak: $(VENV)/dev ## Load with faults for an hour, or SECONDS=600: nothing twice, nothing left behind
	@$(RUN) -m tests.soak $(SECONDS)

# nginx first: without it, nobody should wait for the rest to be set up.
bench: ## Ratios against the official SDK, side by side in one run
	@sh benchmarks/nginx.sh
	@$(MAKE) --no-print-directory $(VENV)/bench
	@$(RUN) -m benchmarks

nox: $(VENV)/dev ## The tests on Python 3.11, 3.12 and 3.13, lint, types and generated code
	@$(RUN) -m nox

build: $(VENV)/dev ## The wheel and the source distribution, into dist/
	@$(PIP) build
	@$(RUN) -m build
	@$(RUN) -m build --outdir dist emulator

clean: ## Remove what these targets made
	@rm -rf $(VENV) .nox dist site docs/reference .pytest_cache .ruff_cache .mypy_cache .hypothesis
