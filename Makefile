# Every target runs from a fresh clone: it brings what it needs. The first build of the engine and of Kubernetes takes
# about ten minutes on two cores; later ones, also in other checkouts, take none.
PYTHON ?= python3
REPORT ?= report.md
FINISH ?= up
TARGET ?= kubernetes
BIN := .venv/bin
NEEDS_STACK = @test -n "$(STACK)" || { echo 'write STACK=<stack>, for example: make $@ STACK=prod' >&2; exit 2; }
RUN := $(BIN)/python
# `make test-all` is `make test` with ALL=1: the long tests too, and a longer search for examples.
NOT_SLOW := $(if $(ALL),, and not slow)
SEARCH := $(if $(ALL),--hypothesis-profile=searching)
INSTALLED := .venv/.installed
# Installs in seconds what pip takes a minute for, and compiles the locks.
UV := uv==0.13.9
SOURCES := __main__.py conftest.py settings live survey components delivery policy pipeline package examples testbed tests

# Every preview starts Python again, and compiles thousands of modules where a shell forbids to keep them compiled.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: adopt destroy test-without-cluster test-on-cluster test-on-node test-on-docker changes stacks preview comment up verify drift recover help demo down test unit delivery docker stand-ins engine real test-all check bench lock docs

##@ Try it

help: ## list the targets
	@awk -F ':.*## ' '/^##@ / { printf "%s%s\n", gap, substr($$0, 5); gap = "\n" } \
	  /^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(INSTALLED) ## show Studios on the testbed; NODE=real, TARGET=compose (root)
	@$(RUN) -m testbed up $(if $(NODE),--node $(NODE))
	@$(RUN) -m testbed demo --target $(TARGET)

down: $(INSTALLED) ## end the testbed and remove all that it made
	@for each in .testbed-*; do test ! -e "$$each" || STUDIOS_TESTBED=$$each $(RUN) -m testbed down || exit; done
	@$(RUN) -m testbed down

##@ Deploy a stack

preview: ## preview STACK=, and write the report into REPORT=
	$(NEEDS_STACK)
	@$(PYTHON) -m pipeline preview $(STACK) $(REPORT)

up: ## deploy STACK=
	$(NEEDS_STACK)
	@$(PYTHON) -m pipeline up $(STACK)

verify: $(INSTALLED) ## check STACK= from outside; VERIFY="--long" adds options
	$(NEEDS_STACK)
	@$(RUN) -m pipeline verify $(STACK) $(VERIFY)

##@ Operate

drift: ## list what differs from STACK=; fail if anything does
	$(NEEDS_STACK)
	@$(PYTHON) -m pipeline drift $(STACK)

adopt: $(INSTALLED) ## STACK=: take an existing Studios into a stack
	$(NEEDS_STACK)
	@$(RUN) -m pipeline adopt $(STACK) $(if $(YES),--yes) $(if $(REMOVE),--remove-old)

destroy: $(INSTALLED) ## say what is restored in Platform, and remove STACK=
	$(NEEDS_STACK)
	@$(RUN) -m pipeline destroy $(STACK)

recover: $(INSTALLED) ## finish a killed update of STACK=; FINISH=destroy removes it
	$(NEEDS_STACK)
	@$(RUN) -m pipeline recover $(STACK) $(FINISH)

stacks: ## list the stacks that have a file
	@$(PYTHON) -m pipeline stacks

comment: ## put the report of STACK= on the pull request PULL_REQUEST=
	$(NEEDS_STACK)
	@$(PYTHON) -m pipeline comment $(STACK) $(REPORT)

##@ Develop

test: $(INSTALLED) ## run all that CI runs
	@$(MAKE) --no-print-directory --keep-going --jobs=$(or $(JOBS),3) --output-sync=target test-on-cluster test-on-node test-without-cluster test-on-docker; \
	  failed=$$?; $(RUN) -m testbed parts $(if $(ALL),--all) && exit $$failed

# Three at a time (JOBS=1: one after the other), since much of their time is waiting; each has a testbed of its own.
test-without-cluster: export STUDIOS_TESTBED = .testbed-parts
test-without-cluster:
	@$(MAKE) --no-print-directory check
	@$(MAKE) --no-print-directory unit
	@$(MAKE) --no-print-directory delivery
	@$(MAKE) --no-print-directory stand-ins

test-on-docker:
	@$(MAKE) --no-print-directory docker

test-on-node:
	@$(MAKE) --no-print-directory real

test-on-cluster:
	@$(MAKE) --no-print-directory engine

check: $(INSTALLED) ## lint, check formats and types, look for vulnerabilities
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy
	$(RUN) -m tests.words
	$(BIN)/codespell
	$(RUN) -m tests.audit

unit: $(INSTALLED) ## test settings and components under mocks, in seconds
	$(RUN) -m pytest tests/unit $(if $(ALL),$(SEARCH),-m "not slow")

delivery: $(INSTALLED) ## test the script for Docker Compose hosts in scratch folders
	$(RUN) -m pytest tests/delivery $(if $(ALL),$(SEARCH),-m "not slow")

# What starts Docker or a real node has a testbed of its own, so that it may run beside the others.
docker: export STUDIOS_TESTBED = .testbed-docker
docker: $(INSTALLED) ## test on a real Docker engine (root)
	$(RUN) -m pytest tests/docker testbed/tests/test_machine.py -n 2 -m "docker$(NOT_SLOW)"

stand-ins: $(INSTALLED) ## test the testbed's own parts
	$(RUN) -m pytest testbed/tests -m "not docker" $(SEARCH)

engine: $(INSTALLED) ## test on the real engine and a real Kubernetes API
	$(RUN) -m pytest tests/engine -n $(if $(ALL),4,2) --dist loadfile --no-loadscope-reorder$(if $(ALL),, -m "not slow")

real: export STUDIOS_TESTBED = .testbed-real
real: $(INSTALLED) ## test on pods that run on a real node (Linux, root)
	$(RUN) -m pytest tests/real

test-all: ## run every test, the long ones too
	@$(MAKE) --no-print-directory test ALL=1

bench: $(INSTALLED) ## measure how fast it is, into docs/bench.md; some: SECTIONS=
	$(RUN) -m tests.bench $(or $(SECTIONS),--write)

docs: $(INSTALLED) ## write all generated files, tables and diagrams
	$(RUN) -m tests.docs --write

changes: $(INSTALLED) ## write the table of docs/changes.md, in minutes
	STUDIOS_WRITE_CHANGES=1 $(RUN) -m pytest tests/engine/test_changes.py

lock: $(INSTALLED) ## compile requirements*.txt from requirements*.in
	$(BIN)/uv pip compile requirements.in -o requirements.txt --generate-hashes --universal --python-version 3.10 --no-header --no-annotate
	$(BIN)/uv pip compile requirements-test.in -o requirements-test.txt --generate-hashes --universal --python-version 3.10 --no-header --no-annotate

$(INSTALLED): requirements.txt requirements-test.txt
	$(PYTHON) -m venv .venv
	$(RUN) -m pip install --quiet --disable-pip-version-check $(UV)
	$(BIN)/uv pip install --quiet --python $(RUN) -r requirements.txt -r requirements-test.txt
	@touch $@
