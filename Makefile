# Two commands do everything on a fresh Debian machine:
#   make image RECIPE=recipes/gateway.recipe    installs what is missing, compiles, locks, composes, prints the image's path
#                                           (KIND=lxc for a container template)
#   make check                                  the same set-up, and all tests
PREFIX  ?= /usr/local
KIND    ?= vm
B       ?= build
VERSION := 0.1.0

BINDIR   = $(PREFIX)/bin
LIBDIR   = $(PREFIX)/lib/aether-build
DATADIR  = $(PREFIX)/share/aether-build
DOCDIR   = $(PREFIX)/share/doc/aether-build
MANDIR   = $(PREFIX)/share/man
UNITDIR  = $(PREFIX)/lib/systemd/system

PACKAGES := yaml-0.1 libarchive jansson libcurl libssl libcrypto zlib libzstd fdisk hogweed nettle gmp
CC       ?= cc
CFLAGS   ?= -O2 -g
WARN     := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes $(if $(WERROR),-Werror)
CPPFLAGS += -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DAETHER_VERSION='"$(VERSION)"' -DAETHER_LIBDIR='"$(LIBDIR)"' -DAETHER_DATADIR='"$(DATADIR)"' -Ibuilder
ALL_CFLAGS = -std=gnu17 $(CFLAGS) $(WARN) $(HARDEN) -MMD -MP -pthread
LINK       = $(CC) $(ALL_CFLAGS) -Wl,-z,relro,-z,now,-z,noexecstack $(LDFLAGS)

# We unpack what strangers packed. A flag that the compiler does not know is left out; _FORTIFY_SOURCE needs an optimiser,
# and would hide calls from a sanitizer.
HARDEN     = -fPIE $(FORTIFY) $(KNOWN)
OPTIMISED := $(filter-out -O0,$(filter -O%,$(CFLAGS)))
FORTIFY   := $(if $(OPTIMISED),$(if $(findstring -fsanitize,$(CFLAGS)),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3))
WANTED    := -fstack-protector-strong -fstack-clash-protection -fcf-protection
KNOWN      = $(eval KNOWN := $$(shell for flag in $(WANTED); do \
		$(CC) -Werror $$$$flag -fsyntax-only -x c /dev/null 2>/dev/null && echo $$$$flag; done))$(KNOWN)

# Asked once, and only when something is compiled: before `ci/setup` has run there may be no pkg-config to ask.
PKG_CFLAGS   = $(eval PKG_CFLAGS := $$(shell pkg-config --cflags $(PACKAGES)))$(PKG_CFLAGS)
PKG_LIBS     = $(eval PKG_LIBS := $$(shell pkg-config --libs $(PACKAGES)) -lm)$(PKG_LIBS)
CHECK_CFLAGS = $(eval CHECK_CFLAGS := $$(shell pkg-config --cflags check))$(CHECK_CFLAGS)
CHECK_LIBS   = $(eval CHECK_LIBS := $$(shell pkg-config --libs check))$(CHECK_LIBS)

SOURCES := $(shell find builder -name '*.c' ! -path 'builder/machine/*' ! -path 'builder/sealed/*' ! -path builder/main.c | \
	LC_ALL=C sort)
SEALED  := $(wildcard builder/sealed/*.c builder/sealed/*/*.c)
OBJECTS := $(SOURCES:builder/%.c=$(B)/%.o)
TESTS   := $(wildcard tests/unit/*.c)
FUZZERS := $(filter-out $(B)/tests/fuzz/main,$(patsubst %.c,$(B)/%,$(wildcard tests/fuzz/*.c)))
MAINS   := builder/machine/init/init.c builder/machine/agent/agent.c builder/machine/box/box.c builder/machine/secrets/secrets.c \
	builder/machine/disks/opener.c
MACHINE := $(filter-out $(MAINS),$(wildcard builder/machine/*.c builder/machine/*/*.c))
PROGRAMS := $(B)/aether-build $(B)/aether-init $(B)/aether-agent $(B)/aether-box $(B)/aether-secrets $(B)/aether-disks

# As many compilers as processors, unless told otherwise.
ifeq ($(MAKELEVEL)$(filter -j% --jobserver%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(shell nproc)
endif

.PHONY: all
all: $(PROGRAMS) ## compile (the default)

$(B)/aether-build: $(B)/main.o $(B)/libaether.a $(B)/libsealed.a
	$(LINK) -pie -o $@ $^ $(PKG_LIBS)

$(B)/libaether.a: $(OBJECTS)
	@rm -f $@
	$(AR) rcs $@ $^

# What builder and machine both open: files of age and of SOPS.
$(B)/libsealed.a: $(SEALED:builder/%.c=$(B)/%.o)
	@rm -f $@
	$(AR) rcs $@ $^

# The programs that live in the image: static and small. They share what both need, and nothing with the builder.
$(B)/aether-init: $(B)/machine/init/init.o $(B)/libmachine.a
$(B)/aether-agent: $(B)/machine/agent/agent.o $(B)/libmachine.a
$(B)/aether-box: $(B)/machine/box/box.o $(B)/libmachine.a
$(B)/aether-secrets: $(B)/machine/secrets/secrets.o $(B)/libmachine.a $(B)/libsealed.a
$(B)/aether-disks: $(B)/machine/disks/opener.o $(B)/libmachine.a
$(B)/aether-init $(B)/aether-agent $(B)/aether-box $(B)/aether-secrets $(B)/aether-disks:
	$(LINK) -static-pie -s -Wl,--build-id=none -o $@ $^ $(AGENT_LIBS)

# Of libcrypto nothing but SHA-256; seeds are YAML, with files in it that may be packed.
$(B)/aether-box: AGENT_LIBS = -lcrypto
$(B)/aether-agent: AGENT_LIBS = -lcrypto -lyaml -lz
$(B)/aether-secrets: AGENT_LIBS = -lyaml -lhogweed -lnettle -lgmp

$(B)/libmachine.a: $(MACHINE:builder/%.c=$(B)/%.o)
	@rm -f $@
	$(AR) rcs $@ $^

$(B)/%.o: builder/%.c $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(INCLUDED) $(ALL_CFLAGS) $(PKG_CFLAGS) -c -o $@ $<

# What the program is, by its sources alone (builder/base/identity.h): no compiler, place or host is in it.
sources_digest = find $(addprefix builder/,$(1)) -name '*.[ch]' ! -path '*/machine/*' | LC_ALL=C sort | xargs sha256sum | \
	sha256sum | cut -c 1-64
$(B)/base/identity.o: INCLUDED = -include $(B)/identity
$(B)/base/identity.o: $(B)/identity
$(B)/identity: FORCE
	@mkdir -p $(@D)
	@printf '#define IDENTITY_PROGRAM "%s"\n#define IDENTITY_TREES "%s"\n#define IDENTITY_LEAKS "%s"\n' "$$($(call sources_digest,.))" \
		"$$($(call sources_digest,base edge host cache oci debian lock tree))" \
		"$$($(call sources_digest,edge leak))" >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

# Rewritten only when it would change: other flags (or another PREFIX, which is compiled in) compile everything anew.
quote = '$(subst ','\'',$(1))'
$(B)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' $(call quote,$(CPPFLAGS) $(LINK)) | cmp -s - $@ || printf '%s\n' $(call quote,$(CPPFLAGS) $(LINK)) >$@
.PHONY: FORCE
FORCE:

# --- the two commands ------------------------------------------------------------------------------------------------
# All that is said on the way goes to stderr: the one line on stdout is the path of the image.
.PHONY: image
image: ## RECIPE=FILE: everything from a bare machine to a qcow2; its path is the last line on stdout
	@test -f '$(RECIPE)' || { echo 'usage: make image RECIPE=FILE, one of:' $(wildcard recipes/*.recipe) >&2; exit 2; }
	@ci/setup build
	@$(MAKE) --no-print-directory -s all keys/ssh-user-ca.pub >&2
	@test -f '$(RECIPE:.recipe=.lock)' || $(B)/aether-build lock '$(RECIPE)' >&2
	@$(B)/aether-build $(KIND) '$(RECIPE)'

.PHONY: check
check: ## the same set-up, then every test
	@ci/setup build test
	@$(MAKE) --no-print-directory -s all sanitized >&2
	@B=$(B) tests/run $(TEST)

# Recipes trust the SSH CA whose public key stands here. It is the user's own; without one we make one to play with.
keys/ssh-user-ca.pub:
	@mkdir -p $(@D)
	@ssh-keygen -q -t ed25519 -N '' -C 'throw-away SSH user CA' -f keys/ssh-user-ca </dev/null
	@echo 'NOTE: there was no SSH user CA, so a throw-away one was made: keys/ssh-user-ca (no passphrase).' >&2
	@echo '      Whoever holds that file can log in to every image that trusts it. For real machines put the' >&2
	@echo '      public key of your own CA at keys/ssh-user-ca.pub and build again.' >&2

# --- tests -----------------------------------------------------------------------------------------------------------
# Calls of ours that tests/unit/fail.c makes fail go through it.
WRAPPED = $(shell sed -nE 's/^(CALL.[^,]*, |SYNC.)([a-z0-9_]*).*/-Wl,--wrap=\2/p' tests/unit/calls.h)
$(B)/tests/unit-tests: $(TESTS:tests/unit/%.c=$(B)/tests/unit/%.o) $(B)/libmachine.a $(B)/libaether.a $(B)/libsealed.a
	$(LINK) $(WRAPPED) -pie -o $@ $^ $(PKG_LIBS) $(CHECK_LIBS)

$(B)/tests/unit/%.o: tests/unit/%.c $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Itests/unit $(ALL_CFLAGS) -Wno-missing-prototypes $(PKG_CFLAGS) $(CHECK_CFLAGS) -c -o $@ $<

.PHONY: unit
unit: $(B)/tests/unit-tests ## the unit tests alone
	$<

# What tests call by its functions is compiled once more for that, with sanitizers, in a folder of its own.
SANITIZE := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

.PHONY: sanitized parts
sanitized: ## compile what `make check` looks at closest: unit tests and fuzz targets with sanitizers
	@$(MAKE) --no-print-directory B=$(B)/san CFLAGS='$(SANITIZE)' parts

parts: $(B)/tests/unit-tests $(FUZZERS)

# A fuzz target replays its corpus by itself; libFuzzer brings a main of its own, and looks for more.
$(B)/tests/fuzz/%.o: tests/fuzz/%.c $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Itests/fuzz $(ALL_CFLAGS) -c -o $@ $<

$(FUZZERS): $(B)/tests/fuzz/%: $(B)/tests/fuzz/%.o $(if $(FUZZ_MAIN),,$(B)/tests/fuzz/main.o) $(B)/libmachine.a \
		$(B)/libaether.a $(B)/libsealed.a
	$(LINK) -pie $(FUZZ_MAIN) -o $@ $^ $(PKG_LIBS)

.PHONY: fuzz
fuzz: ## FUZZ=NAME: look for inputs that a parser does not survive, until interrupted (needs clang)
	@$(MAKE) B=$(B)/fuzz CC=clang CFLAGS='-O1 -g -fsanitize=address,undefined,fuzzer-no-link' \
		FUZZ_MAIN=-fsanitize=fuzzer $(B)/fuzz/tests/fuzz/$(or $(FUZZ),recipe)
	@mkdir -p $(B)/fuzz/corpus/$(or $(FUZZ),recipe)
	$(B)/fuzz/tests/fuzz/$(or $(FUZZ),recipe) $(B)/fuzz/corpus/$(or $(FUZZ),recipe) tests/fuzz/$(or $(FUZZ),recipe)

.PHONY: bless
bless: all ## accept what the program prints now as the expected output of the golden and reject tests
	@B=$(B) AETHER_BLESS=1 tests/run golden reject

.PHONY: bench
bench: ## time and size against mkosi, what travels to a machine, what a restart and a seed cost, side by side (an hour; needs root)
	@ci/setup build test bench
	@$(MAKE) --no-print-directory -s all keys/ssh-user-ca.pub >&2
	@B=$(B) tests/bench/run $(BENCH)
	@B=$(B) tests/bench/memory
	@B=$(B) tests/bench/sent
	@B=$(B) tests/bench/restart
	@B=$(B) tests/bench/seed
	@B=$(B) tests/bench/leaks
	@B=$(B) tests/bench/appliance

# --- installation ----------------------------------------------------------------------------------------------------
# Recipes, images and partitions keep their places beside each other, because they name each other by relative paths.
.PHONY: install
install: all ## PREFIX=… DESTDIR=…: program, agent, manual, recipes
	install -D -m 755 $(B)/aether-build $(DESTDIR)$(BINDIR)/aether-build
	install -D -m 755 -t $(DESTDIR)$(LIBDIR) $(B)/aether-init $(B)/aether-agent $(B)/aether-box \
		$(B)/aether-secrets $(B)/aether-disks
	for shell in bash:bash-completion/completions/aether-build zsh:zsh/site-functions/_aether-build \
			fish:fish/vendor_completions.d/aether-build.fish; do \
		install -d "$(DESTDIR)$(PREFIX)/share/$$(dirname "$${shell#*:}")" && \
		$(B)/aether-build completion $${shell%%:*} >"$(DESTDIR)$(PREFIX)/share/$${shell#*:}" || exit 1; \
	done
	for page in man/*.[1-8]; do \
		install -D -m 644 $$page $(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/} || exit 1; \
	done
	for file in $$(find recipes images partitions -type f ! -name '*.lock'); do \
		install -D -m 644 $$file $(DESTDIR)$(DATADIR)/$$file || exit 1; \
	done
	install -d $(DESTDIR)$(UNITDIR)
	for unit in builder/fleet/guard/aether-guard*; do \
		sed 's|@BINDIR@|$(BINDIR)|' $$unit >$(DESTDIR)$(UNITDIR)/$$(basename $$unit .in) || exit 1; \
	done
	for file in README.md CHANGELOG.md SECURITY.md LICENSE docs/*.md docs/*.svg; do \
		install -D -m 644 $$file $(DESTDIR)$(DOCDIR)/$$file || exit 1; \
	done

.PHONY: clean
clean: ## remove what was compiled (images in out/ and the cache stay)
	rm -rf $(B)

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1|\2/p' Makefile | column -t -s '|'

# (The bench has folders of the name mkosi.conf.d.)
-include $(filter-out %.conf.d,$(wildcard $(B)/*.d $(B)/*/*.d $(B)/*/*/*.d))
