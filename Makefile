# make demo        set up and run the main job on generated images
# make demo-seeds  the same with three seeds: mean and spread
# make test        set up and run all tests
# make check       format, lint, types, layers, links, docs site, fast tests
# make docs        the docs site, in site/
# make trust       resumes, kills, signals and wrong inputs, one by one: 15 minutes
# make setup       only the set-up
#
# PYTHON=/path/to/python chooses the Python for the set-up, JOBS=1 the number
# of tests that run side by side.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup demo demo-seeds test check docs trust

VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/set-up-done
PIP := $(PY) -m pip install --disable-pip-version-check --no-input
JOBS ?= 2
FITS := import sys, venv, ensurepip; sys.exit(not (3, 10) <= sys.version_info[:2] < (3, 13))

# The first Python of these that fits, if the user names none.
PYTHON ?= $(firstword $(foreach name,python3 python3.11 python3.12 python3.10,\
	$(if $(shell $(name) -c '$(FITS)' 2>/dev/null && echo yes),$(name))))

# Try up to three times: a package registry may be out of reach for a moment.
define retry
for try in 1 2 3; do \
	if $(1); then break; \
	elif [ $$try = 3 ]; then echo 'set-up: pip failed 3 times, see above' >&2; exit 1; \
	else echo 'set-up: pip failed, trying again in 10 seconds'; sleep 10; fi; \
done
endef

help:
	@sed -n 's/^# //p; /^$$/q' Makefile

setup: $(STAMP)
	@echo 'set-up: $(VENV) is up to date'

$(STAMP): requirements.txt pyproject.toml setup.py
	@if $(PY) -c '$(FITS)' 2>/dev/null; then \
		echo 'set-up 1/3: $(VENV) is there'; \
	elif '$(PYTHON)' -c '$(FITS)' 2>/dev/null; then \
		echo "set-up 1/3: making $(VENV) with $$('$(PYTHON)' --version)"; \
		'$(PYTHON)' -m venv --clear $(VENV); \
	else \
		echo "set-up: no Python 3.10, 3.11 or 3.12 with venv found (PYTHON='$(PYTHON)');" \
			'install one and name it: make setup PYTHON=/path/to/python3.11' >&2; exit 1; \
	fi
	@echo 'set-up 2/3: installing the pinned packages (PyTorch with them: about 5 GB on disk, some minutes)'
	@$(call retry,$(PIP) --quiet $$(grep -E '^(pip|setuptools|wheel)==' requirements.txt))
	@$(call retry,$(PIP) --no-deps --requirement requirements.txt | awk \
		'/^(Collecting|Processing)/ && ++n % 15 == 0 {print "  " n " packages fetched"; fflush()} \
		/^Installing/ {print "  installing them"; fflush()}')
	@echo 'set-up 3/3: installing mmseg_usrn from this folder (editable)'
	@PYTHONWARNINGS=ignore $(PIP) --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup
	@$(PY) tools/demo.py

demo-seeds: setup
	@$(PY) tools/demo.py --seeds 0 1 2

# One thread a process: the tests themselves run side by side.
test: export OMP_NUM_THREADS := 1
test: setup
	@$(PY) -m pytest -n $(JOBS)

trust: export OMP_NUM_THREADS := 1
trust: setup
	@$(PY) -W ignore -m tests.trust --jobs $(JOBS)

check: export OMP_NUM_THREADS := 1
check: setup
	@$(PY) -m ruff check
	@$(PY) -m ruff format --check
	@$(PY) -m mypy
	@$(PY) -m pytest -q -n $(JOBS) -m 'not slow'

docs: export NO_MKDOCS_2_WARNING := 1
docs: setup
	@$(PY) -m mkdocs build
	@echo 'the docs site: open site/index.html'
