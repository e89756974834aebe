# A service without a trade, for tests that kill processes (tests/servers/test_*.py).
LAB     := $(B)/tests/servers/lab/lab
OBJECTS += $(LAB).o

$(LAB): $(LAB).o $(LIBCOMMON) $(CONTRACTS)
	$(call say,LD    $@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LDLIBS) -o $@

test-programs: $(LAB)
