# make demo    set up, analyse a rendered call, print the summary, leave results.parquet and annotated.mp4
# make test    set up and run the tests, but for the slow ones; MARKS= runs all
# make lint    set up and check style and types

PYTHON ?= python3
EXTRAS ?= dev
MARKS ?= not slow
VENV := .venv
BIN := $(VENV)/bin

# what is imported is compiled then, once; to compile all of PyTorch and Ray here would take a minute
PIP := $(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --constraint constraints.txt

# tests start the program hundreds of times; without bytecode each start compiles all of it
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test lint clean

demo: $(VENV)/.installed
	$(BIN)/feelit analyze sample_videos/meeting.mp4 --out results.parquet --force
	$(BIN)/feelit summarize results.parquet
	$(BIN)/feelit annotate sample_videos/meeting.mp4 results.parquet --out annotated.mp4 --force
	@echo "results.parquet and annotated.mp4 are ready"

test: $(VENV)/.installed-$(EXTRAS)
	$(BIN)/python -m pytest -n auto --dist worksteal -m "$(MARKS)"

lint: $(VENV)/.installed-$(EXTRAS)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	MYPY_NUM_WORKERS=2 $(BIN)/mypy

clean:
	rm -rf $(VENV) results.parquet annotated.mp4

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) --editable .
	touch $@

$(VENV)/.installed-$(EXTRAS): pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) --editable ".[$(EXTRAS)]"
	touch $@
