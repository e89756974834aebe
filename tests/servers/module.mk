# A service without a trade, for tests that kill processes (tests/servers/test_*.py).
LAB     := $(B)/tests/servers/lab/lab
OBJECTS += $(LAB).o

$(LAB): $(LAB).o $(LIBCOMMON) $(CONTRACTS)
	$(call say,LD    $@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LDLIBS) -o $@

# Libcommon's RPC server and client with a contract of their own, for tests/servers/test_rpc.py.
RPC_LAB       := $(B)/tests/servers/rpc_lab/rpc_lab
rpc_lab_gen   := $(GEN)
rpc_lab_proto := souk/lab/v1/lab.proto
rpc_lab_made  := $(addprefix $(rpc_lab_gen)/souk/lab/v1/lab,.pb-c.c .types.c .rpc.c .client.c)
rpc_lab_heads := $(rpc_lab_made:.c=.h)
rpc_lab_path   = -Itests/servers/rpc_lab $(PROTO_PATH)
rpc_lab_code  := $(RPC_LAB).o $(patsubst $(GEN)/%.c,$(B)/gen/%.o,$(rpc_lab_made))
OBJECTS       += $(rpc_lab_code)

$(rpc_lab_made) $(rpc_lab_heads) $(rpc_lab_gen)/lab.pb &: tests/servers/rpc_lab/$(rpc_lab_proto) $(PLUGIN) $(SETUP)
	@mkdir -p $(rpc_lab_gen)
	$(call say,GEN   $(rpc_lab_proto))
	$(Q)PATH=$(CURDIR)/$(VENV)/bin:$$PATH protoc $(rpc_lab_path) --plugin=protoc-gen-souk=tools/protoc-gen-souk \
	    --c_out=$(rpc_lab_gen) --souk_out=$(rpc_lab_gen) $(rpc_lab_proto)
	$(Q)protoc $(rpc_lab_path) --include_imports --descriptor_set_out=$(rpc_lab_gen)/lab.pb \
	    $(rpc_lab_proto) google/api/annotations.proto google/rpc/error_details.proto google/rpc/status.proto
	@touch $(rpc_lab_made) $(rpc_lab_heads) $(rpc_lab_gen)/lab.pb

$(rpc_lab_code) $(LINT)/tidy/tests/servers/rpc_lab/rpc_lab: | $(rpc_lab_heads)
$(B)/gen/souk/lab/v1/lab.pb-c.o: CFLAGS += -Wno-missing-prototypes -Wno-shadow

$(RPC_LAB): $(rpc_lab_code) $(LIBCOMMON) $(CONTRACTS)
	$(call say,LD    $@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LDLIBS) -o $@

test-programs: $(LAB) $(RPC_LAB)
