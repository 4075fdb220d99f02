# make demo: the cockpit on the sample project · make test: the whole suite · make help: the rest
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# Two workers: the suite is meant for two cores; each torch test keeps to one thread.
PYTEST_ARGS ?= -n 2 --dist loadgroup

export HF_HUB_OFFLINE ?= 1

.DEFAULT_GOAL := help
.PHONY: help demo install dev check format unit test soak bench screenshots clean

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/pip install --quiet -c constraints.txt -e .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/pip install --quiet -c constraints.txt -e '.[dev]'
	@touch $@ $(VENV)/.installed

install: $(VENV)/.installed  ## the program, pinned, into .venv

dev: $(VENV)/.installed-dev  ## the program and what its tests need

demo: install  ## train the sample project and watch it (in a pipe: as lines)
	@$(BIN)/msopt-tui sample_projects/python-docs/project.toml

format: dev  ## format and sort imports
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

check: dev  ## format, lint, strict types, layer contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

unit: dev  ## the tests that need no torch
	$(BIN)/pytest tests/unit -q

test: check  ## check, then every test
	$(BIN)/pytest $(PYTEST_ARGS) -m "not soak"

soak: dev  ## the long loops
	$(BIN)/pytest -m soak -n 0

bench: dev  ## print every figure of benchmarks/README.md again
	$(BIN)/pip install --quiet -c constraints.txt -e '.[bench]'
	$(BIN)/python benchmarks/run_all.py

screenshots: dev  ## take the pictures of docs/screenshots again, of real runs
	$(BIN)/python docs/screenshots.py

clean:  ## remove what make made
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
