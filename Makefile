# Every target creates its environment first; nothing else has to be installed.
PYTHON ?= python3
BIN := .venv/bin
RUN := $(BIN)/snakemake
only ?=
job ?=
peer ?=
workers ?= auto
model ?=
comma := ,
# Python keeps compiled modules: tests start hundreds of processes, and each would compile the library.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup quick test test-fast lint docs bench check-benchmark simulate soak chaos image status
help:            ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

setup: .venv/.ready  ## create .venv with the pinned environment
.venv/.ready: pyproject.toml envs/constraints.txt
	@$(PYTHON) envs/ready.py
	$(PYTHON) envs/install.py environment
	@touch $@

quick: setup     ## compare three prompts with a small real model, without any key (model=qwen: and a second model)
	$(if $(filter-out qwen,$(model)),$(error model=$(model): the second model of quick is qwen))
	$(RUN) quick --configfile config/experiments/quick.yaml $(if $(model),--config models=smollm2-135m$(comma)qwen2.5-coder-0.5b$(comma)oracle)

# The plugins are outside the environment, because Snakemake imports every plugin that it finds at every start.
.venv/plugins/.ready: .venv/.ready envs/plugins.txt
	$(PYTHON) envs/install.py plugins
	@touch $@

test: .venv/plugins/.ready  ## run every test in random order (-p randomly prints the seed) and report the coverage
	$(BIN)/python -m pytest -n $(workers) --maxprocesses 4 --dist loadfile --no-loadscope-reorder --durations=40 --cov --cov-report= --cov-fail-under=90

test-fast: setup ## run the tests without the marker "slow"
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile -m "not slow"

docs: setup      ## build the documentation in site/; a broken link is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet

lint: setup      ## check style, types and workflow
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow/rules
	$(BIN)/mypy
	$(RUN) --lint

bench: setup     ## measure speed (only=providers|database|scale|summary|peers)
	$(BIN)/python -m dev.bench $(if $(only),--only $(only)) $(if $(job),--job $(job)) $(if $(peer),--peer "$(peer)")

check-benchmark: setup  ## check the reference players against their expected scores
	$(BIN)/python -m dev.check_benchmark

simulate: setup  ## start simulated services on loopback; print what to export and configure
	@$(BIN)/python -m pilotbench simulate

soak: setup      ## run half an hour with faults of every kind
	PYTHONPATH=tests $(BIN)/python -m support.soak

chaos: setup     ## kill thirty runs at random, online and in batches, and resume them
	PYTHONPATH=tests:workflow/scripts $(BIN)/python -m support.chaos
	PYTHONPATH=tests:workflow/scripts $(BIN)/python -m support.batch_chaos

image: setup     ## build the container image; without podman, docker or buildah, check its recipe
	@for builder in podman docker buildah; do $$builder info >/dev/null 2>&1 && exec $$builder build --tag pilotbench --file Containerfile .; done; \
	$(BIN)/python -m pytest -q -n 0 tests/test_container.py

status: setup    ## show the progress of a run, also while it is running
	$(BIN)/python -m pilotbench status
