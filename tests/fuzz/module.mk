# Fuzzing: libFuzzer over what reads bytes from outside. `make fuzz FUZZ_SECONDS=600` for a longer run.

FUZZ         := build/fuzz
FUZZ_SECONDS ?= 60

fuzz_proto := souk/fuzz/v1/everything.proto
fuzz_path   = -Itests/fuzz -I$(PLAIN_PROTOS) $(PROTO_PATH)
fuzz_made  := $(addprefix $(FUZZ)/gen/souk/fuzz/v1/everything,.pb-c.c .types.c)

$(fuzz_made) &: tests/fuzz/$(fuzz_proto) $(PLUGIN) $(SETUP) $(GENERATED_HEADERS)
	@mkdir -p $(FUZZ)/gen
	protoc $(fuzz_path) --c_out=$(FUZZ)/gen $(fuzz_proto)
	PATH=$(CURDIR)/$(VENV)/bin:$$PATH protoc $(fuzz_path) --plugin=protoc-gen-souk=tools/protoc-gen-souk \
	    --souk_out=$(FUZZ)/gen $(fuzz_proto)
	@touch $(fuzz_made)

fuzz_contracts := $(filter $(GEN)/google/% $(GEN)/souk/common/% $(GEN)/souk/inventory/v1/inventory.%, \
                  $(pb_c_sources) $(filter %.types.c,$(souk_sources)))
pb_check_code  := $(addprefix libcommon/,io/pb_check.c io/pb_judge.c io/pb_pattern.c io/pb_wire.c \
                  base/arena.c base/mem.c base/status.c base/str.c)

$(FUZZ)/pb_check_fuzz: tests/fuzz/pb_check_fuzz.c $(pb_check_code) $(fuzz_made) $(fuzz_contracts)
	clang -std=gnu17 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
	    -Wall -Wextra -Werror -D_GNU_SOURCE -Ilibcommon -I$(GEN) -I$(FUZZ)/gen $^ -lprotobuf-c -lunistring -o $@

.PHONY: fuzz
fuzz: $(FUZZ)/pb_check_fuzz ## Fuzz the decoders for FUZZ_SECONDS (60)
	tests/fuzz/encode-seeds $(FUZZ)/seeds $(fuzz_path)
	@mkdir -p $(FUZZ)/corpus
	cd $(FUZZ) && ./pb_check_fuzz -max_len=400 -use_value_profile=1 -verbosity=0 -print_final_stats=1 \
	    -max_total_time=$(FUZZ_SECONDS) corpus seeds
