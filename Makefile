# Two commands: `make demo` and `make test`. Both set up what they need, once.
#
#   make demo PICTURE=mine.png FOV=40
#   make demo TORCH_INDEX=https://download.pytorch.org/whl/cpu      another torch build
#   make test BLENDERS="5.2"                                        fewer Blender versions

PYTHON ?= python3.11
TORCH ?= torch==2.13.0
TORCH_INDEX ?=
BLENDERS ?= 4.5 5.2 5.3
PICTURE ?= examples/gravel.png
FOV ?= 0
CASES ?= cases
SCENES ?= scenes
SIDE ?= 8192

ENV := .venv
RUN := $(ENV)/bin/python
PIP_FLAGS := --quiet --disable-pip-version-check
TORCH_FLAGS := $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX))
# pinned: these are the versions the tests ran with; of others, the newest
BPY_4.5 := bpy==4.5.15
BPY_5.2 := bpy==5.2.3
BPY_5.3 := bpy==5.3.0
# Blender 5.1 and later need Python 3.13: by its name, as pyenv has it, or one that uv fetches
PYTHON313 ?= $(shell for run in python3.13 "env PYENV_VERSION=3.13 python3.13" \
  "env PYENV_VERSION=3.13.0 python3.13"; do $$run -c "" 2>/dev/null && echo $$run && exit; done; \
  command -v uv >/dev/null && echo uv run --quiet --no-project --python 3.13 python)
PYTHON313 := $(PYTHON313)
NEED_313 := 5.1 5.2 5.3
UNTESTED := $(if $(PYTHON313),,$(filter $(NEED_313),$(BLENDERS)))
TESTED := $(filter-out $(UNTESTED),$(BLENDERS))
python_of = $(if $(filter $(NEED_313),$(1)),$(PYTHON313),$(PYTHON))
# what the demo and main-thread run in
BLENDER ?= $(if $(PYTHON313),5.2,4.5)
define UNTESTED_LINE
@echo "*** NOT TESTED: Blender $(UNTESTED). No Python 3.13 was found: install it (pyenv install 3.13, \
apt, python.org, or pip install uv, which fetches it), or name one with PYTHON313=…, and run this again. ***"
endef
THREADS := $(shell nproc 2>/dev/null || echo 2)

# keep the environments that pattern rules made
.SECONDARY:
.PHONY: demo test lint test-backend test-blender test-demo screenshots evaluate bench bench-wire bench-estimate bench-large faults build clean \
  main-thread scenes train ablation

demo: $(ENV)/ready .venv-blender-$(BLENDER)/ready
	@OMP_NUM_THREADS=$(THREADS) $(RUN) -m examples.demo --picture $(PICTURE) --fov $(FOV) \
	  --blender-python .venv-blender-$(BLENDER)/bin/python

# the Blender versions come last, so that what was not tested stands at the end
test: test-backend test-demo test-blender

lint: $(ENV)/ready
	$(ENV)/bin/ruff check .
	$(ENV)/bin/ruff format --check .
	$(ENV)/bin/lint-imports
	$(RUN) build_addon.py --stage build/stage
	$(ENV)/bin/mypy backend shared training build_addon.py build/stage/clone_normals
	$(ENV)/bin/mypy --explicit-package-bases benchmarks examples farm

test-backend: $(ENV)/ready
	OMP_NUM_THREADS=1 $(RUN) -m pytest -q tests

test-blender: $(TESTED:%=test-blender-%)
	$(if $(UNTESTED),$(UNTESTED_LINE))

test-blender-%: .venv-blender-%/ready
	.venv-blender-$*/bin/python -m pytest -q tests/blender --confcutdir tests/blender

test-demo: $(ENV)/ready .venv-blender-$(BLENDER)/ready
	OMP_NUM_THREADS=$(THREADS) $(RUN) -m pytest -q tests/test_demo.py \
	  --blender-python .venv-blender-$(BLENDER)/bin/python

screenshots: $(TESTED:%=screenshots-%)
	$(if $(UNTESTED),$(UNTESTED_LINE))

screenshots-%: $(ENV)/ready .venv-blender-%/ready
	$(RUN) -m tests.headed.screenshots --bpy-python .venv-blender-$*/bin/python \
	  --out build/screenshots/$*

main-thread: $(ENV)/ready .venv-blender-$(BLENDER)/ready
	$(RUN) -m tests.headed.main_thread --bpy-python .venv-blender-$(BLENDER)/bin/python

scenes: $(ENV)/ready .venv-blender-5.2/ready
	$(RUN) -m training.render cycles --out $(SCENES)/held_out --count 200 --held-out
	$(RUN) -m training.render cycles --out $(SCENES)/training --count 800

train: scenes
	$(RUN) -m training.train --out $(SCENES)/run --minutes 180 --source.packs $(SCENES)/training \
	  --validation.packs $(SCENES)/held_out --objective.joint 0.4

ablation: $(ENV)/ready
	$(RUN) -m training.ablation --held-out $(SCENES)/held_out --cases $(CASES) \
	  --sheet build/ablation.png --failures build/failures.jpg

evaluate: $(ENV)/ready
	$(RUN) -m training.evaluate --cases $(CASES) --sheet build/evaluation.png

bench: $(ENV)/ready
	$(RUN) -m benchmarks.splatting

bench-wire: $(ENV)/ready
	$(RUN) -m benchmarks.wire

bench-estimate: $(ENV)/ready
	OMP_NUM_THREADS=$(THREADS) $(RUN) -m benchmarks.estimate

bench-large: $(ENV)/ready
	OMP_NUM_THREADS=$(THREADS) $(RUN) -m benchmarks.large --side $(SIDE)

faults: $(ENV)/ready
	$(RUN) -m tests.faults --full --out docs/reliability.md

build: $(ENV)/ready
	$(RUN) build_addon.py

$(ENV)/ready: pyproject.toml
	@echo "Setting up the backend: an environment with PyTorch, in $(ENV) (some minutes, once)"
	@$(PYTHON) -m venv $(ENV)
	@echo "  PyTorch …"
	@$(RUN) -m pip install $(PIP_FLAGS) $(TORCH_FLAGS) $(TORCH)
	@echo "  the backend and its tools …"
	@$(RUN) -m pip install $(PIP_FLAGS) --editable ".[dev]"
	@touch $@

.venv-blender-%/ready:
	@echo "Setting up Blender $* as a Python module, in .venv-blender-$* (about 1 GB, once)"
	$(if $(call python_of,$*),,$(error Blender $* needs Python 3.13: name one with PYTHON313=…))
	@$(call python_of,$*) -m venv .venv-blender-$*
	@.venv-blender-$*/bin/python -m pip install $(PIP_FLAGS) $(or $(BPY_$*),bpy==$*.*) \
	  pytest pytest-timeout OpenEXR pillow
	@touch $@

clean:
	rm -rf .venv .venv-blender-* build dist out wheels *.egg-info
