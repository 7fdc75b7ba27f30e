# Everything from a fresh machine with Python 3.11+ and make. Nothing is installed twice: see the stamp files in $(VENV).
PYTHON ?= python3
VENV ?= .venv
OLDEST_VENV ?= .venv-oldest
OUTPUT ?= results
COUNT ?= 50
SEED ?= 0
WORKERS ?= 2
BIN := $(VENV)/bin
# Files of tests are handed to processes whole: what one file computes for all of its tests is computed once.
SIDE_BY_SIDE := -n $(WORKERS) --dist loadfile
export OPENBLAS_NUM_THREADS ?= 1
export PIP_DISABLE_PIP_VERSION_CHECK ?= 1

# Every part that meets a dependency: optimisers, certificate, beliefs, policies, sweeps, records, pictures, pages, the command
# line, the README. Left out are the claims and the longer studies, which make the same calls more often.
OLDEST_TESTS := $(wildcard $(addprefix tests/test_,model_belief_*.py model_landscape*.py model_problem.py planning_solver.py \
  $(addprefix planning_solver_,basins.py failures.py limits.py linear_quadratic.py options.py search.py) \
  planning_certificate.py planning_certificate_status.py planning_solution.py planning_transcription_orders.py \
  $(addprefix planning_dynamic_programming_,outside.py numerics.py scheme.py) \
  $(addprefix planning_beliefs_,dispatch.py lqg*.py replanning.py) rules.py rules_families*.py \
  simulation.py simulation_policies.py simulation_rollouts.py optimisation_moment_programs.py optimisation_policies.py \
  optimisation_refusals.py identification_kernels.py identification_nested.py sweeps_*.py records_*.py scripts_trust*.py \
  display_cli.py display_cli_reproduce.py display_cli_show.py display_cli_sweep.py display_plotting*.py display_report_*.py \
  problems_pictures*.py readme.py packaging.py))

.DEFAULT_GOAL := help
.PHONY: help reproduce networks test test-all test-slow test-networks test-oldest bench trust docs lint clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' Makefile

reproduce: $(VENV)/.stamp-run  ## run every claim: figures, table, CSV and report.html in results/
	$(BIN)/landscape-control reproduce --output $(OUTPUT)

networks: $(VENV)/.stamp-networks  ## small networks, derived optimizers against tuned: results/networks, shown by the next make reproduce
	$(BIN)/python scripts/paper_networks.py --generated --seeds 2 --epochs 5 --resume --output $(OUTPUT)/networks
	$(BIN)/python scripts/derived_optimizers.py --small --output $(OUTPUT)/networks/derived

test: $(VENV)/.stamp-test  ## the test suite without the long studies
	$(BIN)/python -m pytest -m "not slow and not networks" $(SIDE_BY_SIDE)
	@echo "Left out: the long studies (make test-all), what needs PyTorch or JAX (make test-networks)"

test-all: $(VENV)/.stamp-test  ## the test suite with the long studies
	$(BIN)/python -m pytest -m "not networks" $(SIDE_BY_SIDE)
	@echo "Left out: what needs PyTorch or JAX (make test-networks)"

# Claims and their pictures are what `make reproduce` evaluates; mutations of the package are a study of their own.
ELSEWHERE := $(addprefix --ignore=tests/test_,claims.py problems_pictures.py mutations.py)

test-slow: $(VENV)/.stamp-test  ## the long studies alone, without the claims
	$(BIN)/python -m pytest -m "slow and not networks" $(SIDE_BY_SIDE) $(ELSEWHERE)

test-networks: $(VENV)/.stamp-networks  ## the tests that need PyTorch or JAX, with builds for the CPU
	$(BIN)/python -m pytest -m networks $(SIDE_BY_SIDE)

# What an old version warns of in another package (pyparsing to matplotlib 3.8) is no fault of ours; all else stays an error.
test-oldest: $(OLDEST_VENV)/.stamp-oldest  ## the core of the suite with the oldest versions that pyproject.toml declares
	$(OLDEST_VENV)/bin/python scripts/oldest.py --check test
	$(OLDEST_VENV)/bin/python -m pytest -m "not slow" $(SIDE_BY_SIDE) -W default::DeprecationWarning $(OLDEST_TESTS)

bench: $(VENV)/.stamp-run  ## speed against the reference, as ratios
	$(BIN)/python scripts/benchmark.py

trust: $(VENV)/.stamp-run  ## random problems against independent references: right, flagged, refused, silently wrong
	$(BIN)/python scripts/trust.py --count $(COUNT) --seed $(SEED)

lint: $(VENV)/.stamp-lint  ## ruff, its rules and its format; mypy
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy

docs: $(VENV)/.stamp-docs  ## the site in results/site, with the pictures of `make reproduce` where they are
	$(BIN)/python scripts/documentation/build.py --output $(OUTPUT)/site --results $(OUTPUT)
	@echo "Open $(OUTPUT)/site/index.html"

clean:  ## remove the environment and everything generated
	rm -rf $(VENV) $(OLDEST_VENV) $(OUTPUT) build dist *.egg-info .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The install is editable, so only a change of what declares it asks for another one.
$(VENV)/.stamp-venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/.stamp-run: pyproject.toml setup.py $(VENV)/.stamp-venv
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.stamp-test $(VENV)/.stamp-lint $(VENV)/.stamp-docs: $(VENV)/.stamp-%: pyproject.toml setup.py $(VENV)/.stamp-venv
	$(BIN)/python -m pip install --quiet --editable '.[$*]'
	@touch $@

# On the package index PyTorch for Linux comes with CUDA; this index has the builds for the CPU.
TORCH ?= torch==2.13.0
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu

$(VENV)/.stamp-networks: $(VENV)/.stamp-test
	$(BIN)/python -m pip install --quiet --extra-index-url $(TORCH_INDEX) '$(TORCH)'
	$(BIN)/python -m pip install --quiet --editable '.[torch,jax,study]'
	@touch $@

# The oldest versions have no wheels for later Pythons, so this environment wants the oldest Python that is declared too.
OLDEST_PYTHON ?= $(shell command -v python3.11 || echo $(PYTHON))

$(OLDEST_VENV)/.stamp-oldest: pyproject.toml setup.py scripts/oldest.py
	@$(OLDEST_PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
	  { echo "Python 3.11 is needed: make test-oldest OLDEST_PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(OLDEST_PYTHON) -m venv --clear $(OLDEST_VENV)
	$(OLDEST_PYTHON) scripts/oldest.py test > $(OLDEST_VENV)/constraints.txt
	$(OLDEST_VENV)/bin/python -m pip install --quiet --constraint $(OLDEST_VENV)/constraints.txt --editable '.[test]'
	@touch $@
