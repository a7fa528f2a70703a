# make run    everything on this machine, nothing needed but Python 3.11+ with venv
# make test   all checks and tests          make check  the static checks only
# make help   the other targets

PYTHON ?= $(firstword $(foreach name,python3 python3.11 python3.12 python3.13 python3.14,$(if $(shell $(name) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo yes),$(name))))
VENV ?= .venv
VAR = $(or $(LABELPORTAL_VAR),var)
BIN = $(VENV)/bin
RUN_FLAGS = $(if $(VERBOSE),--verbose)

export WEB_PORT GLUE_PORT S3_PORT REDIS_PORT LABELPORTAL_VAR DEMO_PASSWORD

.PHONY: help run logs clean-data environment install install-dev install-spark install-peers browser node-modules check check-types check-the-rest check-in-turn \
  test suites data-sets bench bench-quality bench-speed bench-spark format lock
.DEFAULT_GOAL := help

help:
	@echo 'make run          start everything; ports: WEB_PORT GLUE_PORT S3_PORT REDIS_PORT; VERBOSE=1 shows all logs'
	@echo 'make logs         follow the logs of a running installation'
	@echo 'make clean-data   forget all data in $(VAR)/'
	@echo 'make check        ruff, mypy, djlint, import-linter, migrations, deployment checks'
	@echo 'make test         make check, then all tests (SQLite, PostgreSQL, real servers, browser)'
	@echo 'make suites       the tests alone, after a make test has installed what they need'
	@echo 'make bench        bench-quality, bench-speed and bench-spark, into docs/benchmarks.md (hours; DATA=folder of data sets, see docs/engine-measured.md)'
	@echo 'make bench-quality  how well the engine matches public tables'
	@echo 'make bench-speed  time and memory, beside Splink and dedupe (a quarter of an hour on a machine that does nothing else; 20 GiB for dedupe)'
	@echo 'make bench-spark  the engine on Apache Spark, which needs Java 17 or newer'
	@echo 'make install      what make run and python -m localglue need, into $(VENV)'
	@echo 'make install-dev  what checks and tests need, into $(VENV)'
	@echo 'make install-spark  what findmatches needs to run on Apache Spark, into $(VENV)'
	@echo 'make format       format Python and templates'
	@echo 'make lock         compile requirements*.in to requirements*.txt'

run: install
	@$(BIN)/python -m labelportal.run --stop-with-parent $(RUN_FLAGS)

logs:
	@tail -n 20 -F $(VAR)/log/*.log

# The launcher holds the lock for as long as it or one of its parts lives.
clean-data: install
	@$(BIN)/python -m labelportal.run.clean

PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
UV = UV_HTTP_TIMEOUT=20 $(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes

# Both check the hashes. uv takes less time, but knows no pip.conf: what it cannot get, pip may.
define install_file
@cmp -s $(1) $(VENV)/$(1) || { echo 'Installing $(1) into $(VENV)' && \
  { { test -x $(BIN)/uv && $(UV) $(2) -r $(1) 2>/dev/null; } || $(PIP) $(3) -r $(1); } && cp $(1) $(VENV)/$(1); }
endef

# What is not compiled, every process of an environment that writes no bytecode would compile as it imports it: two seconds for the engine. pip
# compiles by itself; what is not installed, the packages of this folder, are compiled too, where they may be written to.
install: environment
	$(call install_file,requirements.txt,--compile-bytecode)
	@$(BIN)/python -m compileall -qq accounts findmatches labelfiles labeling labelportal localglue partitions tableformats || true

install-dev: environment
	@test -x $(BIN)/uv || { sed -n '/^uv==/,/[^\]$$/p' requirements-dev.txt >$(VENV)/uv.txt; $(PIP) -r $(VENV)/uv.txt; } || true
	@$(MAKE) --no-print-directory install
	$(call install_file,requirements-dev.txt)

# PySpark is large, and only who matches on Spark needs it; Java 17 or newer is looked for when it starts. A wheel is made of it first, which
# nobody keeps: to compress its jars once more takes half a minute.
STORED = --config-settings=--build-option=--compression=stored
install-spark: install
	$(call install_file,requirements-spark.txt,$(STORED),$(STORED))

# An upgrade of the system's Python leaves an environment without its packages, or without an interpreter: it is made anew. A folder
# that holds anything else is not touched.
environment:
	@$(BIN)/python -c 'import os, sysconfig; os.chdir(sysconfig.get_path("purelib"))' 2>/dev/null && exit; \
	test -n '$(PYTHON)' || { echo 'labelportal needs Python 3.11 or newer; none was found. PYTHON=/path/to/python3 names one.'; exit 1; }; \
	test -f $(VENV)/pyvenv.cfg || test -z "$$(ls -A $(VENV) 2>/dev/null)" || \
	  { echo '$(VENV) holds other things than an environment of Python. Move them away, or name another folder: VENV=folder'; exit 1; }; \
	$(PYTHON) -m venv --clear $(VENV) || { rm -rf $(VENV); echo 'Python cannot make virtual environments here; on Debian: apt install python3-venv'; exit 1; }

# A browser for the end-to-end tests. Of Debian's two builds of Chromium the headless one draws with half the processor time, so it is installed
# where that can be done (as root); else the machine's own will do, else the one Playwright downloads, which is headless too.
APT = DEBIAN_FRONTEND=noninteractive timeout 300 apt-get -qq -o Acquire::Retries=1 -o Acquire::http::Timeout=20
browser: install-dev
	@if command -v chromium-headless-shell >/dev/null; then exit; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo 'Installing chromium-headless-shell' && $(APT) update && \
	  $(APT) install -y --no-install-recommends chromium-headless-shell >/dev/null && exit; \
	fi; \
	command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || \
	  $(BIN)/playwright install chromium

# The AWS SDK for JavaScript, by its lock file, with the Node.js of a wheel.
node-modules: install-dev
	@$(BIN)/python -m tests.support.node

# The checks must not depend on, or touch, the data of an installation.
CHECK_ENV = env DATABASE_URL=sqlite://:memory: LABELPORTAL_VAR=$(CURDIR)/$(VENV)/check-var SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(60))')

# Types take longer than all the rest, which goes on beside.
check: install-dev install-spark
	@$(MAKE) --no-print-directory --jobs 2 check-types check-the-rest

check-types:
	$(BIN)/mypy .

check-the-rest:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint --quiet --lint --check templates
	$(BIN)/lint-imports --no-logo
	$(CHECK_ENV) $(BIN)/python manage.py makemigrations --check --dry-run
	$(CHECK_ENV) HTTPS=true ALLOWED_HOSTS=portal.example.com $(BIN)/python manage.py check --deploy --fail-level WARNING

# Checks go on beside the first tests, which leave a part of a core idle; one after the other, else they would take it from them.
test: install-dev
	@$(MAKE) --no-print-directory --jobs 3 install-spark browser node-modules
	@$(MAKE) --no-print-directory --jobs 2 check-in-turn suites

check-in-turn:
	@$(MAKE) --no-print-directory check-the-rest
	@$(MAKE) --no-print-directory check-types

suites:
	$(BIN)/python -m tests.support.suites

# Benchmarks read data sets that are not part of the project, and measure peers that live in an environment of their own.
DATA ?= ../shared/data
PEERS = .venv-peers
BENCH_SETS = fodors_zagats dblp_acm abt_buy amazon_google febrl3 febrl4 musicbrainz_20k early_childhood dblp_scholar

install-peers: install-dev
	@cmp -s bench/peers/requirements.txt $(PEERS)/requirements.txt || { \
	  echo 'Installing bench/peers/requirements.txt into $(PEERS)' && \
	  $(BIN)/python -m venv $(PEERS) && \
	  $(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r bench/peers/requirements.txt && \
	  cp bench/peers/requirements.txt $(PEERS)/requirements.txt; }

data-sets:
	@test -d $(DATA) || { echo 'There are no data sets in $(DATA): say DATA=folder. docs/engine-measured.md tells which they are, and where to get them.'; exit 1; }

bench: bench-quality bench-speed bench-spark

bench-quality: data-sets install-dev
	@mkdir -p var
	$(BIN)/python -m bench.quality $(addprefix $(DATA)/,$(BENCH_SETS)) --cache var/bench-cache --json var/bench-quality.json
	$(BIN)/python -m bench.report --quality var/bench-quality.json -o docs/benchmarks.md

bench-speed: data-sets install-peers
	@mkdir -p var
	$(BIN)/python -m bench.speed $(DATA) --peers $(PEERS)/bin/python --json var/bench-speed.json
	$(BIN)/python -m bench.report --speed var/bench-speed.json -o docs/benchmarks.md

bench-spark: data-sets install-dev install-spark
	@mkdir -p var
	$(BIN)/python -m bench.spark $(DATA) --json var/bench-spark.json
	$(BIN)/python -m bench.report --spark var/bench-spark.json -o docs/benchmarks.md

format: install-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/djlint --quiet --reformat templates

UV_COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url

lock: install-dev
	$(UV_COMPILE) $(UPGRADE) requirements.in -o requirements.txt
	$(UV_COMPILE) $(UPGRADE) -c requirements.txt requirements-dev.in -o requirements-dev.txt
	$(UV_COMPILE) $(UPGRADE) -c requirements.txt requirements-spark.in -o requirements-spark.txt
	$(UV_COMPILE) $(UPGRADE) bench/peers/requirements.in -o bench/peers/requirements.txt
