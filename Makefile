# The two commands: `make demo` shows the main job, `make test` runs every test. Both install what they need.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# The demo plays against the simulator, or against a real terminal: make demo TERMINAL=ws://192.168.1.20:35779 APP_ID=...
TERMINAL ?=
APP_ID ?=
# How many worlds `make simulate` plays, and which seed it starts from.
SEEDS ?= 100000
# How many kills and cuts `make torture` makes.
ROUNDS ?= 300
# Set to 1 for a short `make bench`.
QUICK ?=
# Where `make install` puts things.
PREFIX ?= /usr/local

.PHONY: help demo test lint unit simulate torture bench costs header build install-tools clean

help:
	@echo 'make demo      build everything, start the simulator and take payments with the C till'
	@echo 'make demo TERMINAL=ws://HOST:35779 APP_ID=...   the same on a real terminal, after asking'
	@echo 'make test      every test there is (under 15 minutes on two cores, after the first build)'
	@echo 'make build     the release library, the command line and the simulator, in target/release'
	@echo 'make header    write include/ecrhub.h anew'
	@echo 'make simulate  SEEDS=$(SEEDS) simulated worlds of tills, terminals and faults'
	@echo 'make bench     measures it against what a developer would use instead; QUICK=1 for a short run'
	@echo 'make torture   ROUNDS=$(ROUNDS) kills and cuts of a real till process'

demo: install-tools
	@TERMINAL='$(TERMINAL)' APP_ID='$(APP_ID)' scripts/demo

build: install-tools
	cargo build --release --workspace

test: install-tools lint unit simulate torture
	@echo 'make test: all of it passed'

# Formatting, lints and the documentation's own rules.
lint: install-tools
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --all-features -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc -p ecrhub -p ecrhub-simulator --no-deps --document-private-items
	scripts/check-repository

# Units, the C contract, real sockets, the command line, the simulator.
unit: install-tools
	cargo test --workspace

simulate: install-tools
	SEEDS=$(SEEDS) cargo test --profile simulation --features planted-faults --test simulation -- --nocapture

torture: install-tools
	ROUNDS=$(ROUNDS) cargo test --test torture -- --nocapture

# What ecrhub costs, against what a developer would use instead: installs the peers, writes docs/benchmarks.md (under 15
# minutes). QUICK=1 only shows that it works.
bench: install-tools
	@QUICK='$(QUICK)' scripts/bench

# The counts that must not grow: instructions, allocations, system calls, memory.
costs: install-tools
	cargo test --test costs -- --nocapture

header: install-tools
	UPDATE_HEADER=1 cargo test --test header

install-tools:
	@scripts/install-tools

clean:
	cargo clean
