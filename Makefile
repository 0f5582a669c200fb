# `make` shows what can be made. Every target sets up .venv by itself; PYTHON=python3.12 chooses another Python for it.

PYTHON ?= python3
CLIP ?= sample_videos/deadlift-rounded.mp4

VENV := .venv
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
RUN := $(BIN)/python
# Stamps are newer than pyproject.toml when what it asks for is installed: "dev" holds all that "base" does.
BASE := $(VENV)/.set-up-base
DEV := $(VENV)/.set-up-dev

# Processes that run tests: one more than two cores, as tests wait for browsers and servers a quarter of their time.
WORKERS ?= 3

# What both parts of the tests skipped: the last lines say it.
SKIPPED := .pytest_cache/skipped.json

.DEFAULT_GOAL := help
# No target that `make help` lists is a file.
.PHONY: $(shell sed -n 's/^\([a-z-]*\):.*\#\# .*/\1/p' Makefile)

help:  ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 22

HAVE_PYTHON = command -v "$(PYTHON)" >/dev/null || { \
	echo "There is no $(PYTHON) here: install Python 3.11 or newer, or name one, as in  make demo PYTHON=python3.12"; \
	exit 2; }

$(BASE): pyproject.toml constraints.txt scripts/set_up.py
	@$(HAVE_PYTHON)
	@$(PYTHON) scripts/set_up.py
	@touch $@

$(DEV): pyproject.toml constraints.txt scripts/set_up.py
	@$(HAVE_PYTHON)
	@$(PYTHON) scripts/set_up.py app fast server dev
	@touch $@ $(BASE)

demo: $(BASE)  ## Analyse a sample video (CLIP=... for another one)
	@$(BIN)/formcheck analyze $(CLIP)

app: $(DEV)  ## Open the app in the browser
	@$(BIN)/formcheck app

test: $(DEV) lint  ## Run every check: ruff, mypy and all tests
	@echo "Looking for the pose model ..."
	@$(RUN) -c "from formcheck.vision.models.store import find_model; find_model()" 2>/dev/null || \
		echo "It cannot be fetched: tests that need it are skipped. formcheck models fetch says why."
	@rm -f $(SKIPPED)
	$(RUN) -m pytest -m "not real_time" --skipped-file=$(SKIPPED) --numprocesses $(WORKERS) --dist worksteal
	$(RUN) -m pytest -m real_time --skipped-file=$(SKIPPED)

lint: $(DEV)  ## Run ruff, mypy and the contracts between the floors
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(BIN)/lint-imports --no-cache

format: $(DEV)  ## Let ruff format the code
	$(RUN) -m ruff check --fix .
	$(RUN) -m ruff format .

picture: $(DEV)  ## Make the documents' pictures from a sample video
	$(RUN) scripts/make_picture.py
	$(RUN) scripts/make_spine_figure.py

app-pictures: $(DEV)  ## Make the documents' pictures of the app (needs Chromium)
	$(RUN) -m scripts.make_app_pictures

checks-doc: $(DEV)  ## Write docs/checks.md from the checks
	$(RUN) -m scripts.make_checks_doc

words: $(DEV)  ## Put new messages into the catalogues of translations, and compile them
	$(RUN) -m scripts.translations update

commands-doc: $(DEV)  ## Write docs/commands.md from the commands
	$(RUN) -m scripts.make_commands_doc

docs: $(DEV)  ## Build the documentation as a site in build/site
	$(RUN) -m scripts.make_site

packages: $(DEV)  ## Build wheel and sdist, check that they are complete, use the wheel in an empty environment
	$(RUN) -m scripts.check_packages
	$(RUN) -m scripts.supply_chain sbom

audit: $(DEV)  ## Ask for known weaknesses of everything that is installed (needs a network)
	$(RUN) -m scripts.supply_chain audit

licences: $(DEV)  ## List the licences of everything that is installed
	$(RUN) -m scripts.supply_chain licences

sbom: $(DEV)  ## Write build/sbom.json: everything that is installed, as CycloneDX
	$(RUN) -m scripts.supply_chain sbom

constraints: $(DEV)  ## Write constraints.txt from what is installed in .venv
	$(RUN) -m scripts.make_constraints

fit-contour-net: $(DEV)  ## Fit the networks that read the back's contour to rendered bodies (an hour; needs torch)
	$(RUN) -m benchmarks.spine_frames --split train --bodies 2400
	$(RUN) -m benchmarks.spine_frames --split calibration --bodies 200
	$(RUN) -m benchmarks.fit_contour_net --write

bench-mask-net: $(DEV)  ## Judge a network on the mask on whole clips, real and rendered (half an hour)
	$(RUN) -m benchmarks.mask_crops real
	$(RUN) -m benchmarks.mask_crops rendered
	$(RUN) -m benchmarks.mask_crops samples
	$(RUN) -m benchmarks.mask_net_clips

fit-mask-net: $(DEV)  ## Fit the network that reads the mask to rendered bodies (an hour; needs torch)
	$(RUN) -m benchmarks.spine_frames --split train --bodies 1600
	$(RUN) -m benchmarks.spine_frames --split calibration --bodies 200
	$(RUN) -m benchmarks.fit_mask_net --write

fit-contour: $(DEV)  ## Fit the weights of the back's contour to rendered lifters (an hour)
	$(RUN) -m benchmarks.fit_contour --write

bench-clips: $(DEV)  ## Measure on labelled real clips (../shared/clips or FORMCHECK_CLIPS)
	$(RUN) -m benchmarks.bench_clips

bench-recognition: $(DEV)  ## Compare ways to recognise the lift, sources left out (../shared/clips or FORMCHECK_CLIPS)
	$(RUN) -m benchmarks.bench_recognition

train-recognition: $(DEV)  ## Train the trees that recognise the lift, and write them into the package
	$(RUN) -m benchmarks.train_recognition

bench-windows: $(DEV)  ## Cut labelled real clips anywhere: are the repetitions still counted? (../shared/clips or FORMCHECK_CLIPS)
	$(RUN) -m benchmarks.bench_windows

bench-backends: $(DEV)  ## Do MediaPipe and OpenVINO see the same lifts, and how fast are they and the three models?
	$(RUN) -m benchmarks.bench_backends

bench-accuracy: $(DEV)  ## Measure on rendered lifters with known angles (SPLIT=tune, FULL=1 for more)
	$(RUN) -m benchmarks.bench_accuracy $(if $(SPLIT),--split $(SPLIT)) $(if $(FULL),--full)

bench-spine: $(DEV)  ## Measure back rounding on real, rendered and changed clips (CACHED=1: poses as they are, not written)
	$(RUN) -m benchmarks.bench_spine $(if $(CACHED),--cached)

bench-stress: $(DEV)  ## Spoil clean rendered lifts: when is nothing said, is a fault made up? (CACHED=1: poses as they are, not written)
	$(RUN) -m benchmarks.bench_stress $(if $(CACHED),--cached --no-write)

bench-speed: $(DEV)  ## Measure time and memory against bare MediaPipe (GUARD=1: only fail where it has become slow)
	$(RUN) -m benchmarks.bench_speed $(if $(GUARD),--guard)

bench-long: $(DEV)  ## Measure an hour of video and 4K with 60 frames a second: memory, and the time left as it is told (an hour)
	$(RUN) -m benchmarks.bench_long

bench-batch: $(DEV)  ## Measure batches: throughput, memory, killed processes, a long queue (an hour)
	$(RUN) -m benchmarks.bench_batch

bench-history: $(DEV)  ## Measure the history: lists, the app's page, an export, pages on PostgreSQL
	$(RUN) -m benchmarks.bench_history

bench-app: $(DEV)  ## Measure how long one waits for the app, beside the command line (needs Chromium)
	$(RUN) -m benchmarks.bench_app

bench-live: $(DEV)  ## Measure how live the camera's engine is (MINUTES=10 for the real run, BROWSER=1 through the app)
	$(RUN) -m benchmarks.bench_live $(if $(MINUTES),--minutes $(MINUTES)) $(if $(MODELS),--models $(MODELS)) $(if $(BROWSER),--browser)

bench-live-agrees: $(DEV)  ## Compare live with uploads on labelled real clips (../shared/clips or FORMCHECK_CLIPS)
	$(RUN) -m benchmarks.bench_live_agrees

fuzz: $(DEV)  ## Open thousands of damaged and made files, and write what came of it into docs/reliability.md (ten minutes)
	$(RUN) -m tests.fuzz $(if $(SCALE),--scale $(SCALE)) $(if $(SEED),--seed $(SEED))

faults: $(DEV)  ## Kill analyses at random moments, and write what was lost into docs/reliability.md (ten minutes)
	$(RUN) -m tests.faults $(if $(KILLS),--kills $(KILLS))

clean:  ## Remove all that was made here, .venv too, but neither reports nor fetched models
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis benchmarks/cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
