# Two commands: `make book` and `make test`. Every target sets up .venv first, once.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
export COMPANION_PROGRESS ?= off
# Matplotlib's own folder here: neither a matplotlibrc nor a stale list of fonts of yours changes a figure.
export MPLCONFIGDIR ?= $(CURDIR)/.venv/matplotlib

# The notebooks whose names begin with NB (studies/08: one of those); nothing where there is none.
CHOSEN = $(if $(NB),$(wildcard book/$(NB)*.ipynb))

.DEFAULT_GOAL := help
.PHONY: help book test test-fast check claims notebooks sync teach new address lab lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

book: $(READY) ## run the notebooks, build the pages, print where to open them
	$(BIN)/jupyter-book build book --config _config.yml --path-output . -W --keep-going
	@echo "Open in a browser: $(CURDIR)/_build/html/index.html"

test: check ## check everything: code style, package, notebooks' numbers, built pages
	$(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder --nbval --nbval-cell-timeout=36000 book tests

test-fast: check ## what an edit can break in seconds: the package, the exercises, what is committed
	$(BIN)/python -m pytest -n 2 --dist loadscope -m "not slow" tests

check: $(READY) ## style, types, spelling
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/codespell

claims: $(READY) ## run the notebooks (NB=04: one) as other machines would and with other seeds: do all claims hold? (hours)
	$(BIN)/python tools/claims.py $(CHOSEN)

notebooks: $(READY) ## run every notebook (NB=04: one) from a clean kernel and store its text outputs
	$(BIN)/python tools/notebooks.py run $(CHOSEN)

sync: $(READY) ## bring the definitions that notebooks (NB=04: one) share with the package up to date
	$(BIN)/python tools/lesson.py sync $(or $(CHOSEN),$(shell find book -name '*.ipynb' -not -path '*/.*'))

teach: $(READY) ## print a definition as a lesson shows it: make teach NAME=vae.VAE
	@$(BIN)/python tools/lesson.py teach $(NAME)

new: $(READY) ## start a notebook: make new NB=book/11-topic.ipynb TITLE="A topic"
	@$(BIN)/python tools/lesson.py new $(NB) "$(TITLE)"

address: $(READY) ## write the address in _config.yml into README.md and CITATION.cff
	$(BIN)/python tools/address.py

lab: $(READY) ## open the notebooks in JupyterLab
	COMPANION_PROGRESS=on $(BIN)/jupyter lab --notebook-dir=book

lock: ## resolve the newest versions that pyproject.toml allows into requirements.lock
	$(PYTHON) tools/lock.py

clean: ## remove what was built (the set-up in .venv stays)
	rm -rf _build .pytest_cache .ruff_cache .mypy_cache

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv .venv || \
	  { echo "Could not make .venv. On Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@echo "Installing into .venv (a few minutes, once) ..."
	$(BIN)/python -m pip install --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --disable-pip-version-check --no-deps --editable .
	@$(BIN)/python -c 'import matplotlib.font_manager' # lists the fonts once, before many kernels need it
	@touch $@
