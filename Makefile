# `make app` and `make test` do everything, on a fresh machine too. `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
PORT ?= 8501
WORKERS ?= 3
VENV ?= .venv
LOCKED := --quiet --generate-hashes --universal --python-version 3.11 --no-header --upgrade
BIN := $(VENV)/bin
APP_READY := $(VENV)/.ready-app
TEST_READY := $(VENV)/.ready-test

# One thread per process: on few cores, threads wait for each other more than they work
export OMP_NUM_THREADS ?= 1
# uv finds local packages as pip does, and compiles them as pip does: a start without bytecode takes twice as long
export UV_FIND_LINKS ?= $(PIP_FIND_LINKS)
export UV_COMPILE_BYTECODE := 1
# For the same reason what Python compiled of our own files is kept: the suite starts hundreds of processes
unexport PYTHONDONTWRITEBYTECODE
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help app test fast lint format train bench attack lock docs release-check clean browser

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /make \1|/' | column -t -s '|'

app: $(APP_READY) ## open the app on 127.0.0.1:8501, or PORT=
	@exec $(BIN)/python -m streamlit run app.py --server.port $(PORT)

test: $(TEST_READY) browser ## run the whole suite
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

fast: $(TEST_READY) ## run what takes seconds: nothing slow, no browser
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not slow and not browser" $(ARGS)

lint: $(TEST_READY) ## check style, types and imports
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/python tools/architecture.py --check

format: $(TEST_READY) ## put the style right, and draw the picture of the imports
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .
	@$(BIN)/python tools/architecture.py > /dev/null

train: $(APP_READY) ## train every method on digits where it is missing; TASK= and SEEDS= choose otherwise
	@$(BIN)/python -m mmlab grid --tasks $${TASK:-digits} --seeds $${SEEDS:-1}

bench: $(TEST_READY) browser ## measure the app in Chromium
	@$(BIN)/python bench/app_latency.py

attack: $(TEST_READY) browser ## attack everything for an hour, or less: ARGS="--files 5000 --kills 20 --visitors 10 --minutes 2"
	@$(BIN)/python -m bench.attack $(ARGS)

lock: ## write requirements*.lock anew: every package with its hashes, for every system; needs uv
	@mkdir -p build
	uv pip compile requirements.txt $(LOCKED) -o requirements.lock
	uv pip compile requirements-test.txt $(LOCKED) -o requirements-test.lock
	grep -oE "^[A-Za-z0-9_.-]+==[^\\]+" requirements.lock | grep -vE "^(torch|nvidia-|cuda-|triton)" > build/versions.txt
	sed -n "s/^torch==\([^ ]*\).*/torch==\1+cpu/p" requirements.lock > build/torch.txt
	uv pip compile requirements.txt --quiet --generate-hashes --python-platform linux --python-version 3.11 --no-header \
	  --no-annotate --index https://download.pytorch.org/whl/cpu --override build/torch.txt -c build/versions.txt -o requirements-cpu.lock

docs: $(TEST_READY) ## build the documentation as a site, into build/docs
	@$(BIN)/python -m pip install --quiet -r requirements-docs.txt
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "Open build/docs/index.html"

release-check: $(TEST_READY) ## what must hold before a version goes out: wheel, licences, docs, links, spelling, a fresh environment
	@$(BIN)/python -m pip install --quiet -r requirements-release.txt
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python tools/release_check.py $(ARGS)

clean: ## remove the environment and every cache in this folder
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "mmlab needs Python 3.11 or newer; name one: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "On Debian: apt-get install python3-venv" >&2; exit 1; }

define install
	@echo "Installing $(1) into $(VENV): a few minutes the first time"
	@if command -v uv >/dev/null; then uv pip install --quiet --python $(BIN)/python -r $(1); \
	else $(BIN)/python -m pip install --quiet -r $(1); fi
	@touch $@
endef

$(APP_READY): requirements.txt | $(BIN)/pip
	$(call install,requirements.txt)

$(TEST_READY): requirements-test.txt $(APP_READY)
	$(call install,requirements-test.txt)

# The browser tests drive Debian's Chromium; where it cannot be had they skip and say so
browser:
	@if ! command -v chromium >/dev/null && ! command -v google-chrome >/dev/null; then \
	  if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	    echo "Installing Chromium for the browser tests" && apt-get update -qq \
	    && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core \
	       >/dev/null || echo "Chromium could not be installed: the browser tests will be skipped"; \
	  else echo "No Chromium here: the browser tests will be skipped"; fi; fi
