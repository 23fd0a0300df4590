# make book | make pdf | make test | make lab | make run | make mutants | make bench
# make experiment | make live | make oldest | make clean
#
# make test FAST=1 takes under a minute: no built page, no test marked slow, and of the
# notebooks those that differ from the last commit.
#
# Everything is installed into .venv, never into the system's Python. What pip puts into
# .venv/bin holds the path of the folder, so commands run as modules: a folder may move.

PYTHON ?= python3
BIN := .venv/bin
PAGE := _build/html/index.html
# The pages are those of _toc.yml: a reader's own notebooks lie beside them. Make cannot
# read names with spaces or colons, and none of the book's files has any.
PAGES := $(shell sed -n -e 's/^root: *//p' -e 's/^.*file: *//p' _toc.yml)
SOURCES := _config.yml _toc.yml $(wildcard $(PAGES:=.md) $(PAGES:=.ipynb)) \
  $(shell LC_ALL=C find book lvc -type f ! -name '*.ipynb' ! -name '*.pyc' \
    ! -path '*/.*' ! -path '*[!A-Za-z0-9._/-]*')

.PHONY: book pdf test lab run mutants bench experiment live oldest clean
.DELETE_ON_ERROR:

book: $(PAGE)
	@$(BIN)/python -c 'from pathlib import Path; page = Path("$(PAGE)").resolve(); \
	  print("The book is built. Open:", page.as_uri()); \
	  print("In Chinese:", (page.parent / "zh" / "index.html").as_uri())'

$(PAGE): .venv/installed $(SOURCES)
	$(BIN)/python $(BIN)/jupyter-book build . --all -n -W --keep-going
	$(BIN)/python -m tools.translate
	@touch $@

# The whole book as one file, printed from the built pages by Chromium; with CHINESE=1,
# the Chinese one.
pdf: $(PAGE)
	@$(BIN)/python -m tools.pdf $(if $(CHINESE),--language zh)

test: .venv/installed
	$(BIN)/python -m pytest $(if $(FAST),--fast)

# The Chinese notebooks are made into book/zh, which git ignores.
lab: .venv/installed
	@$(BIN)/python -m tools.translate --notebooks
	$(BIN)/python -m jupyterlab --notebook-dir=book

# Execute the chapters again, whole and in place, after a change.
run: .venv/installed
	$(BIN)/python -m tools.execute

# Break lvc, all but ultralytics.py, and the book place by place, and write the page of
# who noticed. With AGAIN=1, lvc only where a stopped run left it, where it changed since,
# and where a survivor has no reason.
mutants: .venv/installed
	$(BIN)/python -m tools.mutants $(if $(AGAIN),--again)
	$(BIN)/python -m tools.execute book/self_checks.ipynb

# Measure lvc against the literal form: a table, and the data of chapters 10 and 14.
bench: .venv/installed
	$(BIN)/python -m tools.bench

# Train the networks of chapter 12 that are not in book/data/experiment.json yet, and say how
# to train all of them afresh: make experiment FRESH=1.
experiment: .venv/installed
	cd book && ../$(BIN)/python -m lvcbook.experiment $(if $(FRESH),--fresh)

# Make what the live page runs: the engine, by npm, if it is another version, and
# the block of the experiment, trained and new.
live: .venv/installed
	$(BIN)/python -m tools.pack_engine
	cd book && ../$(BIN)/python -m lvcbook.live.export

# Test the module with the oldest PyTorch that it takes, in an environment of its own.
# That PyTorch needs Python 3.10 or 3.11. It has no float16 on the CPU, no jagged tensors,
# no profiler that counts to the byte, no list of what a file may hold but tensors, and
# no fake tensors of a device that is not there.
NEWER := tools readmes two_processes ultralytics bench package style make fast help types steps
TOO_OLD := not float16 and not nested and not no_pixel_is_copied and not a_file and not pickled \
  and not without_numbers
oldest: .venv-oldest/installed
	.venv-oldest/bin/python -m pytest -o addopts= -q -k "$(TOO_OLD)" \
	  $(NEWER:%=--ignore=tests/test_%.py) --ignore=tests/book --ignore=tests/browser tests

.venv-oldest/installed: tests/requirements-oldest.txt
	@"$(PYTHON)" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 12))' || { \
	  echo "PyTorch 2.1 needs Python 3.10 or 3.11, and $(PYTHON) is another or missing."; \
	  echo "Name one: make oldest PYTHON=python3.11"; exit 1; }
	$(call make_environment,.venv-oldest)
	@.venv-oldest/bin/python -m pip install -r tests/requirements-oldest.txt
	@touch $@

# The file holds the folder that .venv was made in: elsewhere it is made good first.
MADE_IN := $(shell cat .venv/installed 2> /dev/null)
ifneq ($(MADE_IN),$(CURDIR))
.PHONY: .venv/installed
endif

.venv/installed: requirements.txt pyproject.toml
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
	  echo "lvc needs Python 3.10 or newer, and $(PYTHON) is older or missing."; \
	  echo "Install one, then name it: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@if [ ! -e .venv ]; then \
	  echo "Making .venv. PyTorch is large, so this takes minutes the first time."; \
	elif [ "$$(cat .venv/installed 2> /dev/null)" != "$$(pwd -P)" ]; then \
	  echo "This folder has moved or was copied, or .venv is not complete: making it good."; \
	fi
	$(call make_environment,.venv)
	@$(BIN)/python -m pip install -r requirements.txt && \
	 $(BIN)/python -m pip install --no-deps --no-build-isolation -e . || { \
	  echo "Installing failed; pip's last lines above say why."; \
	  echo "Without a network, connect and run make again: it goes on where it stopped."; \
	  exit 1; }
	@pwd -P > $@

# Make an environment, or make it good. What is there already is not deleted.
define make_environment
@"$(PYTHON)" -c 'import venv, ensurepip' 2> /dev/null || { \
  echo "Python's venv module is missing. On Debian or Ubuntu: apt install python3-venv"; \
  exit 1; }
@there=$$(ls -d $(1) 2> /dev/null); "$(PYTHON)" -m venv $(1) || { \
  echo "Making $(1) failed; the lines above say why."; \
  [ "$$there" ] || rm -rf $(1); exit 1; }
endef

clean:
	rm -rf .venv .venv-oldest _build book/zh .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
