# Two commands for newcomers: `make lab` and `make test`. Arguments pass through ARGS.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help lab test lint clean

help:
	@echo "make lab    install, compile the kernels once, open the first notebook"
	@echo "make test   install what the tests need, run them    (ARGS=\"-m fast\": without the long one)"
	@echo "make lint   format, lint and types"
	@echo "make clean  remove the virtual environment"

lab: $(VENV)/.lab
	$(BIN)/microgpt warmup
	$(BIN)/jupyter lab notebooks/00_start_here.ipynb $(ARGS)

test: $(VENV)/.test
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal $(ARGS)

lint: $(VENV)/.test
	$(BIN)/ruff format --check microgpt tests
	$(BIN)/ruff check microgpt tests
	$(BIN)/mypy

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

clean:
	rm -rf $(VENV)
