# The commands of this project; `make help` lists them.

PYTHON ?= python3
SUBJECT ?=
DATA ?=
SEED ?=
RECORDING ?=
# make would also export it under this name, which the settings refuse as a former one.
unexport RECORDING
ARGS ?=
FILES ?= tests/recordings

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.installed
DEVELOP := $(VENV)/.installed-dev
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml

# The tests start many processes: each would compile the sources again, and the tests themselves, without the bytecode.
# `worksteal` leaves most files whole, so that few servers are started by both workers.
PYTEST := env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest -n 2 --dist worksteal

# mypy stops if it cannot write its cache, as when another user created it; then it runs without one.
MYPY_CACHE := $(shell mkdir -p .mypy_cache 2>/dev/null && test -w .mypy_cache && echo .mypy_cache || echo /dev/null)

# Studio's server sends nothing out: no statistics, no version check, no traces, no key; nor does onnxruntime. This folder comes
# before the installed packages on the path, so that no other `graph` or `tools` is imported.
STUDIO := LANGGRAPH_CLI_NO_ANALYTICS=1 LANGGRAPH_NO_VERSION_CHECK=1 LANGSMITH_TRACING=false LANGSMITH_TRACING_V2=false \
	LANGSMITH_API_KEY= LANGSMITH_CONTROL_PLANE_API_KEY= LANGGRAPH_CLOUD_LICENSE_KEY= ORT_DISABLE_TELEMETRY=1 PYTHONPATH="$(CURDIR)"

.DEFAULT_GOAL := help
.PHONY: help run chat token test install present studio replay migrate seed rotate url check format docs docs-chat hooks requirements \
	bench bench-tools chaos audit fuzz eval eval-pii eval-injection eval-offline

##@ Start
run: $(READY) ## start everything: database, demo user, server
	@exec $(BIN)/python -m graph run

# A server may be running, so an environment that is there is used as it is.
chat: $(if $(wildcard $(READY)),present,$(READY)) ## chat in the terminal, with the running server or one of its own (ARGS="--as dash")
	@$(BIN)/python -m graph chat $(ARGS)

token: present ## print a bearer token for the demo user, or for SUBJECT=<uuid>
	@$(BIN)/python -m graph token $(SUBJECT)

test: $(DEVELOP) check ## run all tests
	@$(PYTEST) $(ARGS)

install: $(READY) ## create .venv and install the pinned dependencies

help: ## list the targets
	@awk -F ':.*## ' '/^##@ / { printf "\n%s\n", substr($$0, 5) } /^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(READY): requirements.txt
	@echo "installing the dependencies into $(VENV) (about a minute)"
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14) and "Python 3.11, 3.12 or 3.13 is needed: make PYTHON=python3.12 …")'
	@$(PYTHON) -m venv --clear $(VENV)
	@$(PIP) -r requirements.txt
	@touch $(READY)

$(DEVELOP): $(READY) requirements-dev.txt
	@echo "installing what tests, measurements and LangGraph Studio need"
	@$(PIP) -r requirements-dev.txt
	@touch $(DEVELOP)

# Commands that run beside a server use the environment as it is: to recreate it would take it away from the server.
present:
	@test -e $(READY) || { echo "$(VENV) is missing or incomplete: make install" >&2; exit 1; }
	@test ! requirements.txt -nt $(READY) || echo "$(VENV) is older than requirements.txt and is used as it is. To update it, stop the server: make install" >&2

##@ Debug a turn
studio: $(DEVELOP) ## step through a turn in LangGraph Studio (RECORDING=file for a recorded one, ARGS="--port 2025")
	@exec env $(STUDIO) LOG_LEVEL="$${LOG_LEVEL:-warning}" STUDIO_RECORDING="$(RECORDING)" $(BIN)/langgraph dev --no-browser --no-reload $(ARGS)

replay: $(DEVELOP) ## replay recorded turns offline (FILES=recordings, ARGS=--live …)
	@$(BIN)/python -m graph.replay run $(FILES) $(ARGS)

##@ Operate
migrate: $(READY) ## apply the migrations, through MIGRATION_DATABASE_URL or to the embedded database
	@$(BIN)/python -m graph migrate

seed: present ## give the demo user a year of transactions
	@$(BIN)/python -m graph seed

rotate: present ## encrypt all stored values with VAULT_KEY, or with a new key where vault.key holds the keys
	@$(BIN)/python -m graph rotate-key

url: present ## print the database administrator's address, for psql and pg_dump
	@$(BIN)/python -m graph url

##@ Contribute
check: $(DEVELOP) ## run ruff and mypy
	@$(BIN)/ruff check --quiet --no-cache .
	@$(BIN)/ruff format --quiet --no-cache --check .
	@$(BIN)/mypy --no-error-summary --cache-dir=$(MYPY_CACHE)

format: $(DEVELOP) ## format the code and fix what ruff can fix
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/ruff format --quiet .

hooks: $(DEVELOP) ## run the checks before each commit
	@$(BIN)/pre-commit install

docs: $(READY) ## write docs/employees.md, docs/tools.md, .env.example and the README's table of settings
	@$(BIN)/python -m scripts.docs_employees
	@$(BIN)/python -m scripts.docs_tools
	@$(BIN)/python -m scripts.docs_settings

docs-chat: $(DEVELOP) ## write the README's conversation, with the running server or one of its own
	@$(BIN)/python -m scripts.docs_chat

requirements: ## pin the dependencies of pyproject.toml (needs uv)
	@$(COMPILE) --extra dev -o requirements-dev.txt
	@$(COMPILE) --constraint requirements-dev.txt -o requirements.txt

##@ Measure
bench: $(DEVELOP) ## compare a turn with plain LangGraph (ARGS=--quick, ARGS=--profile …)
	@$(BIN)/python -m tests.bench $(ARGS)

bench-tools: $(DEVELOP) ## time each tool for a user with 100,000 transactions among 1,000 users
	@$(BIN)/python -m tests.bench.tools $(ARGS)

chaos: $(DEVELOP) ## kill and pause processes and the database at 280 seeded points and report losses (SEED=7, ARGS=--quick …)
	@$(BIN)/python -m tests.chaos.pairs
	@$(BIN)/python -m tests.bench.endurance
	@$(BIN)/python -m tests.bench.overload
	@$(BIN)/python -m tests.chaos $(if $(SEED),--seed $(SEED)) $(ARGS)

audit: $(DEVELOP) ## measure every promise of SECURITY.md, in a quarter of an hour (ARGS="canaries matrix" for some)
	@$(BIN)/python -m tests.audit $(ARGS)

fuzz: $(DEVELOP) ## send thousands of valid and invalid requests from the OpenAPI file (ARGS=300 for each kind and route)
	@$(BIN)/python -m tests.fuzz $(ARGS)

eval: eval-pii eval-injection eval-offline ## run every measurement of quality

eval-pii: $(DEVELOP) ## measure how many personal values are masked, and how fast (DATA=labelled texts, ARGS="--misses 20" …)
	@$(BIN)/python -m tests.eval.pii $(if $(DATA),--data $(DATA)) $(ARGS)

eval-injection: $(DEVELOP) ## measure what a model can do that obeys injected orders (DATA=folder of BIPIA, ARGS=--every)
	@$(BIN)/python -m tests.eval.injection $(if $(DATA),--data $(DATA)) $(ARGS)

eval-offline: $(DEVELOP) ## measure how well the offline model answers everyday questions (ARGS="--half tuning --misses 5" …)
	@$(BIN)/python -m tests.eval.offline $(ARGS)
