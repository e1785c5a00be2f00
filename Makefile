# Dianyun Edge. `make help` lists what can be asked for; `make demo` and `make test` need nothing but
# Python 3.11+, make and a package index.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# More than two processors' worth: many tests wait for a socket or a child most of their time.
WORKERS ?= 3
TESTS ?= not soak
DEMO_SECONDS ?= 60
DEMO_TRUCKS ?= 50
DEMO_RECORDING ?=
SOAK_SECONDS ?= 600
PORT ?= /dev/ttyUSB0
TRUCK ?= truck.toml

.DEFAULT_GOAL := help
.PHONY: help demo test check bench soak provision generate format lock clean

help: ## this list
	@grep -hE '^[a-z]+:.*## ' Makefile | sed -e 's/:.*## /\t/' | expand -t 12

C_SOURCES := $(wildcard edge_gateway/*.[ch] protocols/wire/*.[ch])

$(STAMP): requirements.lock pyproject.toml setup.py $(C_SOURCES)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; set PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

demo: $(STAMP) ## the whole road in a minute: trucks, firmware, gateway, broker, authority, ledger
	$(BIN)/fleet-sim demo --seconds $(DEMO_SECONDS) --trucks $(DEMO_TRUCKS) \
	  $(if $(DEMO_RECORDING),--recording $(DEMO_RECORDING))

test: $(STAMP) ## every test but the soak
	$(BIN)/python -m pytest -n $(WORKERS) -m "$(TESTS)"

check: $(STAMP) ## format, lint, types, import rules, generated files fresh, fast tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m protocols.jt808.emit --check
	$(BIN)/python -m protocols.driver_code.emit --check
	$(BIN)/python -m protocols.freight.emit --check
	$(BIN)/python -m pytest -n $(WORKERS) -m "not slow and not soak"

bench: $(STAMP) ## speed and memory, as ratios in one run; table on screen, JSON in build/bench
	$(BIN)/python -m tests.bench

soak: $(STAMP) ## the long kill, fault and mutation runs (SOAK_SECONDS)
	SOAK_SECONDS=$(SOAK_SECONDS) $(BIN)/python -m pytest -n 2 -m soak -s

provision: $(STAMP) ## write TRUCK=truck.toml to the terminal at PORT=/dev/ttyUSB0
	$(BIN)/python -m firmware.provision write $(TRUCK) --port $(PORT)

generate: $(STAMP) ## write the generated files anew from the definitions
	$(BIN)/python -m protocols.jt808.emit
	$(BIN)/python -m protocols.driver_code.emit
	$(BIN)/python -m protocols.freight.emit
	$(BIN)/python -m edge_gateway.api.openapi docs/openapi.json
	$(BIN)/python -m simulator.desk.package

format: $(STAMP) ## put the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(STAMP) ## resolve requirements.in into requirements.lock (needs uv)
	uv pip compile requirements.in --universal --python-version 3.11 --generate-hashes \
	  --no-header --no-emit-index-url --no-annotate -o requirements.lock

clean: ## remove what was built and installed
	rm -rf $(VENV) build .mypy_cache .ruff_cache .hypothesis *.egg-info protocols/wire/*.so
