# Two commands do everything: `make demo` and `make test`. Each sets up .venv itself.
# `sudo make install` needs neither; packagers and tests give it DESTDIR and PREFIX.
PYTHON ?= python3
VENV   ?= .venv
FUZZ   ?= 60
BIN    := $(VENV)/bin
# Where nft is, and what the PATH of a plain user lacks on Debian.
export PATH := $(PATH):/usr/sbin:/sbin

# Where `make install` puts the program with all it depends on, and what leads to it;
# not ?=, for what the environment says must not be removed.
TREE   = /opt/amiguard
PREFIX = /usr/local
DIST   = dist
THERE  = $(DESTDIR)$(TREE)
SHARED = $(DESTDIR)$(PREFIX)
ETC    = $(DESTDIR)/etc/amiguard
LINK   = bin/amiguard
MAN    = share/man/man1/amiguard.1
UNIT   = lib/systemd/system/amiguard.service
HOST   = lib/sysusers.d/amiguard.conf lib/tmpfiles.d/amiguard.conf
BASH   = share/bash-completion/completions/amiguard
ZSH    = share/zsh/site-functions/_amiguard
FISH   = share/fish/vendor_completions.d/amiguard.fish

.PHONY: help demo test test-real torture lint bench pictures install place tell-systemd uninstall stop dist clean

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

$(VENV)/.fuzz: pyproject.toml $(VENV)/.ready
	$(call install,fuzz)
	@touch $@

torture: $(VENV)/.fuzz  ## what tests/torture does to it, at length; SEED=n for another course of events, FUZZ=s for more than 60 s a reader
	@: > $(VENV)/torture.jsonl
	TORTURE=$(VENV)/torture.jsonl TEST_LIMIT=7200 LAB_PATIENCE=10 $(BIN)/python -m pytest tests/torture -m 'not asterisk' -v $(ARGS)
	$(BIN)/python tests/torture/fuzz.py $(FUZZ)

lint: $(VENV)/.ready  ## ruff, mypy, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.ready  ## speed, beside fail2ban, nft and grep in the same run
	@$(BIN)/python tests/benchmarks/bench.py $(ARGS)

pictures: $(VENV)/.ready  ## README's pictures in docs/; needs chromium
	@$(BIN)/python tests/pictures/draw.py

install:         ## as root: into /opt/amiguard, with unit, configuration, completion, man page
	umask 022 && $(MAKE) --no-print-directory place
	@test -n "$(DESTDIR)" || $(MAKE) --no-print-directory tell-systemd

# Into an installation that is there already it puts the newer one, and leaves the configuration as it is.
place:
	$(PYTHON) -m venv $(THERE)
	$(THERE)/bin/python -m pip install --quiet --disable-pip-version-check --upgrade .
	sed -i '1s|^#!$(DESTDIR)|#!|' $(THERE)/$(LINK)
	install -d $(ETC) $(sort $(dir $(addprefix $(SHARED)/,$(LINK) $(MAN) $(UNIT) $(HOST) $(BASH) $(ZSH) $(FISH))))
	ln -sfn $(TREE)/$(LINK) $(SHARED)/$(LINK)
	sed 's|^ExecStart=/usr/local/|ExecStart=$(PREFIX)/|' systemd/amiguard.service > $(SHARED)/$(UNIT)
	for each in $(HOST); do install -m 644 systemd/$${each#lib/} $(SHARED)/$$each; done
	$(THERE)/bin/python -m amiguard.cli.manual > $(SHARED)/$(MAN)
	_AMIGUARD_COMPLETE=bash_source $(THERE)/bin/python -m amiguard > $(SHARED)/$(BASH)
	_AMIGUARD_COMPLETE=zsh_source $(THERE)/bin/python -m amiguard > $(SHARED)/$(ZSH)
	_AMIGUARD_COMPLETE=fish_source $(THERE)/bin/python -m amiguard > $(SHARED)/$(FISH)
	test -e $(ETC)/amiguard.toml || $(THERE)/bin/python -c 'from amiguard import config; print(config.example(), end="")' > $(ETC)/amiguard.toml


# The user and the folder in /etc, wherever there is a systemd; a running service becomes the new one.
tell-systemd:
	@if command -v systemd-sysusers >/dev/null; then systemd-sysusers $(PREFIX)/lib/sysusers.d/amiguard.conf; fi
	@if command -v systemd-tmpfiles >/dev/null; then systemd-tmpfiles --create $(PREFIX)/lib/tmpfiles.d/amiguard.conf; fi
	@if [ -d /run/systemd/system ]; then systemctl daemon-reload && systemctl try-restart amiguard; fi

uninstall:       ## as root: stop it, lift its bans, and remove all but configuration and memory
	@if [ -z "$(DESTDIR)" ]; then $(MAKE) --no-print-directory stop; fi
	rm -rf $(THERE)
	rm -f $(addprefix $(SHARED)/,$(LINK) $(MAN) $(UNIT) $(HOST) $(BASH) $(ZSH) $(FISH))
	@echo "kept: $(ETC), /var/lib/amiguard, the user amiguard, and what Asterisk's configuration says"

define DROP
from amiguard.cli.common import config_or_exit; from amiguard.session import firewall_of
with firewall_of(config_or_exit(None)) as firewall: firewall.drop()
endef
export DROP

stop:
	@if [ -d /run/systemd/system ]; then systemctl disable --now amiguard; fi
	@if [ -x $(TREE)/bin/python ]; then $(TREE)/bin/python -c "$$DROP"; fi

dist: $(VENV)/.ready  ## a wheel in dist/, with filters and units
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir $(DIST) .

clean:           ## remove what the above made
	rm -rf $(VENV) build dist
