# LabelAPI: `make run` starts everything on a machine with nothing set up; `make help` lists the rest.
.DEFAULT_GOAL := help
.PHONY: help install run demo check client test coverage faults fuzz slow readers notebooks replay screenshot requirements audit sbom bench bench-check bench-growth bench-peers bench-pages
MAKEFLAGS += --no-print-directory

PYTHON := .venv/bin/python
DATA_DIR ?= .data
# What pip, npm and the programs started here write lands in the checkout, never in the home folder.
INSTALL = python=$$(sh local/find_python.sh) && "$$python" local/install.py

INSTALL_PEERS = { test -x .venv/peers/bin/uwsgi || $(PYTHON) -m venv .venv/peers; } && \
	.venv/peers/bin/python -m pip install --quiet --no-cache-dir -r bench/peers/requirements.txt

# What has a target of its own.
OTHERS = --ignore=tests/faults --ignore=tests/fuzz --ignore=tests/readers --ignore=tests/notebooks

TOOLS = $(PYTHON) -m venv .venv/tools && .venv/tools/bin/python -m pip install --quiet --no-cache-dir

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: ## Install everything for running, tests and checks into .venv
	@$(INSTALL) test

run: ## Start LabelAPI with its own PostgreSQL and Azurite (PORT=8080, DATA_DIR=.data)
	@$(INSTALL) run && exec $(PYTHON) -m local run

demo: ## Fill the running service with pictures, labels and a dataset, by the command labelapi (kept in .venv/labelapi)
	@$(INSTALL) run
# It is installed as people install it; the checkout stays its source, so that a newer one is used at once.
	@.venv/labelapi/bin/labelapi --version >/dev/null 2>&1 || { echo "Installing the command labelapi …" && $(PYTHON) -m venv .venv/labelapi && \
		.venv/labelapi/bin/python -m pip install --quiet --no-cache-dir --editable ./client pillow; }
	@exec .venv/labelapi/bin/python examples/demo.py "$(DATA_DIR)/admin.json"

check: ## Run the linters and the type checker
	@$(INSTALL) test
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	.venv/bin/hadolint Dockerfile
	.venv/bin/check-jsonschema --quiet --builtin-schema vendor.compose-spec compose.yaml

# Some machines forbid it to keep what is compiled; then each of the many programs that tests start would compile all of it again.
bench bench-check client test coverage faults fuzz slow: export PYTHONDONTWRITEBYTECODE =

test: ## Run the tests on real PostgreSQL and Azurite (ARGS="-k name": some)
	@$(INSTALL) test
	$(PYTHON) -m pytest -n 3 --dist loadfile $(OTHERS) $(ARGS)

coverage: ## Run the same tests and measure which lines and branches they reach, which takes half as long again
	@$(MAKE) test ARGS="--cov --cov-report=term $(ARGS)"

client: ## Build the wheel of the client, and test it in an empty environment against a real service (ARGS="-k name": some)
	@$(INSTALL) test
	@rm -rf client/dist .venv/client
	@$(PYTHON) -m venv .venv/client
	@.venv/client/bin/python -m pip wheel --quiet --no-cache-dir --no-deps --wheel-dir client/dist ./client
	@.venv/client/bin/python -m pip install --quiet --no-cache-dir "$$(echo client/dist/*.whl)[test]"
	cd client && ../.venv/client/bin/python -m pytest $(ARGS)

faults: ## Kill, stop and disconnect programs, and check that nothing is lost (FAULTS=long for the long form)
	@$(INSTALL) test
	$(PYTHON) -m pytest -n 2 --dist worksteal tests/faults $(ARGS)

fuzz: ## Send generated valid and invalid requests to a real service (FUZZ_SEED=number for other requests)
	@$(INSTALL) test
	MUTATED_BODIES=10000 $(PYTHON) -m pytest -n 2 --dist worksteal -rP tests/fuzz tests/api/test_mutated_bodies.py $(ARGS)

slow: ## Run the tests that take long, with a browser, whole programs or large tables
	@$(INSTALL) test
	$(PYTHON) -m pytest -n 2 --dist loadfile -m slow $(OTHERS) $(ARGS)

readers: ## Let the programs that people train with read our files (1 GB of packages, in .venv/readers)
	@$(INSTALL) test
	test -x .venv/readers/bin/python || $(PYTHON) -m venv .venv/readers
	.venv/readers/bin/python -m pip install --quiet --no-cache-dir --require-hashes -r tests/readers/requirements.txt
	REQUIRE_READERS=1 $(PYTHON) -m pytest -n 2 tests/readers $(ARGS)

notebooks: ## Run the notebooks of examples/ from the first cell to the last (the one that trains needs the package python3-torchvision)
	@$(INSTALL) test
# torch of the package registry brings several GB for graphics cards along; Debian's and Ubuntu's is for the processor.
	@test -x .venv/notebooks/bin/python || /usr/bin/python3 -m venv --system-site-packages .venv/notebooks
	@.venv/notebooks/bin/python -m pip install --quiet --no-cache-dir --require-hashes -r tests/notebooks/requirements.txt
	@.venv/notebooks/bin/python -m pip install --quiet --no-cache-dir --no-deps ./client
	REQUIRE_NOTEBOOKS=1 $(PYTHON) -m pytest -n 0 tests/notebooks $(ARGS)

replay: ## Follow the Dockerfile in an empty folder, without Docker, and run the result
	@$(INSTALL) test
	$(PYTHON) -m pytest -n 0 tests/replay_dockerfile.py

screenshot: ## Take the README's pictures of the labeling page and of Swagger UI again (needs Chromium)
	@$(INSTALL) test
	REQUIRE_BROWSER=1 LABELING_PICTURE=docs/images/labeling.jpg SCREENSHOT=docs/images/swagger-ui.png $(PYTHON) -m pytest -q -m slow tests/browser -k picture

bench: ## Measure the service beside its limits, ten minutes (ROWS="put_objects": some, not recorded)
	@$(INSTALL) test
	$(PYTHON) -m bench $(ROWS)

bench-check: ## Measure three ratios within a minute, and fail if one is far from its goal
	@$(INSTALL) test
	$(PYTHON) -m bench.check

bench-growth: ## Measure how time grows up to a million images and ten million objects
	@$(INSTALL) test
	$(PYTHON) -m bench.growth

bench-peers: ## Measure the same work in Label Studio (1 GB of packages, in .venv/peers)
	@$(INSTALL) test
	@$(INSTALL_PEERS)
	$(PYTHON) -m bench.peers.label_studio

bench-pages: ## Measure the labeling page beside that of Label Studio in Chromium, a quarter of an hour (the packages of bench-peers)
	@$(INSTALL) test
	@$(INSTALL_PEERS)
	$(PYTHON) -m bench.peers.pages

requirements: ## Pin the newest versions of the requirements in the .in files
	@$(INSTALL) run
	@$(TOOLS) uv
	@for list in requirements-core requirements requirements-embedded requirements-console requirements-azureml test_requirements tests/readers/requirements tests/notebooks/requirements; do \
		echo "$$list.txt …"; \
		.venv/tools/bin/uv pip compile --quiet --universal --python-version 3.11 --upgrade --no-cache --no-header \
			--no-annotate --no-emit-index-url --no-emit-find-links --generate-hashes --no-strip-extras \
			--output-file "$$list.txt" "$$list.in" || exit; \
	done

audit: ## Look up known vulnerabilities of what `make run` installs (asks the package registry)
	@$(INSTALL) run
	@$(TOOLS) pip-audit
	.venv/tools/bin/pip-audit --strict --require-hashes --disable-pip --requirement requirements-core.txt

sbom: ## Write the software bill of materials of the image, sbom.cdx.json (CycloneDX)
	@$(INSTALL) run
	@$(TOOLS) cyclonedx-bom
	.venv/tools/bin/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible --output-file sbom.cdx.json requirements.txt
