# Everything runs in .venv, which `make setup` builds from requirements.lock; nothing else has to be installed
# but Python 3.11 or newer and make.

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/installed
DLT_STAMP := .venv-dlt/installed
SOURCES := layers/rostersync/rostersync functions local simulator benchmarks tests

.DEFAULT_GOAL := help

.PHONY: help
help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(STAMP) ## Build the environment from the lock file

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(sed -n 's/^\(uv==[^ ]*\).*/\1/p' requirements.lock)"
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

.PHONY: demo
demo: setup ## A simulated district: connect, first sync, the night of three tenants, a user imported
	@$(BIN)/python -m local demo

.PHONY: contracts
contracts: setup ## Write the JSON Schemas of the events (docs/contracts/)
	@$(BIN)/python -m local contracts

.PHONY: openapi
openapi: setup ## Write the API's description (docs/openapi.json)
	@$(BIN)/python -m local openapi

.PHONY: serve
serve: setup ## The page beside a simulated district and a Senso, until Ctrl-C (PORT= chooses the port)
	@$(BIN)/python -m local serve --port $(or $(PORT),0)

.PHONY: test
test: setup ## Run the tests, a file at a time on each core
	@$(BIN)/python -m pytest --numprocesses auto --dist loadfile

.PHONY: crashes
crashes: setup ## Let every step die at every call to AWS, of more runs than the tests do
	@EVERY_CRASH=1 $(BIN)/python -m pytest tests/crashes

.PHONY: campaign
campaign: setup ## Nights in which much goes wrong, against the oracle: CASES= (100), JOBS= (1), FIRST=; SEED= is one again
	@$(BIN)/python -m tests.campaign $(if $(SEED),--seed $(SEED),--cases $(or $(CASES),100) --jobs $(or $(JOBS),1) --first $(or $(FIRST),1))

.PHONY: campaign-bugs
campaign-bugs: setup ## Plant each bug of tests/campaign/mutations.py, and see that the campaign finds it
	@$(BIN)/python -m tests.campaign --mutations

.PHONY: check
check: setup ## Format, lint, types, import contract, template; tests (state machines are linted among them)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(SOURCES)
	$(BIN)/lint-imports --config pyproject.toml
	$(BIN)/cfn-lint --append-rules cfn_lint_serverless.rules -- template.yaml
	SAM_CLI_TELEMETRY=0 $(BIN)/sam validate --lint
	$(MAKE) --no-print-directory test

.PHONY: format
format: setup ## Format the code and mend what the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The interpreter Lambda runs: sam build installs the layers with it.
# A name on PATH may be a shim that leads nowhere, so each candidate is asked.
PYTHON313 ?= $(shell for python in python3.13 $(wildcard $(HOME)/.pyenv/versions/3.13.*/bin/python3.13); do \
    $$python -c 'import sys; print(sys.executable)' 2>/dev/null && break; done)

.PHONY: build
build: setup ## Build what is deployed (sam build): arm64, Python 3.13
	@test -n "$(PYTHON313)" || { echo "sam build needs Python 3.13, which Lambda runs. Install it, or name it: make build PYTHON313=/path/to/python3.13" >&2; exit 1; }
	PATH="$(dir $(PYTHON313)):$(abspath $(BIN)):$$PATH" SAM_CLI_TELEMETRY=0 $(BIN)/sam build
	$(PYTHON313) layers/lighten.py .aws-sam/build/DependenciesLayer .aws-sam/build/RosterSyncLayer

.PHONY: lock
lock: setup ## Choose new versions of every dependency and write the lock files
	$(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --no-annotate --no-header --all-extras pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate --no-header benchmarks/requirements.in -o benchmarks/requirements.lock
	$(MAKE) --no-print-directory layers/dependencies/requirements.txt

# What the layer holds, at the versions of the lock file.
layers/dependencies/requirements.txt: pyproject.toml requirements.lock
	@mkdir -p $(@D)
	$(BIN)/uv pip compile --quiet --python-version 3.13 --python-platform aarch64-manylinux2014 --generate-hashes --no-annotate --no-header --constraint requirements.lock pyproject.toml -o $@

# What two parts compare with, in an environment of its own: tests and the program never see it.
$(DLT_STAMP): benchmarks/requirements.lock $(STAMP)
	@test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
	@$(BIN)/uv pip sync --quiet --python $(@D)/bin/python --require-hashes benchmarks/requirements.lock
	@touch $@

BENCH_NEEDS := setup $(if $(PART),$(if $(filter pull whole_run,$(PART)),$(DLT_STAMP)),$(DLT_STAMP))

.PHONY: bench
bench: $(BENCH_NEEDS) ## Measure time, memory, calls and cost (PART= one part); writes benchmarks/results
	@PYTHON313=$(PYTHON313) $(BIN)/python -m benchmarks $(PART)

.PHONY: bench-compare
bench-compare: $(BENCH_NEEDS) ## Measure, and compare with what is committed by ratios (PART= one part)
	@PYTHON313=$(PYTHON313) $(BIN)/python -m benchmarks --compare $(PART)

.PHONY: clean
clean: ## Remove everything that is made
	rm -rf .venv .venv-dlt .aws-sam .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
