# libcommon: everything the services share. Layers include downwards only (tools/check-layers).

libcommon_objects := $(call objects_of,$(sort $(wildcard libcommon/*/*.c libcommon/*/*.S)))
OBJECTS           += $(libcommon_objects)

$(eval $(call migrations_rule,patterns,libcommon/patterns/migrations,patterns/patterns_migrations))

LIBCOMMON := $(B)/libcommon.a
$(LIBCOMMON): $(libcommon_objects) $(B)/gen/patterns/patterns_migrations.o

# Reflection serves the contracts as they were built.
$(B)/libcommon/io/descriptor_set.o: $(DESCRIPTOR_SET)
$(B)/libcommon/io/descriptor_set.o: CPPFLAGS += -DDESCRIPTOR_SET='"$(DESCRIPTOR_SET)"'
