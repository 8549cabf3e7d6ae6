# sigtrace. `make` prints the targets; V=1 shows whole commands.
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
SHELL := /bin/sh

# The distribution's own Python: another python3 may come first on PATH, and cannot see its bcc module.
PYTHON := /usr/bin/python3
VENV   := .venv
BIN    := $(VENV)/bin
# What every kernel loads through libbpf, and what newer ones load faster: tracer/libbpf/loader.py.
OBJECT  := tracer/sigtrace.bpf.o
LOADERS := tracer/sigtrace.loader tracer/sigtrace-twice.loader tracer/sigtrace-whole.loader
BUILT   := $(OBJECT) $(LOADERS)
ARGS   ?= --signal 9
SUDO   := $(if $(filter 0,$(shell id -u)),,sudo)

ARCH   := $(shell uname -m | sed 's/x86_64/x86/; s/aarch64/arm64/; s/ppc64le/powerpc/; s/s390x/s390/')
TRIPLE := $(shell uname -m)-linux-gnu
CLANG  ?= clang
# -g keeps the BTF that CO-RE needs; no file tells in which folder it was made; asm/ headers lie in the multiarch folder on Debian.
BPF_CFLAGS := -g -O2 -Wall -Wextra -Wno-unused-parameter -target bpf -D__TARGET_ARCH_$(ARCH) \
              -idirafter /usr/include/$(TRIPLE) '-ffile-prefix-map=$(CURDIR)=.'

ifeq ($(V),1)
  Q :=
  say = @:
else
  Q := @
  say = @printf '  %-7s %s\n'
endif

.PHONY: help
help: ## print this list
	@echo "usage: make TARGET"; echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { \
		line = sprintf("  %-15s", $$1); words = split($$2, word, " "); \
		for (at = 1; at <= words; at++) { \
			if (length(line) + length(word[at]) > 78) { print line; line = sprintf("%17s", "") } \
			line = line " " word[at] \
		} \
		print line }' $(MAKEFILE_LIST)

.PHONY: run
run: setup ## set up what is missing, then trace: make run ARGS='--signal TERM,KILL --json'
	@exec $(SUDO) '$(BIN)/sigtrace' $(ARGS)

# A checkout that cannot be written to is copied into VENV, and built there.
ifeq ($(shell [ -w . ] || echo no),no)
.PHONY: setup
setup:
	$(Q)VENV='$(VENV)' MAKE='$(MAKE)' packaging/setup-elsewhere.sh
else
.PHONY: setup
setup: $(VENV)/.setup $(BUILT) ## install packages, make .venv/bin/sigtrace, compile the BPF program
	@echo "  now:$(if $(SUDO), sudo) '$$(cd $(BIN) && pwd)/sigtrace' $(ARGS)"
endif

build/docs: $(wildcard packaging/*.py docs/record*.md) $(shell find tracer -name '*.py') Makefile
	$(say) DOCS $@
	$(Q)$(PYTHON) packaging/write_docs.py $@
	@touch $@

.PHONY: install
install: $(BUILT) build/docs ## put sigtrace below PREFIX (default /usr/local), with man page and completions
	$(Q)PYTHON=$(PYTHON) packaging/install-files.sh install build/docs

.PHONY: uninstall
uninstall: ## take it away again
	$(Q)packaging/install-files.sh uninstall

.PHONY: zipapp
zipapp: $(BUILT) ## build/sigtrace: one file, to be copied to a host that has python3
	$(say) ZIPAPP build/sigtrace
	$(Q)PYTHON=$(PYTHON) packaging/write-zipapp.sh build/sigtrace

.PHONY: deb
deb: ## Debian packages of the commit that is checked out, in build/deb: HOST=arm64 for another architecture
	$(Q)HOST=$(HOST) packaging/write-deb.sh build/deb

.PHONY: install-service
install-service: setup ## put the service sigtrace-record on this host (uninstall-service takes it away)
	$(Q)$(SUDO) packaging/install-service.sh "$$(cd $(BIN) && pwd)/sigtrace"

.PHONY: uninstall-service
uninstall-service:
	$(Q)$(SUDO) packaging/install-service.sh --remove

.PHONY: build
build: $(BUILT) ## compile the BPF program

CASTS := build/sigtrace-casts.bpf.o build/sigtrace-whole.bpf.o
$(CASTS): BPF_CFLAGS += -DCASTS
build/sigtrace-whole.bpf.o: BPF_CFLAGS += -DWHOLE

$(OBJECT) $(CASTS): $(wildcard bpf/*.c bpf/*.h) | $(VENV)/.packages
	$(say) CLANG $@
	$(Q)mkdir -p $(@D) && OLD=$(OLD) packaging/compile.sh $@ $(CLANG) $(BPF_CFLAGS) -c bpf/sigtrace.bpf.c

# Each program more is milliseconds of every start: most kernels do without what is attached twice, and most
# traces without calls and commands; one loader has everything.
ASKED := on_call on_call_again
tracer/sigtrace.loader: LEFT_OUT := $(ASKED) on_exit_again on_exec_again on_free_again
tracer/sigtrace-twice.loader: LEFT_OUT := $(ASKED)

tracer/sigtrace-whole.loader: build/sigtrace-whole.bpf.o
$(filter-out %-whole.loader,$(LOADERS)): build/sigtrace-casts.bpf.o

$(LOADERS): tracer/libbpf/write_loader.py tracer/libbpf/lookups.py Makefile
	$(say) LOADER $@
	$(Q)if [ -s $(filter %.o,$^) ]; then $(PYTHON) -m tracer.libbpf.write_loader $(filter %.o,$^) $@ $(LEFT_OUT); else : > $@; fi

$(VENV)/.packages: packaging/install-packages.sh
	@$(if $(NO_SETUP),:,packaging/install-packages.sh run)
	@mkdir -p $(VENV) && touch $@

# One line in a .pth file makes the checkout's modules known; no pip, and so no network.
SITE = $(BIN)/python -c 'import sys, sysconfig; sys.stdout.write(sysconfig.get_path("purelib"))'

$(VENV)/.setup: packaging/write_launcher.py | $(VENV)/.packages
	$(say) VENV $(VENV)
	$(Q)$(PYTHON) -m venv --system-site-packages --without-pip $(VENV)
	$(Q)pwd > "$$($(SITE))/sigtrace.pth"
	$(Q)$(BIN)/python packaging/write_launcher.py $(BIN)/sigtrace
	$(Q)$(BIN)/python -m compileall -q tracer
	@touch $@

PIP := $(BIN)/pip install -q --disable-pip-version-check

$(VENV)/.dev: $(VENV)/.setup setup.cfg packaging/install-packages.sh
	@packaging/install-packages.sh test
	$(say) PIP 'dev tools'
	$(Q)$(PYTHON) -m venv --system-site-packages $(VENV)
	$(Q)$(BIN)/python packaging/write_launcher.py $(BIN)/sigtrace
	$(Q)$(PIP) $$($(BIN)/python packaging/dev_tools.py dev)
	$(Q)$(PIP) $$($(BIN)/python packaging/dev_tools.py fleet) 2> $(VENV)/fleet.log || \
		echo '  PIP     duckdb cannot be had here: its tests are skipped ($(VENV)/fleet.log says why)'
	@touch $@

.PHONY: test
test: $(VENV)/.dev $(BUILT) lint ## set up what is missing, then lint, types and the whole suite
	$(Q)$(SUDO) env $(if $(SIGTRACE_LIVE),SIGTRACE_LIVE=$(SIGTRACE_LIVE)) $(BIN)/python -m pytest $(TESTS)

.PHONY: test-long
test-long: $(VENV)/.dev $(BUILT) ## what takes minutes: storms, kills at each request and at random moments, fuzzers
	$(Q)$(SUDO) env $(if $(SIGTRACE_LIVE),SIGTRACE_LIVE=$(SIGTRACE_LIVE)) $(BIN)/python -m pytest -m long $(TESTS)
	$(Q)$(SUDO) env SIGTRACE_KILLS=200 $(BIN)/python -m pytest tests/live/lifecycle/test_recorder.py -k killed -s

.PHONY: test-fleet
test-fleet: $(VENV)/.dev ## a simulated fleet of ten million rows, on DuckDB and on Spark, and a tenth as recordings (installs pyspark and Java, 0.5 GB): ROWS=1000000
	@packaging/install-packages.sh fleet
	$(Q)$(PIP) pyspark
	$(Q)SIGTRACE_FLEET_ROWS=$(or $(ROWS),10000000) TZ=UTC $(BIN)/python -m pytest -m 'long or not long' tests/fleet tests/unit/sinks/test_metrics.py
	$(Q)$(BIN)/python -m bench.fleet $(or $(ROWS),10000000)

.PHONY: test-kernels
test-kernels: $(BUILT) ## live tests on other kernels in QEMU: KERNEL=6.12 for one, QUICK=1 for CI
	$(Q)$(SUDO) $(PYTHON) -m tests.vm kernels $(if $(KERNEL),--kernel $(KERNEL)) $(if $(QUICK),--quick)

.PHONY: vm-box
vm-box: ## build a Vagrant box from Debian's packages: SUITE=trixie for another than bookworm
	$(Q)$(SUDO) $(PYTHON) -m tests.vm box $(or $(SUITE),bookworm)

.PHONY: vm-test
vm-test: $(BUILT) ## the whole suite in the Vagrant VM, brought up and taken down: QUICK=1 for CI
	$(Q)$(SUDO) $(PYTHON) -m tests.vm cycle $(or $(SUITE),bookworm) $(if $(QUICK),--quick) $(if $(TESTS),--tests $(TESTS))

.PHONY: test-vm-quick
test-vm-quick: $(BUILT) ## for CI, after test: a few tests on another kernel, two scenarios in the VM
	$(Q)$(SUDO) $(PYTHON) -m tests.vm quick

# Where the system has them already, pip puts none into the environment.
WITH_TOOLS := PATH='$(CURDIR)/$(BIN)':"$$PATH"

.PHONY: lint
lint: $(VENV)/.dev ## ruff and mypy
	$(say) RUFF
	$(Q)$(WITH_TOOLS) ruff check -q . && $(WITH_TOOLS) ruff format -q --check .
	$(say) MYPY
	$(Q)$(WITH_TOOLS) mypy

.PHONY: format
format: $(VENV)/.dev ## put the code into its one form
	$(Q)$(WITH_TOOLS) ruff check -q --fix . ; $(WITH_TOOLS) ruff format -q .

.PHONY: bench
bench: $(VENV)/.dev $(BUILT) ## compare with the rivals, side by side: bench/results/; ARGS_BENCH='--only storm --write' for one
	@packaging/install-packages.sh bench
	$(Q)$(BIN)/python -m compileall -q tracer
	$(Q)$(SUDO) $(BIN)/python -m bench $(ARGS_BENCH)

.PHONY: bench-quick
bench-quick: $(VENV)/.dev $(BUILT) ## for CI, ours alone, a minute: fails unless kept + lost = sent
	$(Q)$(BIN)/python -m compileall -q tracer
	$(Q)$(SUDO) $(BIN)/python -m bench --quick

.PHONY: bench-journal
bench-journal: $(VENV)/.dev ## look-ups in journals of one and three million entries, made once in /var/tmp (2 GB, minutes)
	$(Q)$(BIN)/python -m bench.journal

.PHONY: pictures
pictures: setup ## the README's, from real runs: docs/pictures (needs tmux and chromium)
	$(Q)python3 -m venv build/drawing && build/drawing/bin/pip install -q rich
	$(Q)$(SUDO) build/drawing/bin/python docs/pictures/make.py

.PHONY: clean
clean: ## remove what was built (.venv stays)
	rm -rf $(BUILT) build *.egg-info .mypy_cache .ruff_cache .pytest_cache
