# The commands of this project; `make help` lists them.

PYTHON ?= python3
SUBJECT ?=
DATA ?=
SEED ?=
RECORDING ?=
# make would pass it on under this name too, which the settings refuse as a former one.
unexport RECORDING
ARGS ?=
FILES ?= tests/recordings

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.installed
DEVELOP := $(VENV)/.installed-dev
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml

# A cache that another user made cannot be written, and mypy stops at that: then it does without.
MYPY_CACHE := $(shell mkdir -p .mypy_cache 2>/dev/null && test -w .mypy_cache && echo .mypy_cache || echo /dev/null)

.DEFAULT_GOAL := help
.PHONY: help install run studio replay test check format migrate seed rotate token url bench bench-tools chaos audit fuzz docs requirements eval eval-pii eval-injection

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(READY) ## make .venv and install the pinned dependencies

$(READY): requirements.txt
	@echo "installing the dependencies into $(VENV) (about a minute)"
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14) and "Python 3.11, 3.12 or 3.13 is needed: make PYTHON=python3.12 …")'
	@$(PYTHON) -m venv --clear $(VENV)
	@$(PIP) -r requirements.txt
	@touch $(READY)

# For what is run beside a server: making the environment anew would take it away from under the server.
.PHONY: present
present:
	@test -e $(READY) || { echo "$(VENV) is not there, or not whole: make install" >&2; exit 1; }
	@test ! requirements.txt -nt $(READY) || echo "$(VENV) is older than requirements.txt; it is used as it is. To update it, stop the server: make install" >&2

$(DEVELOP): $(READY) requirements-dev.txt
	@echo "installing what tests, measurements and LangGraph Studio need"
	@$(PIP) -r requirements-dev.txt
	@touch $(DEVELOP)

run: $(READY) ## start everything: database, demo user, server
	@exec $(BIN)/python -m graph run

# Studio's server calls nobody: no statistics, no look for newer versions, no traces, no key that it could report with; nor does
# onnxruntime. What is installed comes after this folder on the path, so that no other `graph` or `tools` is taken for ours.
STUDIO := LANGGRAPH_CLI_NO_ANALYTICS=1 LANGGRAPH_NO_VERSION_CHECK=1 LANGSMITH_TRACING=false LANGSMITH_TRACING_V2=false \
	LANGSMITH_API_KEY= LANGSMITH_CONTROL_PLANE_API_KEY= LANGGRAPH_CLOUD_LICENSE_KEY= ORT_DISABLE_TELEMETRY=1 PYTHONPATH="$(CURDIR)"

studio: $(DEVELOP) ## step through a turn in LangGraph Studio, or through a recorded one (RECORDING=file, ARGS="--port 2025")
	@exec env $(STUDIO) LOG_LEVEL="$${LOG_LEVEL:-warning}" STUDIO_RECORDING="$(RECORDING)" $(BIN)/langgraph dev --no-browser --no-reload $(ARGS)

test: $(DEVELOP) check ## every test
	@$(BIN)/python -m pytest -n 2 $(ARGS)

replay: $(DEVELOP) ## play the recorded turns (FILES=recordings, ARGS=--live …)
	@$(BIN)/python -m graph.replay run $(FILES) $(ARGS)

check: $(DEVELOP) ## ruff and mypy
	@$(BIN)/ruff check --quiet --no-cache .
	@$(BIN)/ruff format --quiet --no-cache --check .
	@$(BIN)/mypy --no-error-summary --cache-dir=$(MYPY_CACHE)

format: $(DEVELOP) ## put the code into its form
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/ruff format --quiet .

migrate: $(READY) ## apply the migrations (MIGRATION_DATABASE_URL, or the embedded database)
	@$(BIN)/python -m graph migrate

seed: present ## give the demo user a year of transactions
	@$(BIN)/python -m graph seed

rotate: present ## seal everything under the current key (VAULT_KEY beside VAULT_PREVIOUS_KEYS), or a new one where the file keeps it
	@$(BIN)/python -m graph rotate-key

token: present ## print a bearer token for the demo user, or for SUBJECT=<uuid>
	@$(BIN)/python -m graph token $(SUBJECT)

url: present ## print the database administrator's address, for psql and pg_dump
	@$(BIN)/python -m graph url

bench: $(DEVELOP) ## measure this runtime beside plain LangGraph (ARGS=--quick, ARGS=--profile …)
	@$(BIN)/python -m tests.bench $(ARGS)

bench-tools: $(DEVELOP) ## how long each tool takes for a user with 100,000 transactions beside 1,000 others
	@$(BIN)/python -m tests.bench.tools $(ARGS)

chaos: $(DEVELOP) ## kill, stop and wake processes and the database at 280 seeded points and look what was lost (SEED=7, ARGS=--quick …)
	@$(BIN)/python -m tests.chaos.pairs
	@$(BIN)/python -m tests.bench.endurance
	@$(BIN)/python -m tests.bench.overload
	@$(BIN)/python -m tests.chaos $(if $(SEED),--seed $(SEED)) $(ARGS)

fuzz: $(DEVELOP) ## thousands of requests made from the OpenAPI file, right ones and wrong ones (ARGS=300 for each kind and route)
	@$(BIN)/python -m tests.fuzz $(ARGS)

docs: $(READY) ## write docs/employees.md and docs/tools.md anew from the files
	@$(BIN)/python -m scripts.docs_employees
	@$(BIN)/python -m scripts.docs_tools
	@$(BIN)/python -m scripts.docs_settings

audit: $(DEVELOP) ## measure every promise of SECURITY.md, in a quarter of an hour (ARGS="canaries matrix" for some)
	@$(BIN)/python -m tests.audit $(ARGS)

eval: eval-pii eval-injection ## every measurement of quality

eval-pii: $(DEVELOP) ## how much of what is personal is masked, and how fast (DATA=folder of labelled texts, ARGS="--misses 20" …)
	@$(BIN)/python -m tests.eval.pii $(if $(DATA),--data $(DATA)) $(ARGS)

eval-injection: $(DEVELOP) ## what a model can do that obeys every order it reads (DATA=folder of BIPIA, ARGS=--every)
	@$(BIN)/python -m tests.eval.injection $(if $(DATA),--data $(DATA)) $(ARGS)

requirements: ## pin the dependencies of pyproject.toml anew (needs uv)
	@$(COMPILE) --extra dev -o requirements-dev.txt
	@$(COMPILE) --constraint requirements-dev.txt -o requirements.txt
