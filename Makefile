# make train: the main job. make test: all tests. Both install and build what they need.
SWIFT ?= swift
RECIPE ?= Documentation/Recipes/knights-and-knaves.yaml
PREFIX ?= /usr/local
OUTPUT ?= runs/knights-and-knaves-$(shell date +%Y%m%d-%H%M%S)
SUDO := $(shell [ "$$(id -u)" = 0 ] || command -v sudo)

.PHONY: train test test-engine test-vllm test-hosts test-python fuzz chaos cases kit report-check build dependencies patchelf install \
  uninstall warm-start format lint docs interface bench reference methods study study-small results clean fortran python

train: build
	.build/release/fulcrum train $(RECIPE) --set output=$(OUTPUT)

# One build serves both: tests reach what they need by package access, not by testable imports.
test: build fortran python
	$(SWIFT) test -c release --disable-testable-imports

# Random and damaged checkpoints: each reader RUNS times, until one traps, hangs or takes memory
# that its file doesn't justify.
fuzz: RUNS ?= 1000000
fuzz:
	sh Tests/Fuzz/fuzz.sh $(RUNS)

# Kills a small run with kill -9 at RUNS random moments, resumes it each time, and compares every file
# with those of a run that never stopped. SEED=N repeats a plan.
chaos: RUNS ?= 100
chaos: build python
	python3 Tests/Chaos/chaos.py $(RUNS) $(SEED)

# Small inputs that failed in this field, end to end; what isn't in the folder is skipped.
cases: CASES ?= ../shared/cases
cases: build python
	python3 Tests/Cases/cases.py $(CASES)

# The engine: its Python packages, and the built program on them. PyTorch goes into a virtual environment of
# its own; FULCRUM_TORCH_WHEEL names a wheel to take.
test-engine: build python
	sh Tests/Engine/run.sh

# Sampling by vLLM: the engine beside a real one, its build for the processor, in a virtual environment of its own.
# FULCRUM_VLLM_VENV names one that is there; FULCRUM_TORCH_WHEEL and FULCRUM_VLLM_WHEEL name wheels to take.
test-vllm: build python
	sh Tests/VLLM/run.sh

# Runs of the engine on two hosts, and how they end when one of them fails.
test-hosts: build python
	sh Tests/Hosts/run.sh

# What is in Python: the package that plugins import, the adaptors, Python files as plugins.
test-python: build python
	sh Tests/Python/run.sh

# Plugins from nothing: installs, moves the installation, writes a plugin of each kind with it, builds,
# tests and trains with them, uninstalls.
kit: build patchelf
	sh Tests/kit.sh

# A report in a real browser, which it installs: errors, charts, tooltips, switch, screenshots.
report-check: build python
	sh Tests/report.sh

build: dependencies
	$(SWIFT) build -c release

dependencies:
	@pkg-config --exists openblas libffi 2>/dev/null && test -e /usr/include/oneapi/dnnl/dnnl.h || { \
	  $(SUDO) apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq \
	    libopenblas-dev libdnnl-dev libffi-dev pkg-config; }

# A test builds an example in Fortran; without the compiler it is skipped.
fortran:
	@command -v gfortran >/dev/null || { $(SUDO) apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq gfortran; } || true

# For a reward that is a program, and for the script that kills runs.
python:
	@command -v python3 >/dev/null || { $(SUDO) apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq python3; }

patchelf:
	@command -v patchelf >/dev/null || { \
	  $(SUDO) apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq patchelf; }

# Program, plugins, Swift's libraries and the sources that plugins are built against. DESTDIR is heeded.
install: build patchelf
	PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' sh Scripts/install.sh install

# Removes what make install put there, and nothing else.
uninstall:
	PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' sh Scripts/install.sh uninstall

# Makes the checkpoint that the recipe starts from, anew: some twenty-five minutes on two cores.
warm-start: build
	rm -rf .build/warm-start .build/warm-start-uncertain
	.build/release/fulcrum sft Documentation/Recipes/warm-start.yaml
	.build/release/fulcrum sft Documentation/Recipes/warm-start-uncertain.yaml

bench: build
	.build/release/fulcrum bench --set width=256 --set layers=6 --set heads=8 \
	  --prompt-tokens 128 --completion-tokens 128

format:
	$(SWIFT) format -i -r Package.swift Sources Plugins Tests

# Style, which target may import which, file lengths.
lint: python
	$(SWIFT) format lint --strict -r Package.swift Sources Plugins Tests
	$(SWIFT) package dump-package | python3 Tests/check-layers.py
	sh Tests/check-tree.sh

# Pages of the kernel and of PluginTesting, in .build/docs; a warning is an error.
docs:
	sh Scripts/docs.sh

# The text that the kernel's interface number stands for.
interface:
	sh Sources/Kernel/print-interface.sh > Sources/Kernel/Interface/$$(sed -n \
	  's/#define FULCRUM_INTERFACE_M..OR //p' \
	  Sources/Kernel/Sources/FulcrumStamp/include/FulcrumStamp.h | paste -sd.).swiftinterface

# Every plugin's parameters, as the plugins tell them.
reference: build
	.build/release/fulcrum plugin reference > Documentation/PluginReference.md

# What every method does to a token's weight: the page, and a figure each.
methods: build
	rm -rf Documentation/Figures/methods
	cd Documentation && ../Scripts/methods.sh ../.build/release/fulcrum Figures/methods > Methods.md
	rm Documentation/Figures/methods/methods.json

# The study of Documentation/Results.md: hours. It goes on where it was stopped; PARALLEL, SHARD and ONLY share it
# out (Scripts/study.sh). study-small: a small version of its tables, in ten minutes.
study: build
	sh Scripts/study.sh .build/release/fulcrum

study-small: build
	sh Scripts/study.sh .build/release/fulcrum small

# The tables of Documentation/Results.md, from the raw numbers beside it.
results: build python
	python3 Scripts/results.py .build/release/fulcrum

clean:
	rm -rf .build
