# The two commands: `make demo` shows the main job, `make test` runs every test. Both install what they need.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# The demo plays against the simulator, or against a real terminal: make demo TERMINAL=ws://192.168.1.20:35779 APP_ID=...
TERMINAL ?=
APP_ID ?=
# How many worlds `make simulate` plays, and which seed it starts from.
SEEDS ?= 100000
# How many faults `make explore` allows in one world (what `make test` explores, if empty), and when a case is cut off.
FAULTS ?=
SECONDS ?=
STATES ?=
# What `make stress` repeats; a new one each time, if empty.
SEED ?=
# Only kinds of terminals whose name has these words.
KIND ?=
# Which fuzz targets `make fuzz` runs; SECONDS is how long each (60, if empty).
TARGETS ?=
# How many kills and cuts `make torture` makes.
ROUNDS ?= 300
# Only the attacks of `make hostile`, or the cases of `make faults`, in whose names (as printed) this is.
ONLY ?=
# Set to 1 to have `make audit` look up known faults, too.
ADVISORIES ?=
# Set to 1 for a short `make bench`.
QUICK ?=
# Which part of the changes `make mutants` makes (0/8 to 7/8, say), and in which files only.
SHARD ?=
FILES ?=
# Where `make install` puts things.
PREFIX ?= /usr/local

.PHONY: help demo test test-begins lint unit bindings simulate explore torture faults fuzz hostile audit sanitize stress mutants bench costs header contract build install-tools clean

help:
	@echo 'make demo      build everything, start the simulator and take payments with a till in C, Python and C#'
	@echo 'make demo TERMINAL=ws://HOST:35779 APP_ID=...   the same on a real terminal, after asking'
	@echo 'make test      every test there is (under 15 minutes on two cores, after the first build)'
	@echo 'make build     the release library, the command line and the simulator, in target/release'
	@echo 'make header    write include/ecrhub.h anew; make contract: bindings/contract.json and docs/codes.md'
	@echo 'make simulate  SEEDS=$(SEEDS) simulated worlds of tills, terminals and faults'
	@echo 'make explore   every order of events in small worlds; FAULTS=2 (ten minutes) or 3 (an hour): more of them'
	@echo 'make audit     licences and sources of every dependency (a minute; once ten more, for cargo-deny); ADVISORIES=1'
	@echo 'make sanitize  the tests and the C programs under the address, leak and thread sanitizers (under 60 minutes on two cores)'
	@echo 'make stress    SECONDS=60 of 16 threads that call everything at random, under ASan; SEED=... repeats their calls'
	@echo 'make bench     measures it against what a developer would use instead; QUICK=1 for a short run'
	@echo 'make hostile   each attack of a hostile terminal, with a table: needs a machine that does nothing else (six minutes)'
	@echo 'make torture   ROUNDS=$(ROUNDS) kills and cuts of a real till process'
	@echo 'make fuzz      each fuzz target for SECONDS=60, six minutes and a build; TARGETS="session ..." only these'
	@echo 'make faults    a real till process at whose every system call something goes wrong (an hour on two cores)'
	@echo 'make mutants   changes the code that decides about money, one thing at a time: do tests notice? SHARD=0/8 (half an'
	@echo '               hour on two cores) for a part, FILES="src/session/*.rs" for some; all of it takes four hours'
	@echo 'make dist      archives, wheels and packages for all platforms, in dist/ (under 40 minutes on two cores)'
	@echo 'make test-dist try what make dist made: natively, in emulators, in other projects'
	@echo 'make reproduce PLATFORMS="linux-x64 ..." make dist twice, in two folders: is everything the same?'
	@echo 'make install   PREFIX=$(PREFIX) [DESTDIR=...] the release build, for C, C++, pkg-config and CMake'
	@echo 'make package   the crate, checked, and a .nupkg with this machine'\''s library, in target/package'
	@echo 'make abi-check refuse what breaks programs that exist'

demo: install-tools
	@TERMINAL='$(TERMINAL)' APP_ID='$(APP_ID)' scripts/demo

build: install-tools
	cargo build --release --workspace

test: test-begins install-tools lint unit abi-check bindings simulate explore torture
	@# For scripts/release-checklist: what was tested, if nobody changed anything meanwhile.
	@scripts/commit | cmp -s - target/testing && mv target/testing target/test-passed || echo 'The sources have changed meanwhile.'
	@echo 'make test: all of it passed'

test-begins:
	@mkdir -p target && rm -f target/test-passed && scripts/commit >target/testing

# Formatting, lints and the documentation's own rules.
lint: install-tools
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --all-features -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc -p ecrhub -p ecrhub-simulator --no-deps --document-private-items
	scripts/check-repository

# Units, the C contract, real sockets, the command line, the simulator, what each binding does, what a round trip costs.
# The release library comes first: what is counted and what Python and C# load is what ships.
unit: build
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

# Every order of events in small worlds; one test at a time, as what each case costs is printed.
explore: install-tools
	FAULTS='$(FAULTS)' KIND='$(KIND)' SECONDS='$(SECONDS)' STATES='$(STATES)' \
	    cargo test --profile simulation --features planted-faults --test explore -- --nocapture --test-threads 1

# One process of a till, one of a hostile terminal and a well-behaved neighbour for each attack; ONLY="words" plays some.
hostile: install-tools
	ONLY='$(ONLY)' cargo test --profile simulation --test hostile -- --ignored --exact --nocapture \
	    table::no_attack_delays_the_neighbour_by_more_than_100_ms

torture: install-tools
	ROUNDS=$(ROUNDS) cargo test --test torture -- --nocapture

# Whatever a terminal, a till, a configuration or a damaged file may say, as long as somebody likes: docs/fuzzing.md.
fuzz: install-tools
	@SECONDS_EACH='$(SECONDS)' TARGETS='$(TARGETS)' scripts/fuzz

# Every dependency against deny.toml. ADVISORIES=1 also looks up known faults, where the network allows it: SECURITY.md.
audit: install-tools
	@ADVISORIES='$(ADVISORIES)' scripts/audit

# Each call about the journal fails, each call is the last before a kill or a power cut, and at each call the clocks jump.
faults: install-tools
	COMPLETE=1 ONLY='$(ONLY)' cargo test --test faults -- --nocapture

# What is reported must be mended, or be false and have its reason in tests/sanitize: docs/sanitizers.md.
sanitize: install-tools
	scripts/sanitize

stress: install-tools
	scripts/sanitize stress '$(SEED)' '$(SECONDS)'

# What ecrhub costs, against what a developer would use instead: installs the peers, writes docs/benchmarks.md (under 15
# minutes). QUICK=1 only shows that it works.
bench: install-tools
	@QUICK='$(QUICK)' scripts/bench

# The counts that must not grow: instructions, allocations, system calls, memory.
costs: install-tools
	cargo test --test costs -- --nocapture

# Mutation testing of the session, the protocol, the journal's rules and the masking: docs/mutants.md.
mutants: install-tools
	@SHARD='$(SHARD)' FILES='$(FILES)' scripts/mutants

header: install-tools
	UPDATE_HEADER=1 cargo test --test header

contract: install-tools
	UPDATE_CONTRACT=1 cargo test --package ecrhub --lib contract

install-tools:
	@scripts/install-tools

clean:
	cargo clean

# What ships. `make dist` and `make test-dist` take PLATFORMS="linux-x64 ..." and make or try only those.
.PHONY: dist test-dist reproduce install package abi-check
PLATFORMS ?=

# Everything for every platform, into dist/: archives, wheels, the NuGet package, checksums, the bill of materials.
dist:
	scripts/dist/make $(PLATFORMS)

# Each archive and package, tried as far as this machine can: docs/platforms.md.
test-dist:
	scripts/dist/test $(PLATFORMS)

# The same commit made twice, and compared to the byte. It takes twice the time of make dist, and two gigabytes a platform.
reproduce:
	scripts/dist/reproduce $(PLATFORMS)

# The release build below PREFIX; DESTDIR stands before it for packagers. It is brought up to date first, but where there is
# no cargo, as with sudo: then what was staged before is installed.
install:
	@! command -v cargo >/dev/null || $(MAKE) build
	scripts/dist/install '$(abspath $(PREFIX))' '$(DESTDIR)'

# The crate, from which nothing may be missing, and the .NET package with this machine's own library, without the .NET SDK.
package: build
	scripts/dist/crate
	scripts/build-csharp
	scripts/dist/own-nupkg

# What programs that exist rely on, and the gate's own tests: docs/abi.md.
abi-check: install-tools
	cargo build --workspace
	tests/dist/abi_gate.py
	scripts/dist/abi-check --library target/debug/libecrhub.so
