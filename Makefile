# The everyday commands. They use .venv, which is made when it is missing.

PYTHON := .venv/bin/python

help: ## list these commands
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*## */	/' | expand -t 12

READY := .venv/ready-for-development

$(READY): pyproject.toml
	python3 -m venv .venv
	.venv/bin/pip install -q -e ".[dev]"
	touch $(READY)

demo: $(READY) ## train on handwritten digits, draw and check: pictures go to demo/
	$(PYTHON) -m autograd demo

test: $(READY) ## run the tests
	$(PYTHON) -m pytest

native: $(READY) ## build the native engine again, after a change of the table or of its C
	AUTOGRAD_NATIVE=1 .venv/bin/pip install -q -e .

lint: $(READY) ## formatting, lint and strict types
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .
	$(PYTHON) -m mypy

format: $(READY) ## format the code, mend what the linter can
	$(PYTHON) -m ruff format .
	$(PYTHON) -m ruff check --fix .

fuzz: $(READY) ## check 100,000 random graphs on each engine: about twenty minutes
	$(PYTHON) tests/fuzz.py 100000
	AUTOGRAD_PURE=1 $(PYTHON) tests/fuzz.py 100000

sanitize: $(READY) ## run the native tests under ASan, UBSan and valgrind
	tests/sanitize

bench: $(READY) ## measure eager speed beside its peers: the table of benchmarks/README.md
	$(PYTHON) -m pip install -q micrograd scikit-learn
	$(PYTHON) benchmarks/table.py

notebooks: $(READY) ## run the notebooks and keep their outputs
	$(PYTHON) notebooks/regenerate.py

pictures: $(READY) ## draw the pictures of the README and the gallery again
	$(PYTHON) docs/pictures.py

clean: ## remove what was made
	rm -rf .venv build dist *.egg-info demo .mypy_cache .ruff_cache .pytest_cache .hypothesis

.PHONY: help demo test native lint format fuzz sanitize bench notebooks pictures clean
