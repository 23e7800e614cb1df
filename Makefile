# Two commands for newcomers: `make lab` and `make test`. Arguments pass through ARGS.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest
# Two browsers at once: a file's tests share one. A file with a failure is tried once more, alone.
BROWSER := $(PYTEST) -n 2 --dist loadfile tests/browser
BROWSER_AGAIN := $(PYTEST) --failed-files tests/browser
# Tests start many processes: each imports the bytecode that the first one wrote.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help lab test browser latency mutants compile lint notebooks gpu clean

help:
	@echo "make lab        install, copy the notebooks to lab/, open the first, compile the kernels meanwhile"
	@echo "make test       install what the tests need, run what a change needs  (ALL=1: everything;"
	@echo "                ARGS=\"tests/ops -k norm\": only those)"
	@echo "make browser    only the tests in a real browser"
	@echo "make latency    print how fast the live views answer, in a real browser"
	@echo "make mutants    break the code on purpose, and print what no test notices (ARGS=sampling: one family)"
	@echo "make compile    compile every GPU kernel without a GPU  (installs two compilers for GPUs)"
	@echo "make lint       format, lint and types"
	@echo "make notebooks  build the notebooks from notebooks/src  (ARGS=--check: only compare)"
	@echo "make gpu        check a GPU and measure it; installs nothing  (ARGS=\"--stages replay\")"
	@echo "make clean      remove the virtual environment"

lab: $(VENV)/.lab
	$(BIN)/microgpt lab lab -- $(ARGS)

# CI also compiles the GPU kernels; elsewhere their tests say what they need.
test: $(VENV)/.test $(if $(CI),$(VENV)/.gpu-compile) $(if $(ARGS),,$(VENV)/.browser)
	$(PYTEST) -n auto --maxprocesses 4 --dist worksteal --ignore=tests/browser $(if $(ALL),,-m fast) $(ARGS)
	$(if $(ARGS),,$(if $(ALL),$(BROWSER) || $(BROWSER_AGAIN),$(PYTEST) tests/browser -m smoke))

browser: $(VENV)/.browser
	$(PYTEST) tests/browser $(ARGS)

latency: $(VENV)/.browser
	$(BIN)/python tests/browser/latency.py $(ARGS)

mutants: $(VENV)/.test
	$(BIN)/python tests/mutants $(ARGS)

compile: $(VENV)/.gpu-compile
	$(PYTEST) -n auto --maxprocesses 4 --dist worksteal tests/backends/numba_cuda/test_compiling.py $(ARGS)

lint: $(VENV)/.test
	$(BIN)/ruff format --check microgpt tests notebooks/*.py notebooks/course notebooks/measuring
	$(BIN)/ruff check microgpt tests notebooks
	$(BIN)/lint-imports --no-cache
	$(BIN)/mypy

notebooks: $(VENV)/.test
	$(BIN)/python notebooks/build.py $(ARGS)

# For a machine with a GPU and no network: it needs numba and numba-cuda, and nothing is installed.
gpu:
	PYTHONPATH=. $(PYTHON) -m microgpt gpu-report $(ARGS)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "microgpt needs Python 3.11 or newer; try: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

$(VENV)/.lab: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable ".[lab]"
	@touch $@

$(VENV)/.test: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable ".[test]"
	@touch $@

$(VENV)/.gpu-compile: pyproject.toml $(VENV)/.test
	$(BIN)/python -m pip install --quiet --editable ".[gpu-compile]"
	@touch $@

$(VENV)/.browser: tests/browser/install.py $(VENV)/.test
	$(BIN)/python tests/browser/install.py
	@touch $@

clean:
	rm -rf $(VENV)
