# Needlepoint: `make` lists the commands.
.DEFAULT_GOAL := help
SHELL := /bin/sh

# Quiet, private and the same everywhere: no telemetry, no warnings of old dependencies.
export RASA_TELEMETRY_ENABLED := false
export TF_CPP_MIN_LOG_LEVEL := 3
export TF_ENABLE_ONEDNN_OPTS := 0
export SQLALCHEMY_SILENCE_UBER_WARNING := 1
export PYTHONWARNINGS := ignore
# The action server, too, is for this machine only.
export SANIC_HOST := 127.0.0.1

BIN := .venv/bin
MODEL := models/needlepoint.tar.gz
CODE := build/.code
LINTED := build/.linted
PIPELINE := build/en_needlepoint/meta.json
PLACES := build/places.db
# Side by side; each may have servers and models of 8 GB in memory.
WORKERS := 2
EXAMPLES := $(shell grep -rl --include='*.yml' '^nlu:' data) $(shell find data/safety data/language)
LANGUAGE := $(wildcard needlepoint/language/*.py needlepoint/language/minilm/*) uv.lock
NLU := $(wildcard needlepoint/nlu/*.py needlepoint/safety/*.py)
# With the folders, so that a file taken away counts as a change.
CONTENT := config.yml domain.yml $(shell find data)

.PHONY: help run shell train test check check-widget check-content bench

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(MODEL) $(PLACES) ## Start the bot: action server and Rasa, with the chat on a demo page
	@sh scripts/widget.sh
	@$(BIN)/python -m needlepoint.serve

shell: $(MODEL) $(PLACES) ## Chat in the terminal
	@$(BIN)/rasa shell --interface 127.0.0.1 --model $(MODEL)

train: $(MODEL) $(PLACES) ## Train the model, when it is older than what it is made from

test: $(MODEL) $(PLACES) ## Run all tests
	@$(BIN)/pytest -n $(WORKERS) --dist loadgroup --no-loadscope-reorder
	@$(BIN)/rasa test core --model $(MODEL) --stories tests/stories --fail-on-prediction-errors --no-plot --out build/rasa-test

check: $(LINTED) $(PIPELINE) ## Check style, types, content and training data
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/rasa data validate --fail-on-warnings > build/validate.log 2>&1 || { cat build/validate.log; exit 1; }
	@echo "All checks passed."

check-widget: ## Check the chat widget: types, its own tests, size and build; needs npm
	@cd widget && npm ci --silent --no-audit --no-fund && npm run --silent check && npm run --silent test

check-content: .venv/.installed ## Check topics, answers, sources and wording
	@$(BIN)/python -m needlepoint.content

bench: $(MODEL) $(PLACES) ## Measure quality and speed against the stock configuration of Rasa
	@$(BIN)/python -m benchmarks

.venv/.installed: pyproject.toml uv.lock .python-version scripts/install.sh
	@sh scripts/install.sh

# Rasa's cache of trained parts knows data and settings, not our code: where that changed, it goes.
$(CODE): .venv/.installed $(LANGUAGE) $(NLU)
	@rm -rf .rasa/cache
	@mkdir -p build
	@touch $(CODE)

# First of all: what is wrong with the content is better said here than by what reads it next.
$(LINTED): .venv/.installed $(CONTENT) $(wildcard needlepoint/content/*.py)
	@$(BIN)/python -m needlepoint.content
	@mkdir -p build
	@touch $(LINTED)

$(PIPELINE): $(LINTED) $(CODE) $(EXAMPLES)
	@$(BIN)/python -m needlepoint.language.build

# Towns and postal codes, from the libraries that carry them, so that a place is found in a moment.
$(PLACES): .venv/.installed data/referral/places.yml $(wildcard needlepoint/places/*.py)
	@$(BIN)/python -m needlepoint.places.index

# The model is replaced only when training has succeeded, so a broken file leaves the last good one.
$(MODEL): $(PIPELINE) $(CONTENT)
	@echo "Training the model (the first time a minute or two) ..."
	@$(BIN)/rasa train --skip-validation --fixed-model-name needlepoint > build/train.log 2>&1 || { cat build/train.log; exit 1; }
	@touch $(MODEL)
	@echo "Trained: $(MODEL)"
