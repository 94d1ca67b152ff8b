# Two commands matter: `make serve` sets up and runs, `make test` sets up and passes the tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: serve test versions fuzz fuzz-requests chaos sbom advisories check-images pin-images bench bench-peers docs pictures lock format clean

serve: export STRIKEMAP_DATA_DIR ?= var
serve: $(VENV)/.runtime
	$(BIN)/strikemap demo
	$(BIN)/strikemap serve --private

test: $(VENV)/.test
	tools/check.sh

# The fast lane on every supported Python that is installed.
versions: $(VENV)/.test
	tools/versions.sh 3.11 3.12 3.13

# A scheduled lane: every reader, led by coverage; what breaks the law stays in var/fuzz, and the
# table goes to docs/reliability.md. atheris has wheels for Linux on x86-64 only.
fuzz: MINUTES ?= 30
fuzz: $(VENV)/.test
	$(BIN)/pip install --quiet atheris==3.0.0
	$(BIN)/python -m tools.fuzz $(MINUTES)

# Another: kills, full disks, damaged files, wrong clocks; the table goes to docs/reliability.md.
# Requests made from the OpenAPI document, also one after another, to a service that runs; any 5xx
# is named. HEADER="X-Strikemap: 1" for a private one; a public one with STRIKEMAP_RATE=0.
fuzz-requests: MINUTES ?= 10
fuzz-requests: HEADER ?= Accept: application/json
fuzz-requests: $(VENV)/.test
	$(BIN)/schemathesis run $(URL)/api/openapi.json --phases=coverage,fuzzing,stateful \
	  -c not_a_server_error --continue-on-failure -H "$(HEADER)" --warnings off \
	  --request-timeout 60 --max-time $$(( $(MINUTES) * 60 ))

chaos: MINUTES ?= 10
chaos: $(VENV)/.test
	$(BIN)/python -m tools.chaos $(MINUTES)

# The components of a release as CycloneDX JSON, from the lock alone.
sbom: $(VENV)/.runtime
	@$(BIN)/python -m tools.sbom

# The components against known faults, offline: a folder or ZIP archive in the OSV format.
advisories: $(VENV)/.test
	@$(BIN)/python -m tools.advisories $(SNAPSHOT)

# The base images of Dockerfile and compose.yaml, by digest: name those without, or write them all.
check-images:
	@$(PYTHON) -m tools.images check

pin-images:
	$(PYTHON) -m tools.images pin

bench: $(VENV)/.test
	$(BIN)/python -m benchmarks.run

# Beside tipg and asyncpg on PostGIS, which get a Python of their own; writes docs/benchmarks.md.
PEERS := var/peers
ROWS ?= 1000000
bench-peers: $(VENV)/.test $(PEERS)/.ready
	command -v wrk >/dev/null || tools/system.sh wrk
	$(BIN)/python -m benchmarks.peers --rows $(ROWS)

$(PEERS)/.ready:
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/pip install --quiet tipg==1.6.1 asyncpg==0.32.0 uvicorn uvloop httptools
	@touch $@

$(VENV)/.runtime: requirements.lock pyproject.toml setup.py
	tools/venv.sh $(PYTHON) $(VENV) requirements.lock
	@touch $@

$(VENV)/.test: requirements-test.lock pyproject.toml setup.py package-lock.json .npmrc
	tools/venv.sh $(PYTHON) $(VENV) requirements-test.lock
	tools/browser.sh
	tools/postgis.sh
	tools/programs.sh
	tools/node.sh
	@touch $@ $(VENV)/.runtime

# The documentation as a site in build/site, without a network; a link that leads nowhere stops it.
docs: $(VENV)/.test
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

pictures: $(VENV)/.test
	$(BIN)/python -m tools.pictures

format: $(VENV)/.test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	npx --no-install eslint --fix .
	npx --no-install prettier --write --log-level warn .

# The locks name hashes only, never a registry: any mirror will do (.npmrc says so to npm).
lock:
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --no-strip-extras --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra build pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --no-strip-extras --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra build --extra docs --extra scale --extra test pyproject.toml -o requirements-test.lock
	npm install --silent --package-lock-only

clean:
	rm -rf $(VENV) build node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
