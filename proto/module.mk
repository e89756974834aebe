# Contracts: from .proto to C (messages by protoc-c, the rest by our own plugin) and to the descriptor
# set that reflection, the gateway and the tests read.

VENV := build/venv

# Everything a build needs from outside, checked in under a second when it is there.
SETUP := build/.setup
$(SETUP): tools/setup $(wildcard tools/setup.d/*) tools/requirements.txt deploy/dev/debian-packages
	tools/setup packages venv
	@mkdir -p $(@D)
	@touch $@

# google/api and google/rpc come with googleapis-common-protos, google/protobuf with libprotobuf-dev.
COMMON_PROTOS = $(firstword $(wildcard $(VENV)/lib/python3*/site-packages))
PROTO_PATH    = -Iproto -I$(COMMON_PROTOS) -I/usr/include

# protoc-c refuses proto3 `optional`. The copy without the word has the same wire format.
PLAIN_PROTOS := $(GEN)/plain
$(PLAIN_PROTOS)/google/rpc/error_details.proto: $(SETUP)
	@mkdir -p $(@D)
	$(Q)sed 's|^\( *\)optional |\1|' $(COMMON_PROTOS)/google/rpc/error_details.proto > $@

souk_protos     := $(patsubst proto/%,%,$(sort $(wildcard proto/souk/*/v1/*.proto)))
standard_protos := grpc/health/v1/health.proto grpc/reflection/v1/reflection.proto \
                   grpc/reflection/v1alpha/reflection.proto
google_protos   := google/api/annotations.proto google/api/http.proto google/api/httpbody.proto \
                   google/rpc/status.proto google/rpc/error_details.proto \
                   google/protobuf/any.proto google/protobuf/timestamp.proto \
                   google/protobuf/duration.proto google/protobuf/descriptor.proto

service_protos := $(filter-out %/events.proto %/saga.proto souk/common/%,$(souk_protos))

pb_c_sources := $(patsubst %.proto,$(GEN)/%.pb-c.c,$(souk_protos) $(standard_protos) $(google_protos))
souk_sources := $(patsubst %.proto,$(GEN)/%.types.c,$(souk_protos)) \
                $(patsubst %.proto,$(GEN)/%.rpc.c,$(service_protos)) \
                $(patsubst %.proto,$(GEN)/%.client.c,$(service_protos))

GENERATED_HEADERS := $(patsubst %.c,%.h,$(pb_c_sources) $(souk_sources))
DESCRIPTOR_SET    := $(GEN)/souk.pb

PLUGIN := tools/protoc-gen-souk $(wildcard tools/soukgen/*.py)

# One rule for each proto: what it imports is in its .d file.
define proto_rule
$(GEN)/$(1:.proto=.pb-c.c) $(GEN)/$(1:.proto=.pb-c.h) &: $(2) $(SETUP)
	@mkdir -p $(GEN)/deps/$(dir $(1)) $(PLAIN_PROTOS)
	$$(call say,PROTO $(1))
	$$(Q)protoc -I$(PLAIN_PROTOS) $$(PROTO_PATH) --c_out=$(GEN) --dependency_out=$(GEN)/deps/$(1:.proto=.c.d) $(1)
	@sed -i '1s|^.*:|$(GEN)/$(1:.proto=.pb-c.c) $(GEN)/$(1:.proto=.pb-c.h):|' $(GEN)/deps/$(1:.proto=.c.d)
	@touch $(GEN)/$(1:.proto=.pb-c.c) $(GEN)/$(1:.proto=.pb-c.h)
-include $(GEN)/deps/$(1:.proto=.c.d)
endef

souk_outputs = $(addprefix $(GEN)/$(1:.proto=),.types.c .types.h \
               $(if $(filter $(1),$(service_protos)),.rpc.c .rpc.h .client.c .client.h))
define souk_rule
$(call souk_outputs,$(1)) &: proto/$(1) $(PLUGIN) $(SETUP)
	@mkdir -p $(GEN)/deps/$(dir $(1))
	$$(call say,GEN   $(1))
	$$(Q)PATH=$(CURDIR)/$(VENV)/bin:$$$$PATH protoc $$(PROTO_PATH) --plugin=protoc-gen-souk=tools/protoc-gen-souk \
	    --souk_out=$(GEN) --dependency_out=$(GEN)/deps/$(1:.proto=.souk.d) $(1)
	@sed -i '1s|^.*:|$(call souk_outputs,$(1)):|' $(GEN)/deps/$(1:.proto=.souk.d)
	@touch $(call souk_outputs,$(1))
-include $(GEN)/deps/$(1:.proto=.souk.d)
endef

$(foreach p,$(souk_protos) $(standard_protos),$(eval $(call proto_rule,$(p),proto/$(p))))
$(foreach p,$(google_protos),$(eval $(call proto_rule,$(p),$(PLAIN_PROTOS)/google/rpc/error_details.proto)))
$(foreach p,$(souk_protos),$(eval $(call souk_rule,$(p))))

$(DESCRIPTOR_SET): $(addprefix proto/,$(souk_protos) $(standard_protos)) $(SETUP)
	@mkdir -p $(@D)
	$(call say,DESC  $@)
	$(Q)protoc $(PROTO_PATH) --include_imports --descriptor_set_out=$@ \
	    $(souk_protos) $(standard_protos) google/rpc/error_details.proto google/rpc/status.proto

# The same with what is said beside it, for those who check it or write about it.
COMMENTED_SET := $(GEN)/commented.binpb
$(COMMENTED_SET): $(addprefix proto/,$(souk_protos)) $(SETUP)
	@mkdir -p $(@D)
	$(call say,DESC  $@)
	$(Q)protoc $(PROTO_PATH) --include_imports --include_source_info --descriptor_set_out=$@ $(souk_protos)

# What clients were promised. make lint refuses a contract that breaks it: fields and reasons come, none
# goes or changes its number or type.
BASELINE := proto/baseline.binpb

.PHONY: baseline
baseline: $(SETUP) ## Promise the contracts as they are now (proto/baseline.binpb)
	$(Q)protoc $(PROTO_PATH) --include_imports --descriptor_set_out=$(BASELINE) $(souk_protos)

contract_objects := $(patsubst $(GEN)/%.c,$(B)/gen/%.o,$(pb_c_sources) $(souk_sources))
OBJECTS          += $(contract_objects)

CONTRACTS := $(B)/libcontracts.a
$(CONTRACTS): $(contract_objects)

# protoc-c's own output.
$(patsubst $(GEN)/%.c,$(B)/gen/%.o,$(pb_c_sources)): CFLAGS += -Wno-missing-prototypes -Wno-shadow
