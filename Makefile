# Bambe's verbs; `make help` lists them. Everything sets itself up first.
.DEFAULT_GOAL := help
.PHONY: help setup demo test unit e2e lint format bench docs clean
BIN := .venv/bin
# Folders that use the Docker Engine come first, each whole (tests/conftest.py).
SIDE_BY_SIDE := -n 2 --no-loadscope-reorder

help: ## show this list
	@awk -F':.*## ' '/^[a-z][a-z0-9-]*:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## virtual environment, dependencies, Docker Engine
	@scripts/setup dev

demo: ## the whole release path for real, about a minute (KEEP=1 leaves it running)
	@scripts/setup run
	@$(BIN)/bambe demo $(if $(KEEP),--keep)

test: ## every tier of tests, end-to-end ones included
	@scripts/setup dev
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE)

unit: ## the quick tiers only: no Docker, no sockets outside this machine
	@scripts/setup dev
	@$(BIN)/python -m pytest tests/unit tests/wire tests/api tests/house -m "not docker and not e2e" $(SIDE_BY_SIDE)

e2e: ## only the end-to-end tests
	@scripts/setup dev
	@$(BIN)/python -m pytest tests/e2e

lint: ## ruff, mypy strict, import contracts
	@scripts/setup dev
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports --no-logo

format: ## rewrite the code as ruff likes it
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

bench: ## every benchmark beside a peer or a limit; writes docs/benchmarks.md
	@scripts/setup dev
	@$(BIN)/python -m benchmarks

docs: ## regenerate the generated pages
	@scripts/setup dev
	@$(BIN)/python -m scripts.docs

clean: ## remove the virtual environment and caches
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
