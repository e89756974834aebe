# Unit tests: one binary for each *_test.c, linked with libcommon and, below tests/unit/svc-x, with that
# service's own code.

unit_sources := $(sort $(wildcard tests/unit/*/*_test.c))
UNIT_TESTS   := $(patsubst %.c,$(B)/%,$(unit_sources))
OBJECTS      += $(addsuffix .o,$(UNIT_TESTS))

# They run a second time with a thread that waits for gRPC.
RPC_UNIT_TESTS := $(filter $(B)/tests/unit/io/rpc_%,$(UNIT_TESTS))

service_archive_of = $(if $(filter svc-%,$(1)),$(B)/$(1)/lib$(1).a)

define unit_rule
$(B)/$(1:.c=): $(B)/$(1:.c=.o) $(call service_archive_of,$(word 3,$(subst /, ,$(1)))) $(LIBCOMMON) $(CONTRACTS)
	$$(call say,LD    $$@)
	$$(Q)$$(CC) $$(CFLAGS) $$(LDFLAGS) $$(filter %.o,$$^) -Wl,--start-group $$(filter %.a,$$^) -Wl,--end-group -lcmocka $$(LDLIBS) -o $$@
endef
$(foreach t,$(unit_sources),$(eval $(call unit_rule,$(t))))

.PHONY: unit
unit: $(UNIT_TESTS) ## Run the unit tests (milliseconds each)
	@SOUK_RPC_THREAD=true RUNNER='$(RUNNER)' tests/unit/run-all $(RPC_UNIT_TESTS)
	@RUNNER='$(RUNNER)' tests/unit/run-all $(UNIT_TESTS)

unit_marks := $(addsuffix .passed,$(UNIT_TESTS))
$(unit_marks): %.passed: %
	@tests/unit/run-changed $< $@

.PHONY: unit-changed watch
unit-changed: $(unit_marks)

watch: ## Rebuild what changes and run its unit tests, until Ctrl-C
	@tools/watch $(MAKE) --silent --no-print-directory --keep-going -j$(shell nproc) all unit-changed

.PHONY: aarch64
aarch64: ## Cross-compile everything for aarch64 and run the unit tests under qemu
	@tools/setup aarch64
	@$(MAKE) --no-print-directory MODE=aarch64 all unit

# Tests of modules that need a server: cmocka programs that pytest starts with the servers' addresses in
# the environment (tests/servers/test_modules.py).
server_test_sources := $(sort $(wildcard tests/servers/*_test.c))
SERVER_TESTS        := $(patsubst %.c,$(B)/%,$(server_test_sources))
OBJECTS             += $(addsuffix .o,$(SERVER_TESTS))

$(SERVER_TESTS): $(B)/%: $(B)/%.o $(LIBCOMMON) $(CONTRACTS)
	$(call say,LD    $@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group -lcmocka $(LDLIBS) -o $@

# Everything, from a bare machine on: sets up, builds, runs every suite, the cheap ones first. May run
# twice at the same time, so only one of them builds at a time.
SUITES      ?= unit tools dev crash servers component contract journey
make_locked := flock $(CURDIR)/build/.make.lock \
               $(MAKE) --silent --no-print-directory -j$(shell nproc)

.PHONY: test test-programs
test: ## Run all tests (SUITES="unit tools dev crash servers component contract journey")
	@tools/setup all
	@$(make_locked) test-programs
	@$(make_locked) MODE=asan all
	@MODE=$(MODE) tests/run-suites $(SUITES)

test-programs: all contracts $(UNIT_TESTS) $(SERVER_TESTS)
