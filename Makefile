# Everything from a fresh machine with Python 3.11+ and make. Nothing is installed twice: see the stamp files in $(VENV).
PYTHON ?= python3
VENV ?= .venv
OUTPUT ?= results
COUNT ?= 50
SEED ?= 0
WORKERS ?= 2
BIN := $(VENV)/bin
# Files of tests are handed to processes whole: what one file computes for all of its tests is computed once.
SIDE_BY_SIDE := -n $(WORKERS) --dist loadfile
export OPENBLAS_NUM_THREADS ?= 1
export PIP_DISABLE_PIP_VERSION_CHECK ?= 1

.DEFAULT_GOAL := help
.PHONY: help reproduce test test-all bench trust lint clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' Makefile

reproduce: $(VENV)/.stamp-run  ## run every claim: figures, table, CSV and report.html in results/
	$(BIN)/landscape-control reproduce --output $(OUTPUT)

test: $(VENV)/.stamp-test  ## the test suite without the long studies
	$(BIN)/python -m pytest -m "not slow" $(SIDE_BY_SIDE)

test-all: $(VENV)/.stamp-test  ## the test suite with the long studies
	$(BIN)/python -m pytest $(SIDE_BY_SIDE)

bench: $(VENV)/.stamp-run  ## speed against the reference, as ratios
	$(BIN)/python scripts/benchmark.py

trust: $(VENV)/.stamp-run  ## random problems against independent references: right, flagged, refused, silently wrong
	$(BIN)/python scripts/trust.py --count $(COUNT) --seed $(SEED)

lint: $(VENV)/.stamp-lint  ## ruff
	$(BIN)/python -m ruff check .

clean:  ## remove the environment and everything generated
	rm -rf $(VENV) $(OUTPUT) build dist *.egg-info .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The install is editable, so only a change of pyproject.toml asks for another one.
$(VENV)/.stamp-venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/.stamp-run: pyproject.toml $(VENV)/.stamp-venv
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.stamp-test $(VENV)/.stamp-lint: $(VENV)/.stamp-%: pyproject.toml $(VENV)/.stamp-venv
	$(BIN)/python -m pip install --quiet --editable '.[$*]'
	@touch $@
