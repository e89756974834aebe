# Benchmarks: each prints a ratio against a peer or a ceiling of the same run. Not part of `make test`.

BENCH      := build/bench
bench_echo := $(BENCH)/gen/bench/rpc/echo
CXXFLAGS   := -std=c++17 -O2 -g -pthread -Wall -Wextra -Werror

$(bench_echo).pb.cc $(bench_echo).grpc.pb.cc $(bench_echo).pb-c.c &: tests/bench/rpc/echo.proto $(SETUP)
	@mkdir -p $(BENCH)/gen
	protoc -Itests --cpp_out=$(BENCH)/gen --grpc_out=$(BENCH)/gen --c_out=$(BENCH)/gen \
	    --plugin=protoc-gen-grpc="$$(command -v grpc_cpp_plugin)" bench/rpc/echo.proto

$(BENCH)/souk_server: tests/bench/rpc/souk_server.c $(bench_echo).pb-c.c $(LIBCOMMON) $(CONTRACTS)
	$(call say,LD    $@)
	$(Q)$(CC) $(CPPFLAGS) -I$(BENCH)/gen $(CFLAGS) $(LDFLAGS) $(filter %.c,$^) \
	    -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LDLIBS) -o $@

# From the same archives as ours, or the link would be compared.
$(BENCH)/cpp_server: tests/bench/rpc/cpp_server.cc $(bench_echo).pb.cc $(bench_echo).grpc.pb.cc
	$(call say,LD    $@)
	$(Q)$(CXX) $(CXXFLAGS) -I$(BENCH)/gen $^ -Wl,-Bstatic -lgrpc++ $(GRPC) -lprotobuf -lcrypto -o $@

$(BENCH)/replay: tests/bench/replay.cc $(SETUP)
	$(call say,LD    $@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CXX) $(CXXFLAGS) $< $$(pkg-config --libs grpc++) -o $@

$(BENCH)/bulk: tests/bench/db/bulk.c $(LIBCOMMON) $(CONTRACTS)
	$(call say,LD    $@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) $(filter %.c,$^) \
	    -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LDLIBS) -o $@

.PHONY: bench bench-echo bench-orders bench-overload bench-bulk
bench: bench-echo bench-orders bench-overload bench-bulk ## Run the benchmarks (MODE=release is used whatever MODE says)

ifeq ($(MODE),release)
bench-echo: $(BENCH)/souk_server $(BENCH)/cpp_server ## Unary echo on one core against gRPC's C++
	$(VENV)/bin/python tests/bench/rpc/echo.py

bench-orders: all contracts $(BENCH)/replay ## Orders a second, and where the time goes
	tools/setup servers
	$(VENV)/bin/python tests/bench/orders/place_order.py

bench-overload: all contracts $(BENCH)/replay ## What is still answered in time at 1, 2 and 3 times the capacity
	tools/setup servers
	$(VENV)/bin/python tests/bench/overload/overload.py

bench-bulk: $(BENCH)/bulk ## Rows a second into one table, by the ways there are
	$(VENV)/bin/python tests/bench/db/bulk.py
else
bench-echo bench-orders bench-overload bench-bulk:
	$(MAKE) MODE=release $@
endif
