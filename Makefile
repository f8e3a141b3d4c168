# The few words one needs here; `make help` says them.
.DEFAULT_GOAL := help
.PHONY: setup python demo test check bench storm town words migration help
BIN := .venv/bin
ARGS ?=

setup: ## make this machine ready (quick when it is)
	@bash scripts/setup.sh

python: # .venv alone, which most need
	@bash scripts/setup.sh python

demo: python ## the whole hub with an invented school and its families, in one process: ARGS="--once --json"
	@$(BIN)/passerelle demo $(ARGS)

test: ## everything that must hold, checks included
	@bash scripts/setup.sh tests
	@$(MAKE) --no-print-directory check
	@$(BIN)/python -m pytest -n 3 $(ARGS)

check: python ## format, lint, types, floors, catalogues
	@$(BIN)/ruff format --check --quiet --output-format concise . || { echo "not formatted: $(BIN)/ruff format ." >&2; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -m i18n.catalogues check

bench: python ## the figures, as ratios against a bare loop: ARGS=--json
	@$(BIN)/python -m bench $(ARGS)

storm: ## kill, restart and refuse for ten minutes while messages pass: ARGS="--seed 7 --seconds 60"
	@bash scripts/setup.sh
	@$(BIN)/python -m bench.storm $(ARGS)

town: ## several processes over PostgreSQL and Redis on this machine, to try; Ctrl-C ends them
	@bash scripts/setup.sh
	@$(BIN)/python -m bench.deployment

words: python ## bring the catalogues up to the templates
	@$(BIN)/python -m i18n.catalogues update

migration: python ## draft the next migration: NAME="what changes"
	@$(BIN)/python scripts/new_migration.py "$(NAME)"

help: ## this list
	@sed -n 's/^\([a-z]*\):[^#]*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12
