# One command each, on a machine with Python 3.11: run, smoke, test, lint, check.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
SERVE  := $(VENV)/.installed-serving
DEV    := $(VENV)/.installed-development
TORCH  := torch==2.13.0
TORCH_CPU_INDEX := https://download.pytorch.org/whl/cpu

export NUMBA_CACHE_DIR ?= $(abspath $(VENV))/numba

.PHONY: run smoke test lint check clean

run: $(SERVE)           ## set up, score the bundled samples, serve until Ctrl-C
	$(BIN)/emotion-monitor demo
	$(BIN)/emotion-monitor serve

smoke: $(SERVE)         ## the same, checks that everything answers, and exits
	$(BIN)/python tests/smoke.py

test: $(DEV)            ## set up, pass the tests
	$(BIN)/python -m pytest

lint: $(DEV)            ## rules, format, types, floors of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test        ## everything that must be right before a commit

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(SERVE): $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

# PyTorch's CPU build wherever one is to be had: the plain name brings gigabytes of CUDA on Linux.
$(DEV): $(SERVE)
	$(BIN)/python -c 'import torch' 2>/dev/null \
	  || $(BIN)/python -m pip install --quiet '$(TORCH)+cpu' \
	  || $(BIN)/python -m pip install --quiet '$(TORCH)' --index-url $(TORCH_CPU_INDEX) \
	  || $(BIN)/python -m pip install --quiet '$(TORCH)'
	$(BIN)/python -m pip install --quiet --editable '.[train,dev]'
	touch $@

clean:
	rm -rf $(VENV) build dist
