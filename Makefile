# Two commands do everything on a fresh Debian machine:
#   make image RECIPE=recipes/gateway.recipe    installs what is missing, compiles, locks, composes, prints the image's path
#   make check                                  the same set-up, and all tests
PREFIX  ?= /usr/local
B       ?= build
VERSION := 0.1.0

PACKAGES := libyaml archive jansson libcurl libcrypto zlib libzstd fdisk
CC       ?= cc
CFLAGS   ?= -O2 -g
WARN     := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes
CPPFLAGS += -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DAETHER_VERSION='"$(VERSION)"' -Ibuilder
ALL_CFLAGS = -std=gnu17 $(CFLAGS) $(WARN) -MMD -MP -pthread
PKG_CFLAGS = $(shell pkg-config --cflags $(PACKAGES))
PKG_LIBS   = $(shell pkg-config --libs $(PACKAGES)) -lm

ROOMS   := base edge disk artifact recipe lock plan tree verb
SOURCES := $(foreach r,$(ROOMS),$(wildcard builder/$(r)/*.c))
OBJECTS := $(SOURCES:builder/%.c=$(B)/%.o)
TESTS   := $(wildcard tests/unit/*.c)
AGENT   := $(wildcard builder/agent/*.c)

.PHONY: all
all: $(B)/aether-build $(B)/aether-init

$(B)/aether-build: $(B)/main.o $(B)/libaether.a
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(B)/libaether.a: $(OBJECTS)
	@rm -f $@
	$(AR) rcs $@ $^

# The program that lives in the image: static, small, no library of ours.
$(B)/aether-init: $(AGENT:builder/%.c=$(B)/%.o)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -static -s -Wl,--build-id=none -o $@ $^

$(B)/%.o: builder/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(PKG_CFLAGS) -c -o $@ $<

# --- tests -----------------------------------------------------------------------------------------------------------
$(B)/tests/unit-tests: $(TESTS:tests/unit/%.c=$(B)/tests/unit/%.o) $(B)/libaether.a
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS) $(shell pkg-config --libs check)

$(B)/tests/unit/%.o: tests/unit/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Itests/unit $(ALL_CFLAGS) -Wno-missing-prototypes $(PKG_CFLAGS) $(shell pkg-config --cflags check) -c -o $@ $<

.PHONY: unit
unit: $(B)/tests/unit-tests
	$<

.PHONY: clean
clean:
	rm -rf $(B)

-include $(shell find $(B) -name '*.d' 2>/dev/null)
