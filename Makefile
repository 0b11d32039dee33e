# Every target runs from a fresh clone: it brings what it needs. The first build of the engine and of Kubernetes takes
# about ten minutes on two cores; later ones, also in other checkouts, take none.
PYTHON ?= python3
BIN := .venv/bin
RUN := $(BIN)/python
INSTALLED := .venv/.installed
SOURCES := __main__.py settings survey components delivery testbed tests

.PHONY: help demo down test unit delivery stand-ins engine engine-all check bench lock docs

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(INSTALLED) ## bring Studios up on the testbed, stack local, and say what there is to see
	@$(RUN) -m testbed up
	@$(RUN) -m testbed demo

down: $(INSTALLED) ## end the testbed and remove everything it made
	@$(RUN) -m testbed down

test: check unit delivery stand-ins engine ## run everything that CI runs

unit: $(INSTALLED) ## test settings and components under mocks, in seconds
	$(RUN) -m pytest tests/unit

delivery: $(INSTALLED) ## test the script for Docker Compose hosts in scratch folders
	$(RUN) -m pytest tests/delivery -n 2

stand-ins: $(INSTALLED) ## test the testbed's own parts, without an engine or a cluster
	$(RUN) -m pytest tests/testbed

engine: $(INSTALLED) ## test on the real engine and a real Kubernetes API
	$(RUN) -m pytest tests/engine -n 2 --dist loadfile -m "not slow"

engine-all: $(INSTALLED) ## test on the real engine, with every case of what `make engine` samples
	$(RUN) -m pytest tests/engine -n 2 --dist loadfile

check: $(INSTALLED) ## run linter, formatter's check and type checker, and look for known-vulnerable requirements
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy
	$(RUN) -m tests.audit

bench: demo ## measure what a preview costs, as ratios within one run
	$(RUN) -m tests.bench

docs: $(INSTALLED) ## write the generated tables into README.md
	$(RUN) -m tests.docs --write

lock: $(INSTALLED) ## compile requirements*.txt from requirements*.in
	$(RUN) -m pip install --quiet uv
	$(BIN)/uv pip compile requirements.in -o requirements.txt --generate-hashes --universal --python-version 3.10 --no-header --no-annotate
	$(BIN)/uv pip compile requirements-test.in -o requirements-test.txt --generate-hashes --universal --python-version 3.10 --no-header --no-annotate

$(INSTALLED): requirements.txt requirements-test.txt
	$(PYTHON) -m venv .venv
	$(RUN) -m pip install --quiet --disable-pip-version-check -r requirements.txt -r requirements-test.txt
	@touch $@
