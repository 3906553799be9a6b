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
# Where `make install` puts things.
PREFIX ?= /usr/local

.PHONY: help demo test lint unit bindings simulate torture header contract build install-tools clean

help:
	@echo 'make demo      build everything, start the simulator and take payments with a till in C, Python and C#'
	@echo 'make demo TERMINAL=ws://HOST:35779 APP_ID=...   the same on a real terminal, after asking'
	@echo 'make test      every test there is (under 15 minutes on two cores, after the first build)'
	@echo 'make build     the release library, the command line and the simulator, in target/release'
	@echo 'make header    write include/ecrhub.h anew; make contract: bindings/contract.json'
	@echo 'make simulate  SEEDS=$(SEEDS) simulated worlds of tills, terminals and faults'
	@echo 'make torture   ROUNDS=$(ROUNDS) kills and cuts of a real till process'

demo: install-tools
	@TERMINAL='$(TERMINAL)' APP_ID='$(APP_ID)' scripts/demo

build: install-tools
	cargo build --release --workspace

test: install-tools lint unit bindings simulate torture
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

# The Python and .NET packages: their own tests, types, packages, and ten thousand sales each.
bindings: build
	scripts/test-python
	scripts/soak-python
	scripts/build-csharp
	scripts/test-csharp
	scripts/test-nupkg
	scripts/soak-csharp

simulate: install-tools
	SEEDS=$(SEEDS) cargo test --profile simulation --features planted-faults --test simulation -- --nocapture

torture: install-tools
	ROUNDS=$(ROUNDS) cargo test --test torture -- --nocapture

header: install-tools
	UPDATE_HEADER=1 cargo test --test header

contract: install-tools
	UPDATE_CONTRACT=1 cargo test --package ecrhub --lib contract

install-tools:
	@scripts/install-tools

clean:
	cargo clean
