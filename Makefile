# make run    everything on this machine, nothing needed but Python 3.11+ with venv
# make test   all checks and tests          make check  the static checks only
# make help   the other targets

PYTHON ?= $(firstword $(foreach name,python3 python3.11 python3.12 python3.13 python3.14,$(if $(shell $(name) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo yes),$(name))))
VENV ?= .venv
VAR = $(or $(LABELPORTAL_VAR),var)
BIN = $(VENV)/bin
RUN_FLAGS = $(if $(VERBOSE),--verbose)

export WEB_PORT GLUE_PORT S3_PORT REDIS_PORT LABELPORTAL_VAR DEMO_PASSWORD

.PHONY: help run logs clean-data install install-dev browser check test format lock
.DEFAULT_GOAL := help

help:
	@echo 'make run          start everything; ports: WEB_PORT GLUE_PORT S3_PORT REDIS_PORT; VERBOSE=1 shows all logs'
	@echo 'make logs         follow the logs of a running installation'
	@echo 'make clean-data   forget all data in $(VAR)/'
	@echo 'make check        ruff, mypy, djlint, import-linter, migrations, deployment checks'
	@echo 'make test         make check, then all tests (SQLite, PostgreSQL, real servers, browser)'
	@echo 'make format       format Python and templates'
	@echo 'make lock         compile requirements*.in to requirements*.txt'

run: install
	@$(BIN)/python -m labelportal.run --stop-with-parent $(RUN_FLAGS)

logs:
	@tail -n 20 -F $(VAR)/log/*.log

# The launcher holds the lock for as long as it or one of its parts lives.
clean-data: install
	@$(BIN)/python -m labelportal.run.clean

install: $(BIN)/python
	@cmp -s requirements.txt $(VENV)/requirements.txt || { \
	  echo 'Installing requirements.txt into $(VENV)' && \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt && \
	  cp requirements.txt $(VENV)/requirements.txt; }

install-dev: install
	@cmp -s requirements-dev.txt $(VENV)/requirements-dev.txt || { \
	  echo 'Installing requirements-dev.txt into $(VENV)' && \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt && \
	  cp requirements-dev.txt $(VENV)/requirements-dev.txt; }

$(BIN)/python:
	@test -n '$(PYTHON)' || { echo 'labelportal needs Python 3.11 or newer; none was found. PYTHON=/path/to/python3 names one.'; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo 'Python cannot make virtual environments here; on Debian: apt install python3-venv'; exit 1; }
