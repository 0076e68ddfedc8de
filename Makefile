# demo: see it run · test: prove it · check: format, lint, types, arrows · lock: renew the locks · bench: measure it
PYTHON ?= python3
WORKERS ?= auto
ARGS ?=

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check install --quiet
SOURCES := mdk web calendar tests infra

.PHONY: demo test test-long check lock bench install install-dev
.DEFAULT_GOAL := demo

demo: install
	$(VENV)/bin/mdk demo $(ARGS)

test: install-dev
	$(PY) -m pytest -n $(WORKERS) --maxprocesses 4 --dist worksteal $(ARGS)

test-long: install-dev
	$(PY) -m pytest -m long --timeout 1800 $(ARGS)

check: install-dev
	$(PY) -m ruff format --check $(SOURCES)
	$(PY) -m ruff check $(SOURCES)
	$(PY) -m mypy
	$(VENV)/bin/lint-imports --no-cache
	$(PY) -m djlint --lint --quiet web/mdk_web
	@scratch="$$(mktemp -d)"; trap 'rm -rf "$$scratch"' EXIT; export MDK_DATABASE_URL="sqlite:///$$scratch/mdk.sqlite"; \
	export MDK_SECRET_KEY="$$($(PY) -c 'import secrets; print(secrets.token_hex(32))')"; \
	$(VENV)/bin/mdk migrate && $(VENV)/bin/mdk migrate --check

bench: install-dev
	PYTHONPATH=tests $(PY) -m bench.run $(ARGS)
	PYTHONPATH=tests $(PY) -m bench.million

# Keeps what is locked and adds what is new; `make lock ARGS=--upgrade` takes the newest of everything.
LOCK = $(PY) -m uv pip compile --no-config --quiet --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-header --no-emit-index-url $(ARGS) pyproject.toml

lock: install-dev
	$(LOCK) --group build --output-file infra/requirements.txt
	$(LOCK) --group dev --constraints infra/requirements.txt --output-file infra/requirements-dev.txt

# ---------------------------------------------------------------------------------------------------- installation
install: $(VENV)/.runtime
install-dev: $(VENV)/.dev

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.12 …" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: infra/requirements.txt pyproject.toml | $(PY)
	@echo "Installing what the program needs …"
	$(PIP) --require-hashes -r infra/requirements.txt
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: infra/requirements-dev.txt $(VENV)/.runtime
	@echo "Installing what the tests need …"
	$(PIP) --require-hashes -r infra/requirements-dev.txt
	@touch $@
