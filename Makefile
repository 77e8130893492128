# The commands of this repository. `make demo` and `make test` do all the
# set-up on a fresh Debian 12 with Rust, Node, Java, Maven and root.

# Outside the clone, so that every clone and CI run shares what is built.
export CARGO_TARGET_DIR ?= $(HOME)/.cache/padwacht/target
export CARGO_INCREMENTAL ?= 0

assets := dashboards/dist/manifest.json
asset_sources := $(shell find dashboards/assets dashboards/build.mjs dashboards/tsconfig.json -type f 2>/dev/null)
node_modules := dashboards/node_modules/.package-lock.json

.DELETE_ON_ERROR:
.PHONY: help demo test nightly lint assets bench fuzz sbom advisories setup setup-test

help:
	@echo 'make demo    the whole product on a simulated ISP; ARGS="--services 50" passes flags on'
	@echo 'make test    all tests, against a real Kafka, PostgreSQL and ClickHouse engine'
	@echo 'make nightly the engine against the oracle for half an hour: 20,000 worlds of each kind; years of LibreNMS'
	@echo 'make lint    format, clippy, documentation, and what may depend on what'
	@echo 'make bench   the benchmarks: the engine alone and at its largest, reading LibreNMS, how soon a change is seen, and live from Kafka to ClickHouse'
	@echo 'make fuzz    two minutes for each parser against broken input; ARGS="600 samples" for more of one'
	@echo 'make sbom    what is in the product, as CycloneDX; advisories: what is known against it'
	@echo 'make assets  the files for the browser'
	@echo 'make setup   only the packages that a build needs'

demo: setup $(assets)
	cargo run --locked --bin padwacht -- demo $(ARGS)

test: setup-test $(assets)
	deploy/scripts/with-services deploy/scripts/count-tests cargo test --locked --workspace --no-fail-fast

# As in `make test`, but longer; NIGHTLY=100000 asks for more worlds yet. What
# fails is kept beside the test, in main.regressions.
NIGHTLY ?= 20000
nightly: setup
	PROPTEST_CASES=$(NIGHTLY) cargo test --locked --package correlate --test edits --test worlds
	PADWACHT_TRACE_SEEDS=20 cargo test --locked --package correlate --test traces
	PADWACHT_ORDERS=200 cargo test --locked --package correlate --test play
	PADWACHT_MONTHS_SEEDS=20 cargo test --locked --package ingest --test months

lint: setup $(assets)
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings -A rustdoc::private-intra-doc-links' cargo doc --locked --workspace --no-deps --document-private-items
	npm --prefix dashboards run --silent check
	.ci/check-tidy
	.ci/check-security
	.ci/check-core
	.ci/check-licences

bench: setup-test $(assets)
	cargo bench --locked --package correlate
	cargo bench --locked --package store --bench scale
	cargo bench --locked --package ingest --bench nms
	cargo bench --locked --package padwacht --bench latency
	cargo bench --locked --package padwacht --bench live

fuzz: setup
	tests/fuzz/run $(ARGS)

# For whoever releases: it goes beside the binary.
sbom:
	@mkdir -p $(CARGO_TARGET_DIR)
	node deploy/scripts/sbom.mjs > $(CARGO_TARGET_DIR)/padwacht.cdx.json
	@echo $(CARGO_TARGET_DIR)/padwacht.cdx.json

advisories: $(node_modules)
	.ci/check-advisories

assets: $(assets)

setup:
	@deploy/scripts/setup build

setup-test:
	@deploy/scripts/setup build test

# npm writes this file last, so it is there only when everything is.
$(node_modules): dashboards/package-lock.json
	npm ci --prefix dashboards --no-audit --no-fund
	@touch $@

$(assets): $(node_modules) $(asset_sources)
	npm --prefix dashboards run --silent build
