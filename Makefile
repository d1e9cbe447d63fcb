# filmless. All of it happens in .venv, build/ and target/ of this folder: needed are Python >= 3.11, a C compiler and Rust.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test check bench torture fuzz build docs format clean viewer

PYTHON ?= python3
FUZZ_SECONDS ?= 600
KILLS ?= 1000
# Two files at a time: a browser with its server keeps a core or two busy.
PYTEST ?= --numprocesses=2 --dist=loadfile
FUZZ := crates/core/fuzz

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --quiet
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

# What the extension is made of. Python sources are not: the install is editable.
RUST := Cargo.toml Cargo.lock $(shell find crates -name Cargo.toml -o -path '*/src/*' -type f -not -path '$(FUZZ)/*')
# What the viewer's pages are made of.
VIEWER := viewer/index.html $(wildcard viewer/*.json viewer/*.ts) $(shell find viewer/src -type f)
TYPED := src build_backend examples $(wildcard tools/*.py) $(wildcard benchmarks)

help:
	@sed -nE 's/^([a-z]+):[^#]*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | while IFS=$$'\t' read -r name text; \
		do printf '  make %-7s %s\n' "$$name" "$$text"; done

demo: $(VENV)/.built ## pictures become DICOM and are served by an archive
	@$(PY) examples/demo.py

test: $(VENV)/.built $(VENV)/.dev viewer/node_modules/.made ## all tests: those of the Rust core, then those of the package
	cargo test --quiet --package filmless-core
	npm --prefix viewer test --silent
	$(PY) -m pytest $(PYTEST)

check: $(VENV)/.built $(VENV)/.dev viewer/node_modules/.made ## format, lint, types, the stub, generated files, docs
	ruff format --check
	ruff check
	cargo fmt --all --check
	cargo clippy --quiet --workspace --all-targets -- -D warnings
	mypy $(TYPED)
	$(PY) -m mypy.stubtest filmless._core
	for generator in $(wildcard tools/generate_*.py); do $(PY) $$generator --check; done
	npm --prefix viewer run check --silent
	zensical build --clean --strict --config-file mkdocs.yml

bench: $(VENV)/.built $(VENV)/.dev ## filmless against its peers (BENCH="names or options")
	$(PY) -m benchmarks $(BENCH)

torture: $(VENV)/.built $(VENV)/.dev ## a server is killed KILLS (1000) times while it is sent to, by STOW-RS and by C-STORE; nothing acknowledged is lost
	$(PY) -m tests.archive.torture --target served --kills $(KILLS)
	$(PY) -m tests.archive.torture --target dimse --kills $(KILLS)

fuzz: $(VENV)/bin/cargo-fuzz ## each fuzz target of the core for FUZZ_SECONDS (600); needs Rust nightly
	for target in $$(cargo +nightly fuzz list --fuzz-dir $(FUZZ)); do mkdir -p $(FUZZ)/corpus/$$target; \
		cargo +nightly fuzz run --fuzz-dir $(FUZZ) $$target $(FUZZ)/corpus/$$target $(FUZZ)/seeds/$$target -- \
			-max_total_time=$(FUZZ_SECONDS); done

viewer: $(VENV)/.built ## the viewer's pages, into the package (done by itself when they changed)

build: $(VENV)/.dev ## source distribution and wheel, into dist/
	rm -rf dist
	$(PY) -m build --no-isolation

docs: $(VENV)/.built $(VENV)/.dev ## the documentation, into site/
	zensical build --clean --strict --config-file mkdocs.yml

format: $(VENV)/.dev viewer/node_modules/.made ## format and mend what can be mended
	ruff check --fix --quiet || true
	npm --prefix viewer run format --silent
	ruff format
	cargo fmt --all

clean: ## remove all that was made here
	rm -rf $(VENV) build dist site out target viewer/node_modules src/filmless/viewer/static $(FUZZ)/target src/filmless/_core*.so src/filmless/_core*.pyd
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# An environment with the build tools; pip is renewed because dependency groups need 25.1.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "filmless needs Python 3.11 or newer: PYTHON=... make")'
	$(PYTHON) -m venv $(VENV)
	$(PIP) install 'pip>=25.1'
	@touch $@

$(VENV)/.build-tools: $(VENV)/.made pyproject.toml
	$(PIP) install --group build
	@touch $@

# The extension, in release, the viewer, and the package beside them by a link. Where there is no Node, what brings it
# is one of the requirements.
$(VENV)/.built: $(VENV)/.build-tools build_backend/backend.py $(RUST) $(VIEWER)
	needed="$$($(PY) -c 'import sys; sys.path.insert(0, "build_backend"); import backend; \
		print(*backend.get_requires_for_build_editable(None))')"; [[ -z "$$needed" ]] || $(PIP) install $$needed
	$(PIP) install --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.made pyproject.toml
	$(PIP) install --group dev
	@touch $@

# The build may have fetched the viewer's packages already.
viewer/node_modules/.made: viewer/package.json viewer/package-lock.json | $(VENV)/.built
	[[ viewer/node_modules/.package-lock.json -nt viewer/package-lock.json ]] || \
		npm --prefix viewer ci --no-audit --no-fund --ignore-scripts --loglevel=error
	@touch $@

$(VENV)/bin/cargo-fuzz:
	mkdir -p $(VENV)
	cargo install cargo-fuzz --locked --root $(VENV)
