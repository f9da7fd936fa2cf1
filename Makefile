# Errata: the ways in. `make run` and `make test` are all that a newcomer needs.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run build check test reference differential grouping-score soak bench bench-log profile supply fuzz clean

UI_SOURCES := $(shell find web-ui sdk-ts proto/errata -type f -not -path '*/node_modules/*' -not -path '*/dist/*' 2>/dev/null)

help: ## Show the targets
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

run: build ## Build everything and start the server on http://127.0.0.1:8470
	./target/release/errata serve --data-dir ./data

build: web-ui/dist/index.html ## Build target/release/errata, web UI included; debug information goes into errata.debug beside it
	cargo build --release --locked --bin errata
	objcopy --only-keep-debug target/release/errata target/release/errata.debug
	cd target/release && objcopy --strip-debug --add-gnu-debuglink=errata.debug errata errata.stripped && mv errata.stripped errata

web-ui/node_modules/.package-lock.json: web-ui/package-lock.json
	cd web-ui && npm ci --ignore-scripts --no-audit --no-fund

web-ui/dist/index.html: web-ui/node_modules/.package-lock.json $(UI_SOURCES)
	cd web-ui && npm run build

check: ## Fast: formatting, lints, unit tests
	tests/scripts/check.sh

test: ## Everything: check, and the end-to-end tests (installs what they need)
	tests/scripts/test.sh

reference: ## Make docs/reference anew from the program
	cargo build --locked --bin errata
	for page in configuration cli metrics errors routes numbers; do target/debug/errata reference $$page > docs/reference/$$page.md; done
	target/debug/errata reference schema > docs/reference/errata.schema.json

differential: ## What is stored of real events beside what Relay makes of them
	tests/scripts/differential.sh

grouping-score: ## What of the corpus of grouping holds, by tier, platform and area
	cargo test -q -p grouping --test corpus -- --ignored --nocapture score

soak: ## The proof of durability, some 20 minutes, as root: see docs/durability.md
	tests/scripts/soak.sh

supply: ## Licences and advisories, unused dependencies, spelling, the API's form, commit messages
	tests/scripts/supply.sh

fuzz: ## Every fuzzer for FUZZ_SECONDS (60)
	tests/scripts/fuzz.sh

bench: ## The server beside a bare one, some 5 minutes: see benches/README.md; BENCH_FULL=1 for the long storm and the soak
	cargo build --release --locked -p benches --bins
	cargo build --release --locked --bin errata
	target/release/server_speed $(if $(BENCH_FULL),--full)

bench-log: ## The log beside the disk, the memory and its peers; BENCH_FULL=1 for more rounds
	cargo build --release --locked -p benches --bins --features peers
	target/release/log_limits $(if $(BENCH_FULL),--full)

profile: ## Where a server's time goes under load, by thread and by function (perf); PROFILE_SIZE=small|large
	cargo build --release --locked -p benches --bin load
	cargo build --release --locked --bin errata
	benches/profile.sh

clean: ## Remove what was built
	cargo clean
	rm -rf web-ui/dist sdk-ts/dist web-ui/node_modules sdk-ts/node_modules tests/clients/node_modules tests/clients/.venv
