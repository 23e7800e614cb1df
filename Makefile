# Two commands for newcomers: `make lab` and `make test`. Arguments pass through ARGS.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help lab test browser lint notebooks clean

help:
	@echo "make lab    install, copy the notebooks to lab/, compile the kernels once, open the first"
	@echo "make test   install what the tests need, run them    (ARGS=\"-m fast\": without the long ones)"
	@echo "make browser   only the tests in a real browser, which \`make test\` without ARGS runs too"
	@echo "make lint   format, lint and types"
	@echo "make notebooks   build the notebooks from notebooks/src    (ARGS=--check: only compare)"
	@echo "make clean  remove the virtual environment"

lab: $(VENV)/.lab
	$(BIN)/microgpt lab lab -- $(ARGS)

# The browser's tests measure times, so they come after the others and one by one.
test: $(VENV)/.test $(if $(ARGS),,$(VENV)/.browser)
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal --ignore=tests/browser $(ARGS)
	$(if $(ARGS),,$(BIN)/python -m pytest tests/browser)

browser: $(VENV)/.browser
	$(BIN)/python -m pytest tests/browser $(ARGS)

lint: $(VENV)/.test
	$(BIN)/ruff format --check microgpt tests notebooks/*.py notebooks/course
	$(BIN)/ruff check microgpt tests notebooks
	$(BIN)/mypy

notebooks: $(VENV)/.test
	$(BIN)/python notebooks/build.py $(ARGS)

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

$(VENV)/.browser: tests/browser/install.py $(VENV)/.test
	$(BIN)/python tests/browser/install.py
	@touch $@

clean:
	rm -rf $(VENV)
