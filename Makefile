# make book | make pdf | make test | make lab | make run | make mutants | make bench
# make experiment | make clean
#
# Everything is installed into .venv, never into the system's Python.

PYTHON ?= python3
BIN := .venv/bin
PAGE := _build/html/index.html
SOURCES := _config.yml _toc.yml $(shell find book lvc -type f ! -name '*.pyc' ! -path '*/.*')

.PHONY: book pdf test lab run mutants bench experiment clean
.DELETE_ON_ERROR:

book: $(PAGE)
	@echo "The book is built. Open: file://$(CURDIR)/$(PAGE)"

$(PAGE): .venv/installed $(SOURCES)
	$(BIN)/jupyter-book build . --all -n -W --keep-going
	@touch $@

# The whole book as one file, printed from the built pages by Chromium.
pdf: $(PAGE)
	@$(BIN)/python -m tools.pdf

test: .venv/installed
	$(BIN)/python -m pytest

lab: .venv/installed
	$(BIN)/jupyter lab --notebook-dir=book

# Execute the chapters again, whole and in place, after a change.
run: .venv/installed
	$(BIN)/python -m tools.execute

# Break lvc and the book in every place, and write the page of who noticed.
mutants: .venv/installed
	$(BIN)/python -m tools.mutants
	$(BIN)/python -m tools.execute book/self_checks.ipynb

# Measure lvc against the literal form: a table, and the data that chapter 10 shows.
bench: .venv/installed
	$(BIN)/python -m tools.bench

# Train the networks of chapter 12, and write book/data/experiment.json, which it shows.
experiment: .venv/installed
	cd book && ../$(BIN)/python -m lvcbook.experiment

.venv/installed: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
	  echo "lvc needs Python 3.10 or newer, and $(PYTHON) is older or missing."; \
	  echo "Install one, then name it: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@echo "Making .venv. PyTorch is large, so this takes minutes the first time."
	@$(PYTHON) -m venv .venv || { \
	  echo "Python's venv module is missing. On Debian or Ubuntu: apt install python3-venv"; \
	  rm -rf .venv; exit 1; }
	@$(BIN)/python -m pip install -r requirements.txt && \
	 $(BIN)/python -m pip install --no-deps --no-build-isolation -e . || { \
	  echo "Installing failed; pip's last lines above say why."; \
	  echo "Without a network, connect and run make again: it goes on where it stopped."; \
	  exit 1; }
	@touch $@

clean:
	rm -rf .venv _build .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
