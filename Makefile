# make lab    install into .venv and open JupyterLab
# make test   lint, then every test, in .venv-dev
# `make help` lists the rest. Variables: PYTHON, LAB_VENV, VENV, LAB_ARGS, PYTEST_ARGS, BENCH_ARGS.

PYTHON ?= python3
LAB_VENV ?= .venv
VENV ?= .venv-dev
LAB_ARGS ?=
PYTEST_ARGS ?= -n 2 --dist loadfile
BENCH_ARGS ?=

override LAB_BIN := $(abspath $(LAB_VENV))/bin
override BIN := $(abspath $(VENV))/bin
LAB_STAMP := $(LAB_VENV)/.wegent-installed
DEV_STAMP := $(VENV)/.wegent-installed

PACKAGING := pyproject.toml hatch_build.py install.json wegent_jupyter/_version.py $(wildcard jupyter-config/*/*.json)
FRONT_END := $(wildcard labextension/package.json labextension/tsconfig.json labextension/yarn.lock) \
	$(shell find labextension/src labextension/style labextension/schema -type f 2>/dev/null)
PACKAGE := $(shell find wegent_jupyter -path wegent_jupyter/labextension -prune -o -type f ! -name '*.pyc' -print 2>/dev/null)

# jlpm runs the `node` it finds: the environment's own comes first.
JLPM := cd labextension && PATH="$(BIN):$$PATH" jlpm

.PHONY: help lab test lint format bench clean distclean check-python
.DELETE_ON_ERROR:

help:
	@echo "make lab        install into $(LAB_VENV) and open JupyterLab"
	@echo "make test       lint, then every test, in $(VENV) (needs Chromium)"
	@echo "make lint       ruff, mypy, tsc, eslint, prettier"
	@echo "make format     let ruff, eslint and prettier rewrite the sources"
	@echo "make bench      measure against the references, print a table, write JSON"
	@echo "make clean      delete caches and build output; distclean: environments and node_modules too"

lab: $(LAB_STAMP)
	"$(LAB_BIN)/jupyter" lab $(LAB_ARGS)

test: lint
	@echo "== tests: front end model"
	$(JLPM) run test
	@echo "== tests: pytest $(PYTEST_ARGS)"
	"$(BIN)/python" -m pytest $(PYTEST_ARGS)

lint: $(DEV_STAMP)
	@echo "== lint: Python style, format and types"
	"$(BIN)/ruff" check .
	"$(BIN)/ruff" format --check .
	"$(BIN)/mypy"
	@echo "== lint: front end types, rules and format"
	$(JLPM) install --immutable
	$(JLPM) run lint:check

format: $(DEV_STAMP)
	"$(BIN)/ruff" check --fix .
	"$(BIN)/ruff" format .
	$(JLPM) install --immutable
	$(JLPM) run lint

bench: $(DEV_STAMP)
	"$(BIN)/python" -m tests.bench $(BENCH_ARGS)

$(LAB_STAMP): $(PACKAGING) $(FRONT_END) $(PACKAGE) | check-python
	@echo "== installing wegent-jupyter and JupyterLab into $(LAB_VENV)"
	$(PYTHON) -m venv "$(LAB_VENV)"
	"$(LAB_BIN)/python" -m pip install --disable-pip-version-check '.[lab]'
	@touch "$@"

$(DEV_STAMP): $(PACKAGING) $(FRONT_END) | check-python
	@echo "== installing wegent-jupyter for development into $(VENV)"
	$(PYTHON) -m venv "$(VENV)"
	"$(BIN)/python" -m pip install --disable-pip-version-check -e '.[dev]'
	@touch "$@"

check-python:
	@command -v "$(PYTHON)" >/dev/null 2>&1 || { \
	  echo "wegent-jupyter needs Python 3.11 or newer, and '$(PYTHON)' is not on PATH. Install it, or name one: make PYTHON=/path/to/python3" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "wegent-jupyter needs Python 3.11 or newer; '$(PYTHON)' is $$("$(PYTHON)" --version 2>&1). Name a newer one: make PYTHON=/path/to/python3" >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "'$(PYTHON)' cannot make virtual environments. On Debian and Ubuntu: sudo apt-get install python3-venv" >&2; exit 1; }

clean:
	rm -rf build dist wegent_jupyter/labextension labextension/lib labextension/lib-test labextension/*.tsbuildinfo test-output bench-output
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find wegent_jupyter tests -name __pycache__ -type d -prune -exec rm -rf {} +
	rm -f "$(LAB_STAMP)" "$(DEV_STAMP)"

distclean: clean
	rm -rf "$(LAB_VENV)" "$(VENV)" labextension/node_modules
