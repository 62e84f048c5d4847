# Everything a person does here, by name. Needs git, make and Python 3.11 to 3.14, nothing else but
# for one target: test-s3-fidelity needs Python 3.13.

PYTHON ?= python3
BUILD_DIR ?= .aws-sam/build
SBOM ?= build/sbom.cdx.json
UV ?= $(BIN)/uv

BIN := .venv/bin
INSTALLER := .venv/.installer
RUNS := .venv/.runs
INSTALLED := .venv/.installed
LAYER_LOCK := layers/ringvault/requirements.txt
S3_INSTALLED := .venv-s3/.installed
CHECKOV_INSTALLED := .venv-checkov/.installed
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check --no-input --no-deps
# As pip, in a fifth of the time. It reads no configuration of pip's: UV_DEFAULT_INDEX names a mirror.
UV_INSTALL := $(BIN)/uv pip install --quiet --no-deps

export SAM_CLI_TELEMETRY := 0
# Images of Python set it; each worker and each process of the tests would compile everything again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help run test lint format types template unit tests coverage test-s3-fidelity soak bench-quota bench-90-days bench-playback mutations scan build audit clean lock

help: ## Say what can be done
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-20s %s\n", $$1, $$2}'

run: $(RUNS) ## Start the stack on this machine, archive, serve the page; Ctrl-C stops it
	@echo "run: starting the local stack"
	@$(BIN)/python -m local up

test: lint types template tests ## Lint, types, template and all tests: what CI runs
	@echo "make test: all passed"

lint: $(INSTALLED) ## Check style, format and spelling
	@echo "lint: style, format, spelling"
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/codespell

format: $(INSTALLED) ## Format the code, and fix what ruff can fix
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/ruff format --quiet .

types: $(INSTALLED) ## Check types
	@echo "types: mypy, strict"
	@$(BIN)/mypy --no-error-summary

# Linting the SAM form alone misses most mistakes, so what SAM makes of it is linted as well.
template: $(INSTALLED) ## Validate template.yaml and what SAM makes of it
	@echo "template: sam validate, then cfn-lint on what SAM makes of it"
	@mkdir -p build
	@said="$$($(BIN)/sam validate --lint 2>&1)" || { echo "$$said" >&2; exit 1; }
	@$(BIN)/python -m local.cloudformation.transform template.yaml >build/template.json
	@$(BIN)/cfn-lint build/template.json

# What is passed over says so beside its resource, with the reason (Metadata in template.yaml). A
# file that it can't read it calls clean, so that it has to have passed something.
scan: $(INSTALLED) $(CHECKOV_INSTALLED) ## Scan what SAM makes of template.yaml for what auditors look for
	@echo "scan: checkov on what SAM makes of template.yaml"
	@mkdir -p build
	@$(BIN)/python -m local.cloudformation.transform template.yaml >build/template.json
	@.venv-checkov/bin/checkov --file build/template.json --framework cloudformation \
	  --skip-download --compact --quiet >build/checkov.txt 2>&1 && \
	  grep '^Passed checks: [1-9]' build/checkov.txt || { cat build/checkov.txt >&2; exit 1; }

unit: $(INSTALLED) ## Run the unit tests only: seconds, no sockets
	@$(BIN)/python -m pytest --quiet tests/unit

tests: $(INSTALLED) # All tests, without the other checks of `make test`.
	@echo "tests: unit, integration, infrastructure, rehearsal, browser"
	@$(ALL_TESTS)

coverage: $(INSTALLED) ## Run them slower, and say which lines and branches none of them reaches
	@$(ALL_TESTS) --cov --cov-report term:skip-covered

# In the order of tests/conftest.py; xdist's own starts the file of fewest tests last, which takes
# longest. Three at a time, on two cores as well: many wait for processes of their own.
ALL_TESTS = $(BIN)/python -m pytest --quiet --ignore tests/s3_fidelity --numprocesses 3 \
	--dist loadfile --no-loadscope-reorder

test-s3-fidelity: $(INSTALLED) $(S3_INSTALLED) ## Test the S3 side on a server that verifies; needs Python 3.13 as well
	@echo "test-s3-fidelity: vault and playback URLs on LocalStack's S3"
	@$(BIN)/python -m pytest --quiet tests/s3_fidelity

bench-quota: $(INSTALLED) ## Measure how much of the quota is used: about six minutes
	@$(BIN)/python -m benchmarks.quota

soak: $(INSTALLED) ## Archive 2,000 recordings while everything fails, on three seeds: long
	@SOAK_RECORDINGS=2000 $(BIN)/python -m pytest --quiet tests/integration/test_soak.py

bench-90-days: $(INSTALLED) ## Simulate 90 days and an import in virtual time: ten minutes or more
	@$(BIN)/python -m benchmarks.ninety_days

bench-playback: $(INSTALLED) ## Measure playback URLs, cold start and what a search reads: two minutes
	@$(BIN)/python -m benchmarks.search
	@$(BIN)/python -m benchmarks.playback

mutations: $(INSTALLED) ## Take out each mitigation of docs/security.md: its test has to fail (minutes)
	@echo "mutations: each mitigation taken out of a copy of this tree, and its test run"
	@$(BIN)/python -m tests.mutations

# SAM calls the Makefiles of the layer and of each function in copies of their folders. MAKEFLAGS is
# emptied so that nothing given to this make reaches those.
build: $(INSTALLED) ## Build what Lambda gets (arm64, python3.13), list what is in it, print sizes
	@echo "build: layer and functions into $(BUILD_DIR)"
	@mkdir -p build
	@MAKEFLAGS= PYTHON="$(CURDIR)/$(BIN)/python" $(BIN)/sam build --build-dir "$(BUILD_DIR)" \
	  >build/sam-build.txt 2>&1 || { cat build/sam-build.txt >&2; exit 1; }
	@$(compile)
	@$(BIN)/python -m supply_chain.bill_of_materials "$(BUILD_DIR)" "$(SBOM)"
	@$(print_sizes)

# Lambda cannot write beside the code, so what is not compiled here is compiled at every cold start.
# Byte code belongs to one minor version; the paths in it are Lambda's, the hash seed is fixed, so
# that the same source gives the same bytes.
RUNTIME_PYTHON = for candidate in $(BIN)/python3.13 python3.13 \
	"$$(pyenv prefix 3.13 2>/dev/null)/bin/python3.13"; do \
	"$$candidate" -c '' 2>/dev/null && echo "$$candidate" && break; done

define compile
runtime="$$($(RUNTIME_PYTHON))"; \
if [ -z "$$runtime" ]; then \
  echo "build: no python3.13 here to compile with: cold starts are slower, for each compiles anew"; \
else \
  for part in "$(BUILD_DIR)"/*/; do \
    case "$$part" in *Layer/) root=/opt ;; *) root=/var/task ;; esac; \
    PYTHONHASHSEED=0 "$$runtime" -m compileall -q --invalidation-mode unchecked-hash \
      -s "$${part%/}" -p "$$root" "$${part%/}" || exit 1; \
  done; \
  echo "build: compiled for faster cold starts"; \
fi
endef

define print_sizes
printf '%-28s %7s %14s\n' 'unpacked' files bytes; \
for part in "$(BUILD_DIR)"/*/; do \
  printf '%-28s %7d %14d\n' "$$(basename "$$part")" "$$(find "$$part" -type f | wc -l)" \
    "$$(find "$$part" -type f -exec cat {} + | wc -c)"; \
done
endef

# Not a part of `make test`: its answer changes without a commit, and needs the internet.
audit: $(INSTALLED) ## Ask whether an advisory names anything that the locks pin
	@$(BIN)/python -m supply_chain.audit requirements/*.txt $(LAYER_LOCK)

clean: ## Remove what was built and measured, and what was installed
	@rm -rf build .aws-sam .venv .venv-s3 .venv-checkov .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*
	@rm -rf *.egg-info layers/ringvault/*.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# uv keeps a pin that still fits; remove a lock to raise everything in it. Hashes of every platform,
# no index address. The layer takes the development lock's versions: what is tested is what runs.
lock: $(INSTALLER) ## Make the locks again from pyproject.toml
	@$(PIP_COMPILE) pyproject.toml --python-version 3.11 --group dev --output-file requirements/dev.txt
	@$(PIP_COMPILE) pyproject.toml --python-version 3.11 --group run --constraints requirements/dev.txt --output-file requirements/run.txt
	@$(PIP_COMPILE) --group installer --python-version 3.11 --constraints requirements/dev.txt --output-file requirements/installer.txt
	@$(PIP_COMPILE) --group layer --python-version 3.11 --constraints requirements/dev.txt --output-file $(LAYER_LOCK)
	@$(PIP_COMPILE) --group pyproject.toml:s3-server --python-version 3.13 --exclude-newer $(S3_SERVER_AS_OF) --output-file requirements/s3.txt
	@$(PIP_COMPILE) --group pyproject.toml:checkov --python-version 3.11 --output-file requirements/checkov.txt

# LocalStack bounds none of what it needs: it runs with what there was when it came out.
S3_SERVER_AS_OF := 2026-04-01

PIP_COMPILE = "$(UV)" pip compile --quiet --universal --generate-hashes --no-header \
	--no-strip-extras

# --- .venv and its neighbours: marks are written last, so that a half-made one is made again -----------

# A changed lock makes it again from nothing, so that nothing is left over in it.
$(INSTALLER): requirements/installer.txt requirements/run.txt requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null || \
	  { echo "$(PYTHON) is not Python 3.11 to 3.14; name one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "install: a virtual environment in .venv"
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python $(PIP_INSTALL) --require-hashes --requirement requirements/installer.txt
	@touch $@

# What `make run` needs, and this project itself; the tools of the tests come when they are needed.
$(RUNS): $(INSTALLER) pyproject.toml
	@echo "install: packages from requirements/run.txt (10 to 30 s, once)"
	@$(UV_INSTALL) --python $(BIN)/python --require-hashes --requirement requirements/run.txt
	@$(UV_INSTALL) --python $(BIN)/python --no-build-isolation --editable .
	@touch $@

$(INSTALLED): $(RUNS)
	@echo "install: packages from requirements/dev.txt (10 to 30 s, once)"
	@$(UV_INSTALL) --python $(BIN)/python --require-hashes --requirement requirements/dev.txt
	@$(BIN)/uv pip check --quiet --python $(BIN)/python || $(BIN)/uv pip check --python $(BIN)/python
	@touch $@

# A server, not a part of the project: it shares no package with .venv, so it has its own.
$(S3_INSTALLED): $(INSTALLER) requirements/s3.txt
	@runtime="$$($(RUNTIME_PYTHON))"; if [ -z "$$runtime" ]; then \
	  echo "test-s3-fidelity: no python3.13 on PATH or in pyenv, and its server runs on no other." >&2; \
	  echo "Install it (pyenv install 3.13), or leave this suite to CI; make test does without." >&2; exit 1; fi; \
	echo "install: .venv-s3 from requirements/s3.txt (10 s, once)" && \
	"$$runtime" -m venv --clear --without-pip .venv-s3 && \
	$(UV_INSTALL) --python .venv-s3/bin/python --require-hashes --requirement requirements/s3.txt
	@touch $@

# It pins half of what it needs to old versions, which .venv has newer.
$(CHECKOV_INSTALLED): $(INSTALLER) requirements/checkov.txt
	@echo "install: .venv-checkov from requirements/checkov.txt (10 s, once)"
	@$(PYTHON) -m venv --clear --without-pip .venv-checkov
	@$(UV_INSTALL) --python .venv-checkov/bin/python --require-hashes --requirement requirements/checkov.txt
	@touch $@
