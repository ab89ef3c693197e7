# A thin front on meson; `make help` lists what it does.
#
# `make demo` and `make check` install what they need with apt (as root, or through sudo) and need
# nothing beforehand but git, make and sudo on Debian 12.

BUILD  ?= build
PYTHON ?= /usr/bin/python3
NINJA   = ninja -C $(BUILD)

.PHONY: all build preloaded deps deps-check deps-lint demo check check-faults check-laws check-scale lint fuzz bench bench-quick install \
	clean help

all: build

build: $(BUILD)/build.ninja
	@$(NINJA) --quiet
	@ln -sf terminal/cli/cloudbox $(BUILD)/cloudbox
	@ln -sf server/cloudboxd $(BUILD)/cloudboxd

$(BUILD)/build.ninja:
	@tools/deps.sh --missing build || { echo "Some packages are missing: type 'make deps' first." >&2; exit 1; }
	@meson setup $(BUILD) -Dtests=false >$(BUILD).log 2>&1 || { cat $(BUILD).log >&2; exit 1; }
	@mv $(BUILD).log $(BUILD)/meson-setup.log

# What stories of faults and of clocks preload (tests/fault).
preloaded: $(BUILD)/build.ninja
	@$(NINJA) --quiet tests/fault/libfault.so tests/fault/libclock.so

deps:
	@tools/deps.sh build

deps-check:
	@tools/deps.sh build check lint

deps-lint:
	@tools/deps.sh build check lint

demo: deps build
	@examples/demo.sh $(BUILD)

check: deps-check
	@$(PYTHON) tools/check.py $(SUITES)

# Every bit, every point, every round of the attacks that `check` tries a sample of: hours.
check-faults: deps-check
	@$(PYTHON) tools/check.py faults

# The laws of merging on 20,000 pairs grown from real cards (`check` tries 2,000): minutes.
check-laws: deps-check
	@$(PYTHON) tools/check.py laws

# Restores of 1,000, 10,000 and 100,000 contacts: memory, CPU, and what was written; minutes.
check-scale: deps-check build
	@CLOUDBOX_BUILD=$(BUILD) CLOUDBOX_SCALE=$${CLOUDBOX_SCALE:-1000,10000,100000} CLOUDBOX_PATIENCE=3600 \
		$(PYTHON) -m pytest -q -s -p no:cacheprovider tests/e2e/test_scale.py

lint: deps-lint
	@$(PYTHON) tools/lint.py

# FUZZ_SECONDS=60 for each target; make fuzz TARGETS='card merge' for some of them.
fuzz: deps-check
	@$(PYTHON) tools/fuzz.py run $(TARGETS)

# Beside restic and borg (ten minutes on two idle cores); ARGUMENTS='--peers cloudbox --repeat 1' for less.
bench bench-quick: deps
	@tools/deps.sh bench
	@[ -f build-check/release/build.ninja ] || \
		meson setup build-check/release --buildtype=release -Dtests=false >/dev/null
	@ninja -C build-check/release --quiet
	@$(PYTHON) tests/bench/bench.py $(if $(filter bench-quick,$@),--quick) $(ARGUMENTS)

install: build
	@meson install -C $(BUILD) --no-rebuild

clean:
	rm -rf build build-check

help:
	@echo "make            build/cloudbox and build/cloudboxd"
	@echo "make deps       install what building needs (Debian packages)"
	@echo "make demo       the main job, for real, on an embedded server, in under a minute"
	@echo "make check      all tests; make check SUITES='unit e2e' for some of them"
	@echo "make check-scale   restores of 1,000 to 100,000 contacts: memory, CPU, writes; minutes"
	@echo "make check-faults  the attacks in full: every bit, every point, every round; hours"
	@echo "make check-laws the laws of merging on 20,000 pairs of cards; minutes"
	@echo "make lint       clang-format and clang-tidy"
	@echo "make fuzz       every decoder and parser for a minute (FUZZ_SECONDS, TARGETS)"
	@echo "make bench      bytes, CPU and memory beside restic and borg; make bench-quick: a small form"
	@echo "make install    into /usr/local, or meson's prefix; tools/deps.sh eds before make: GNOME's data, too"
