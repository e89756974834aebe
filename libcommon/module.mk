# libcommon: everything the services share. Layers include downwards only (tools/check-layers).

libcommon_objects := $(call objects_of,$(sort $(wildcard libcommon/*/*.c libcommon/*/*.S)))
OBJECTS           += $(libcommon_objects)

LIBCOMMON := $(B)/libcommon.a
$(LIBCOMMON): $(libcommon_objects)

# Reflection serves the contracts as they were built.
$(B)/libcommon/io/descriptor_set.o: $(DESCRIPTOR_SET)
$(B)/libcommon/io/descriptor_set.o: CPPFLAGS += -DDESCRIPTOR_SET='"$(DESCRIPTOR_SET)"'
