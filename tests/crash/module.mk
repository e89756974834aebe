# A program that dies, or stalls, as it is told; for tests of what it says then.
CRASH_LAB := $(B)/tests/crash/crash_lab
OBJECTS   += $(CRASH_LAB).o

$(CRASH_LAB): $(CRASH_LAB).o $(LIBCOMMON) $(CONTRACTS)
	$(call say,LD    $@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LDLIBS) -o $@

test-programs: $(CRASH_LAB)
