# Souk. `make help` lists what can be asked for.
#
# One make for the whole tree: each folder adds its part in a module.mk. Output goes to build/<mode>/,
# generated sources to build/gen/; nothing is written beside the sources.

MODE ?= debug
CC   := $(if $(filter default,$(origin CC)),gcc,$(CC))

MODES := debug release asan aarch64
ifeq ($(filter $(MODE),$(MODES)),)
$(error MODE is one of: $(MODES))
endif

B   := build/$(MODE)
GEN := build/gen

CPPFLAGS := -D_GNU_SOURCE -D_FORTIFY_SOURCE=2 -Ilibcommon -I$(GEN) -I.
CFLAGS   := -std=gnu17 -g -pthread -fPIE -fno-omit-frame-pointer -fstack-protector-strong \
            -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes -Wshadow -Wvla
LDFLAGS  := -pie -pthread -Wl,-z,relro,-z,now -Wl,--as-needed -Wl,--gc-sections
# gRPC, and what it needs of C++, from archives: faster calls, less memory (docs/adr/0034).
GRPC     := -Wl,-Bstatic -Wl,--start-group -lgrpc -lgpr -laddress_sorting -lupb -lre2 -lcares \
            $(sort $(filter -labsl_%,$(shell pkg-config --libs grpc))) -lstdc++ -Wl,--end-group -Wl,-Bdynamic \
            -lssl -lz
LDLIBS   := $(GRPC) -levent_core -levent_extra -lprotobuf-c -lmariadb -lrdkafka -lhiredis -lcurl \
            -ljansson -ljwt -lcrypto -lxxhash -lunistring -lm

# Tables of relocations that are a tenth as long; Debian's ld knows how on x86.
ifneq ($(MODE),aarch64)
LDFLAGS += -Wl,-z,pack-relative-relocs
endif

ifeq ($(MODE),debug)
CFLAGS += -Og
else ifeq ($(MODE),release)
CFLAGS += -O2
else ifeq ($(MODE),aarch64)
CC      := aarch64-linux-gnu-gcc
SYSROOT := build/aarch64-root
CFLAGS  += -O2 --sysroot=$(SYSROOT)
LDFLAGS += -L$(SYSROOT)/usr/lib/gcc/aarch64-linux-gnu/12
RUNNER  := qemu-aarch64 -L $(SYSROOT)
else
CFLAGS   += -O1 -fsanitize=address,undefined -fno-sanitize-recover=all
CPPFLAGS := $(filter-out -D_FORTIFY_SOURCE=2,$(CPPFLAGS))
LDFLAGS  += -fsanitize=address,undefined
endif

# V=1 shows the whole commands.
Q   := $(if $(filter 1,$(V)),,@)
say  = $(if $(filter 1,$(V)),,@echo '  $(1)')

.DEFAULT_GOAL := all
.SUFFIXES:
.DELETE_ON_ERROR:

# Modules fill these in.
PROGRAMS   :=
UNIT_TESTS :=
OBJECTS    :=

objects_of = $(patsubst %,$(B)/%.o,$(basename $(1)))

include tools/module.mk
include proto/module.mk
include libcommon/module.mk
include $(wildcard svc-*/module.mk)
include docs/module.mk
include tests/module.mk
include $(wildcard tests/*/module.mk)
include deploy/module.mk

.PHONY: all contracts help clean
all: $(PROGRAMS) ## Build every service (MODE=debug, release or asan; CC=gcc or clang)

contracts: $(GENERATED_HEADERS) $(DESCRIPTOR_SET) ## Generate C and the descriptor set from proto/ and migrations

help: ## This list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  %-14s %s\n", $$1, $$2}'

clean: ## Remove what was built; downloads and running stacks stay
	rm -rf $(addprefix build/,$(MODES) lint) $(GEN)

# Objects depend on the exact command line: another compiler or flag rebuilds them.
FLAGS_STAMP := $(B)/.flags
flags_now   := $(CC) $(shell $(CC) -dumpfullversion 2>/dev/null) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) $(LDLIBS)
ifneq ($(flags_now),$(file <$(FLAGS_STAMP)))
$(shell mkdir -p $(B))
$(file >$(FLAGS_STAMP),$(flags_now))
endif

$(B)/%.o: %.c $(FLAGS_STAMP) | $(GENERATED_HEADERS)
	@mkdir -p $(@D)
	$(call say,CC    $@)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

$(B)/%.o: %.S $(FLAGS_STAMP)
	@mkdir -p $(@D)
	$(call say,CC    $@)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

# Generated sources live in build/gen and are not held to our warnings where others wrote the generator.
$(B)/gen/%.o: $(GEN)/%.c $(FLAGS_STAMP) | $(GENERATED_HEADERS)
	@mkdir -p $(@D)
	$(call say,CC    $@)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

$(B)/%.a:
	@mkdir -p $(@D)
	@rm -f $@
	$(call say,AR    $@)
	$(Q)$(AR) rcs $@ $(filter %.o,$^)

-include $(OBJECTS:.o=.d)
