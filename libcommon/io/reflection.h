#pragma once

/*
 * reflection: finds in the embedded descriptor set what a reflection client asks for. Pure lookups;
 * the stream around them is in rpc_standard.c.
 *
 * Source: the gRPC server reflection protocol.
 */

#include <stddef.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "io/pb.h"

struct reflection;

/* Lives in the arena. */
MUST_USE struct reflection *reflection_open(struct arena *arena);

/*
 * The file that has the name, or defines the symbol ("souk.inventory.v1.Stock"), and all that it
 * imports, each packed as a FileDescriptorProto. 0 when there is none.
 */
size_t reflection_file(const struct reflection *reflection, const char *name, struct arena *arena,
                       struct pb_bytes **ret);
size_t reflection_symbol(const struct reflection *reflection, const char *symbol,
                         struct arena *arena, struct pb_bytes **ret);
