# For people: each target installs what it needs (Debian), builds, and does one thing. The build itself is meson's.

BUILD  ?= build
PREFIX ?= /usr/local

all: build

# Not a file: ninja knows what is out of date.
build: $(BUILD)/build.ninja
	@ninja -C $(BUILD)

$(BUILD)/build.ninja:
	@scripts/bootstrap run build
	@meson setup --prefix=$(PREFIX) $(BUILD)

demo: build
	@scripts/demo $(BUILD)

# Everything, with one line of counts at the end.
test:
	@scripts/test $(BUILD)

# The quick rings: unit tests, cases, corpora, layers, sizes, and style.
check:
	@scripts/bootstrap style
	@scripts/check-style
	@scripts/test --quick $(BUILD)

bench: build
	@test/bench/bench $(BUILD)

fuzz:
	@scripts/fuzz $(BUILD)-fuzz 10

install: build
	@meson configure --prefix=$(PREFIX) $(BUILD) >/dev/null
	@meson install -C $(BUILD) --quiet --destdir "$(DESTDIR)"

clean:
	@rm -rf $(BUILD) $(BUILD)-clang $(BUILD)-fuzz $(BUILD)-sanitize $(BUILD)-thread

.PHONY: all build demo test check bench fuzz install clean
