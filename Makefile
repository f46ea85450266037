.DEFAULT_GOAL := help
.PHONY: help setup run demo test deep check format bench module mutants pictures
PORT ?= 8000

help:  ## Show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

setup:  ## Prepare this folder to run
	@bash tools/setup.sh run

run: setup  ## Open the demo company: everything on this machine, sign-ins printed
	@.venv/bin/panshi up --demo --port $(PORT)

demo:  ## Throw the demo company away and found it anew at the next run
	@.venv/bin/panshi demo reset

test:  ## Prepare a fresh machine and run every check that CI runs
	@bash tools/setup.sh test
	@bash tools/check.sh all

deep:  ## The dear checks: every branch of every procedure, a million random steps, broken rules
	@bash tools/setup.sh test
	@bash tools/check.sh deep

check:  ## Format, lint, imports, types, migrations, translations: what is quick
	@bash tools/check.sh quick

format:  ## Bring the code into form
	@.venv/bin/ruff format -q . && .venv/bin/ruff check -q --fix .

bench:  ## Measure: make bench NAME=ingest
	@.venv/bin/panshi bench $(NAME)

mutants:  ## Break ten rules one at a time in a copy; each test named for its rule must fail
	@.venv/bin/python -m tools.mutants $(NAME)

module:  ## Test one room: make module NAME=leasing
	@.venv/bin/pytest panshi/$(NAME)

pictures:  ## Draw every page of the browser tests into artifacts/screens/
	@PANSHI_PICTURES=1 .venv/bin/pytest -n 1 -m browser
