# make demo   a fresh machine: install, run the whole cycle on the example, print where everything is
# make serve  serve the example at this machine: its page, the API, agents
# make test   install what the tests need and pass every check
# make torture  kill the program at random moments, hundreds of times, and see that the record holds
# make fuzz   20,000 random requests to the REST door, as each role
# make bench  print every benchmark's table

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# A lock names everything with its hash: there is nothing to work out.
LOCKED := install --require-hashes --no-deps -r

.PHONY: demo serve test torture bench lock docs clean check-python browser postgres sbom audit

check-python:
	@$(PYTHON) -c 'import sys; sys.exit("Equipoise needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another with: make PYTHON=python3.12 ...") if sys.version_info < (3, 11) else None'

$(BIN)/python: | check-python
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing. On Debian: apt-get install python3-venv"; exit 1; }

$(VENV)/core: requirements/core.txt pyproject.toml | $(BIN)/python
	$(PIP) $(LOCKED) requirements/core.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/serve: requirements/serve.txt $(VENV)/core
	$(PIP) $(LOCKED) requirements/serve.txt
	@touch $@

$(VENV)/dev: requirements/dev.txt $(VENV)/core
	$(PIP) $(LOCKED) requirements/dev.txt
	@touch $@

demo: $(VENV)/core
	$(BIN)/equipoise run examples/alpine
	@echo "Open the report: examples/alpine/out/alpine-2026-11/latest/report.html"

serve: $(VENV)/serve
	$(BIN)/equipoise serve examples/alpine --open

# The browser tests need Chromium. Where it is missing and we may install it, we do.
browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null \
	  || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium >/dev/null; } \
	  || { echo "The browser tests need Chromium: install it and try again."; exit 1; }

# The tests of logging in need an identity provider, which runs on Node.
node:
	@command -v npm >/dev/null \
	  || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends nodejs npm >/dev/null; } \
	  || { echo "The tests of logging in need Node.js 18 or newer with npm: install it and try again."; exit 1; }

tests/oidc/node_modules/.package-lock.json: tests/oidc/package-lock.json | node
	cd tests/oidc && npm ci --silent

# The tests of the team's store start a PostgreSQL server of their own from the machine's programs.
postgres:
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null \
	  || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends postgresql >/dev/null; } \
	  || { echo "The tests of the team's store need PostgreSQL: install it and try again."; exit 1; }

test: $(VENV)/dev browser postgres tests/oidc/node_modules/.package-lock.json
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	PYTHONDONTWRITEBYTECODE= POLARS_MAX_THREADS=1 $(BIN)/pytest -n 2 --dist worksteal --durations=30

torture: $(VENV)/dev postgres
	$(BIN)/python -m tests.torture

fuzz: $(VENV)/dev
	$(BIN)/python -m tests.fuzz

bench: $(VENV)/dev
	$(BIN)/python -m benchmarks

# After a change of dependencies: pin them again, with hashes and without addresses; what is in two locks has one version.
COMPILE := uv pip compile --universal --quiet --generate-hashes --no-emit-index-url --no-annotate --no-header
lock:
	$(COMPILE) --extra dev --extra bench pyproject.toml -o requirements/dev.txt
	$(COMPILE) -c requirements/dev.txt --extra build pyproject.toml -o requirements/core.txt
	$(COMPILE) -c requirements/dev.txt --extra serve --extra agent --extra team pyproject.toml -o requirements/serve.txt
	$(COMPILE) -c requirements/dev.txt --extra audit pyproject.toml -o requirements/audit.txt

# The tools that look at dependencies have an environment of their own: they are none of Equipoise's.
$(VENV)-audit/tools: requirements/audit.txt | check-python
	@$(PYTHON) -m venv $(VENV)-audit
	$(VENV)-audit/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r requirements/audit.txt
	@touch $@

# What Equipoise installs, with all extras, as a bill of materials (CycloneDX) for whoever checks what they run.
sbom: $(VENV)-audit/tools
	@mkdir -p dist
	$(VENV)-audit/bin/cyclonedx-py requirements requirements/dev.txt --pyproject pyproject.toml --output-reproducible --of JSON -o dist/sbom.json
	@echo "dist/sbom.json: $$($(PYTHON) -c 'import json; print(len(json.load(open("dist/sbom.json"))["components"]))') components"

# Known vulnerabilities of the pinned versions. Asks a database on the network, and says so where it cannot.
audit: $(VENV)-audit/tools
	@$(PYTHON) requirements/audit.py $(VENV)-audit/bin/pip-audit

docs: $(VENV)/dev
	$(BIN)/python docs/reference.py

clean:
	rm -rf $(VENV) $(VENV)-audit dist examples/*/out examples/*/.equipoise
