# Two commands do everything: `make demo` and `make test`. Each sets up .venv itself.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
# Where nft is, and what the PATH of a plain user lacks on Debian.
export PATH := $(PATH):/usr/sbin:/sbin

.PHONY: help demo test test-real torture lint bench clean

help:            ## what can be made
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile

define install
$(BIN)/python -c 'import sys, tomllib; g = tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]; print("\n".join(sum(map(g.get, sys.argv[1:]), [])))' $(1) > $(VENV)/tools.txt
$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement $(VENV)/tools.txt
endef

# The tools come from the dependency groups of pyproject.toml, written there once.
$(VENV)/.ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11) and "amiguard needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	$(call install,test lint)
	@touch $@

# What attacks a real Asterisk.
$(VENV)/.real: pyproject.toml $(VENV)/.ready
	$(call install,real)
	@touch $@

demo: $(VENV)/.ready  ## the real service on a recorded real attack, in a network namespace of its own
	@$(BIN)/amiguard demo

test: $(VENV)/.ready  ## all tests; those that need a missing component skip by name
	$(BIN)/python -m pytest -n 2 $(ARGS)

test-real: $(VENV)/.real  ## attacks on real Asterisks; needs root and Debian, whose packages it builds them from
	@$(BIN)/python tests/asterisk/chroots.py
	$(BIN)/python -m pytest -m asterisk -n 2 --dist loadgroup tests/asterisk $(ARGS)

torture: $(VENV)/.ready  ## what tests/torture does to it, at length; SEED=n for another course of events
	@: > $(VENV)/torture.jsonl
	TORTURE=$(VENV)/torture.jsonl TEST_LIMIT=7200 $(BIN)/python -m pytest tests/torture -v $(ARGS)

lint: $(VENV)/.ready  ## ruff, mypy, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.ready  ## speed, beside fail2ban, nft and grep in the same run
	@$(BIN)/python tests/benchmarks/bench.py $(ARGS)

clean:           ## remove what the above made
	rm -rf $(VENV) build dist
